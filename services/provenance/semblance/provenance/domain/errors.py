"""What this service can refuse."""

from __future__ import annotations

from semblance.kernel.errors import Invalid, NotFound, Unavailable


class PictureNotFound(NotFound):
    """No published picture by that id, or somebody else's."""

    code = "image-not-found"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"no published image {image_id}")


class PixelsChanged(Invalid):
    """What lies in quarantine is not what the filter looked at."""

    code = "pixels-changed"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"image {image_id} in quarantine differs from the one that was allowed")


class NotTrusted(Invalid):
    """The picture was signed and our own reader does not trust it: it must not be published."""

    code = "signature-not-trusted"

    def __init__(self, state: str, failures: tuple[str, ...]) -> None:
        super().__init__(f"the signed picture reads as {state}: {', '.join(failures) or 'no reason given'}")


class StoredOtherwise(Unavailable):
    """The store gave back other bytes than were put."""

    code = "stored-otherwise"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"image {image_id} came back changed from the store")


class SigningUnavailable(Unavailable):
    """There is no key and certificate to sign with now."""

    code = "signing-unavailable"


class PictureTooLarge(Invalid):
    """More bytes or pixels than this service looks at."""

    code = "picture-too-large"


class UnsupportedPicture(Invalid):
    """No PNG, JPEG or WebP."""

    code = "unsupported-picture"

    def __init__(self, detail: str = "the bytes are no PNG, JPEG or WebP picture") -> None:
        super().__init__(detail, remedy="Send the picture file itself, as PNG, JPEG or WebP.")
