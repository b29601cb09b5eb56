"""Thresholds belong to a model: those that are shipped were measured for SFace, and say nothing about another."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from semblance.faces.errors import UnknownFaceModel
from semblance.faces.model import SFACE, model_named


def check_face_settings(model: str, thresholds: Iterable[str], given: Collection[str], prefix: str) -> None:
    """A known model, and for any but SFace every one of its thresholds given. `prefix` is the variables', such as
    "INGEST_". Raises ValueError with what to do, as pydantic wants it."""
    try:
        known = model_named(model)
    except UnknownFaceModel as e:
        raise ValueError(f"{e.detail}. {e.remedy}") from e
    missing = [f"{prefix}{name.upper()}" for name in thresholds if name not in given]
    if known != SFACE and missing:
        raise ValueError(
            f"{', '.join(missing)} must be set: the defaults were measured for {SFACE.id}, not for {known.id}. "
            f"Measure with `make bench-identity MODEL={known.id}`."
        )
