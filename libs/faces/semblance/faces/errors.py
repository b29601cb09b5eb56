"""What can go wrong with pictures of faces and with the models that read them."""

from __future__ import annotations

from collections.abc import Iterable

from semblance.kernel.errors import Invalid, Unavailable


class InvalidImage(Invalid):
    """Not an (H, W, 3) array of uint8 with at least 8 pixels a side."""

    code = "invalid-image"

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        super().__init__(f"an image must be (H, W, 3) uint8 with sides of 8 px or more, not {shape} {dtype}")


class InvalidLandmarks(Invalid):
    """Five points that fix no face: not finite, all in one place or on one line."""

    code = "invalid-landmarks"

    def __init__(self) -> None:
        super().__init__("five finite points that are not on one line are needed")


class UnknownFaceModel(Invalid):
    """A setting names a recognition model that there is not."""

    code = "unknown-face-model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no face model {name!r}", remedy=f"Choose one of: {', '.join(known)}.")


class FaceModelMissing(Unavailable):
    """A model file is not there or cannot be read as a model. Those that the platform does not fetch, an operator
    puts there: their licences are the operator's to judge."""

    code = "face-model-missing"

    def __init__(self, file: str, problem: str, *, fetched: bool = True) -> None:
        fetch = "Run `python -m semblance.local.models fetch` once."
        put = f"Put {file} into the models folder (docs/operators.md, Another face model); it is never downloaded."
        super().__init__(f"the face model {file} {problem}", remedy=fetch if fetched else put)


class FaceModelUnusable(Unavailable):
    """A model's network needs a package that is not installed, or answers with another number of values."""

    code = "face-model-unusable"
