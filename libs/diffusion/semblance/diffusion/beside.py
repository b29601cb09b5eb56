"""What may lie beside a pipeline: other people's weights, each under a licence of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open

from semblance.diffusion.config import UNSTATED, part_licences, stated_licence
from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.families.licences import require_licence
from semblance.diffusion.speed_lora import SPEED_LORA_FILE

IP_ADAPTER_FILE: Final = "ip_adapter/ip-adapter-faceid.safetensors"
PREVIEW_VAE: Final = "preview_vae"
_PARTS: Final[Mapping[str, str]] = {
    "ip_adapter": IP_ADAPTER_FILE,
    "speed_lora": SPEED_LORA_FILE,
    "preview_vae": PREVIEW_VAE,
}
_PROJECTION: Final = "image_proj.proj.0.weight"


def require_licences(directory: Path, allowed: Iterable[str]) -> None:
    """The backbone's, and that of each part which lies beside it: a pipeline's says nothing of what others trained for
    it. Reads `semblance.json` only. Raises LicenceRefused, BackboneUnusable."""
    allowed = tuple(allowed)
    require_licence(stated_licence(directory), allowed)
    stated = part_licences(directory)
    for part, path in _PARTS.items():
        if (directory / path).exists():
            require_licence(stated.get(part, UNSTATED), allowed, part=part)


def face_size(directory: Path) -> int | None:
    """How many numbers the IP-Adapter-FaceID beside the pipeline is told of a face, by its file's header: no weight is
    read. None where there is no such file, or one of another kind, which does not load. Raises BackboneUnusable."""
    path = directory / IP_ADAPTER_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt", device="cpu") as stored:
            if _PROJECTION not in stored.keys():  # noqa: SIM118 - not a mapping
                return None
            shape = stored.get_slice(_PROJECTION).get_shape()
    except (SafetensorError, OSError) as error:
        raise BackboneUnusable(f"{IP_ADAPTER_FILE} is no safetensors file") from error
    return int(shape[1]) if len(shape) == 2 else None
