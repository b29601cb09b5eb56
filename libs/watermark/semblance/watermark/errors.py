"""What can go wrong with pictures to be marked or read."""

from __future__ import annotations

from semblance.kernel.errors import Invalid, Unavailable


class InvalidPicture(Invalid):
    """Not an (H, W, 3) array of uint8."""

    code = "invalid-image"

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        super().__init__(f"a picture must be (H, W, 3) uint8 with sides of 8 px or more, not {shape} {dtype}")


class PictureTooSmall(Invalid):
    """Too few pixels to hide an id in."""

    code = "picture-too-small"

    def __init__(self, side_px: int, min_side_px: int) -> None:
        super().__init__(
            f"a watermark needs a shorter side of {min_side_px} px or more, this picture has {side_px}",
            remedy="Look pictures this small up by their fingerprint.",
        )


class InvalidPictureId(Invalid):
    """Not a whole number of ID_BITS bits."""

    code = "invalid-picture-id"

    def __init__(self, bits: int) -> None:
        super().__init__(f"a picture id is a whole number of {bits} bits, not negative")


class InvalidWatermarkKey(Invalid):
    """A key that could be guessed."""

    code = "invalid-watermark-key"

    def __init__(self, least_bytes: int) -> None:
        super().__init__(f"a watermark key needs {least_bytes} bytes or more")


class WatermarkModelMissing(Unavailable):
    """A model's files are not there or cannot be read as a model; an operator puts them there."""

    code = "watermark-model-missing"
