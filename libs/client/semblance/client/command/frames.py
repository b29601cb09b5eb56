"""A folder of frames as a capture: JPEG or PNG files with their times."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from semblance.client.models import CaptureFrame
from semblance.kernel.errors import Invalid

_ENDINGS = {".jpg", ".jpeg", ".png"}
_JPEG_QUALITY = 95


def read_frames(folder: Path, fps: float) -> list[CaptureFrame]:
    """The frames in the order of their names.

    Times come from `times.json` (an array of milliseconds) or `truth.json` (as `people render capture` writes it) in
    the folder or above it; without either from `fps`. Raises Invalid.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise Invalid(f"{folder} holds no JPEG or PNG", remedy="Name the folder with the frames.", code="no-frames")
    times = _times(folder, paths) or [int(number * 1000 / fps) for number in range(len(paths))]
    if len(times) != len(paths):
        raise Invalid(f"{len(times)} times for {len(paths)} frames", code="no-frames")
    return [CaptureFrame(at_ms=at_ms, jpeg=_jpeg(path)) for at_ms, path in zip(times, paths, strict=True)]


def _times(folder: Path, paths: list[Path]) -> list[int] | None:
    for place in (folder, folder.parent):
        if (place / "times.json").is_file():
            return [int(at_ms) for at_ms in json.loads((place / "times.json").read_text())]
        if (place / "truth.json").is_file():
            rows = json.loads((place / "truth.json").read_text())
            known = {place / row["file"]: row.get("at_ms") for row in rows}
            if all(known.get(path) is not None for path in paths):
                return [int(known[path]) for path in paths]
    return None


def _jpeg(path: Path) -> bytes:
    data = path.read_bytes()
    if data.startswith(b"\xff\xd8\xff"):
        return data
    encoded = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.convert("RGB").save(encoded, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    except OSError as e:
        raise Invalid(f"{path.name} is not a picture", code="no-frames") from e
    return encoded.getvalue()
