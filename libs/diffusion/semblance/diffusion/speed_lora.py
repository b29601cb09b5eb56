"""A LoRA that belongs to the backbone: what makes it draw in few steps (LCM, Hyper and the like). Never a person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file

from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.pipelines import towers_of

SPEED_LORA_FILE: Final = "speed_lora.safetensors"
_NAME: Final = "speed"


def merge_speed_lora(pipeline: Any, directory: Path) -> bool:
    """Add the LoRA beside the pipeline to its weights, once; the file is one of those that the digest is made of.

    False where there is no file. Raises BackboneUnusable when it does not fit.
    """
    path = directory / SPEED_LORA_FILE
    if not path.is_file():
        return False
    try:
        pipeline.load_lora_weights(load_file(str(path)), adapter_name=_NAME)
        changed = [name for name, module in towers_of(pipeline).items() if getattr(module, "peft_config", None)]
        if not changed:
            raise BackboneUnusable(f"{SPEED_LORA_FILE} changes nothing of the pipeline")
        pipeline.fuse_lora(components=changed)
        pipeline.unload_lora_weights()
    except (SafetensorError, KeyError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        raise BackboneUnusable(f"{SPEED_LORA_FILE} does not fit the pipeline") from error
    return True
