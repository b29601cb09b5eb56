"""The facts that uploading photos and sorting people can run into."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Invalid, NotFound, Unavailable


class PhotoNotFound(NotFound):
    """No such photo, or it is somebody else's, or its bytes were not kept."""

    code = "photo-not-found"

    def __init__(self) -> None:
        super().__init__("no such photo")


class PersonNotFound(NotFound):
    """No such person in this library."""

    code = "person-not-found"

    def __init__(self) -> None:
        super().__init__(
            "no such person in your photos", remedy="List the people again: merging and undoing change them."
        )


class UnusableFile(Invalid):
    """The file cannot become a photo; `code` says why."""

    code = "unusable-file"

    def __init__(self, code: str, detail: str, remedy: str = "Upload a JPEG, PNG, WebP or HEIC photo.") -> None:
        super().__init__(detail, remedy=remedy, code=code)


class TooManyPhotos(Conflict):
    """The library is full."""

    code = "photo-limit"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a library holds at most {limit} photos", remedy="Remove photos that you do not need.")


class UploadNotArrived(Conflict):
    """The store has no bytes for this upload yet."""

    code = "upload-not-arrived"

    def __init__(self) -> None:
        super().__init__(
            "the upload's bytes have not arrived", remedy="PUT the file to the upload's URL, then complete it."
        )


class UploadOver(Conflict):
    """The photo that was being uploaded was taken back or its consent ended meanwhile."""

    code = "upload-over"

    def __init__(self) -> None:
        super().__init__("this upload was ended before it was complete", remedy="Upload the photo again.")


class FacesInOnePhoto(Conflict):
    """Two faces in one photo are never one person."""

    code = "faces-in-one-photo"

    def __init__(self) -> None:
        super().__init__(
            "these two people appear together in a photo, so they cannot be the same person",
            remedy="Split the wrong face off first.",
        )


class NothingToUndo(Conflict):
    """Every change to people has been taken back already."""

    code = "nothing-to-undo"

    def __init__(self) -> None:
        super().__init__("there is no change to people left to undo")


class InvalidChange(Invalid):
    """A change to people that says nothing or contradicts itself."""

    code = "invalid-change"


class Busy(Unavailable):
    """Too many pictures are being read at this moment."""

    code = "pictures-busy"

    def __init__(self) -> None:
        super().__init__("too many pictures are being read right now")


class UnusableEmbedding(Invalid):
    """What was sent is no face of the library's face model; `code` says why."""

    code = "invalid-embedding"
