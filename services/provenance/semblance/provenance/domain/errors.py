"""What this service can refuse."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded, Unavailable


class PictureNotFound(NotFound):
    """No published picture by that id, or somebody else's."""

    code = "image-not-found"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"no published image {image_id}")


class SourceGone(NotFound):
    """The picture that was edited is not published any more: what was made of it is not published either."""

    code = "source-gone"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"image {image_id}, which was edited, is not published any more")


class TooManyEdits(Invalid):
    """Edited so often that its manifest, which holds those of all before it, is more than a reader takes."""

    code = "too-many-edits"

    def __init__(self) -> None:
        super().__init__("the picture was edited so often that its history is too long to be read")


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


class MarkTooStrong(Invalid):
    """The watermark changed more of the picture than nobody would see."""

    code = "watermark-too-strong"

    def __init__(self, psnr_db: float) -> None:
        super().__init__(f"the marked picture is less than {psnr_db:.0f} dB from the one that was allowed")


class StoredOtherwise(Unavailable):
    """The store gave back other bytes than were put."""

    code = "stored-otherwise"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"image {image_id} came back changed from the store")


class MarkKeyMissing(Unavailable):
    """A file of the settings that should hold an older watermark key is not there."""

    code = "watermark-key-missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no watermark key in {name}", remedy="Restore it, or take it out of the settings.")


class MarkKeyLost(Unavailable):
    """Pictures were marked with a key that is not here any more."""

    code = "watermark-key-lost"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} of the watermark keys that pictures were marked with are not among those of the settings",
            remedy="Restore the file, or name it in PROVENANCE_WATERMARK_OLD_KEY_FILES. If it is lost for good, "
            "PROVENANCE_WATERMARK_FORGET_LOST_KEYS=true starts without it: its pictures are no longer known by their "
            "mark.",
        )


class SigningUnavailable(Unavailable):
    """There is no key and certificate to sign with now."""

    code = "signing-unavailable"


class AdapterUnknown(Unavailable):
    """Training's news of the adapter have not come yet; they are waited for a few seconds."""

    code = "adapter-unknown"

    def __init__(self, adapter_id: str) -> None:
        super().__init__(f"nothing is known of adapter {adapter_id} yet")


class PictureTooLarge(Invalid):
    """More bytes or pixels than this service looks at."""

    code = "picture-too-large"


class UnsupportedPicture(Invalid):
    """No PNG, JPEG or WebP."""

    code = "unsupported-picture"

    def __init__(self, detail: str = "the bytes are no PNG, JPEG or WebP picture") -> None:
        super().__init__(detail, remedy="Send the picture file itself, as PNG, JPEG or WebP.")


class ManifestNotFound(NotFound):
    """No manifest of that id is kept here; it may have gone with an erasure."""

    code = "manifest-not-found"

    def __init__(self) -> None:
        super().__init__("no manifest of that id is kept here")


class InvalidBinding(Invalid):
    """A soft binding's value or algorithm that means nothing here."""

    code = "invalid-binding"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, remedy="Ask /services/supportedAlgorithms; a value is base64.")


class TooBusyToLook(Unavailable):
    """As many pictures are being decoded as memory allows."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("too many pictures are being read or looked at", remedy="Try again in a few seconds.")


class ReadingStopped(Invalid):
    """A stranger's manifest took more time or memory than reading one may."""

    code = "reading-stopped"

    def __init__(self) -> None:
        super().__init__("reading the manifest took too long, or too much memory")


class FingerprintsLoading(Unavailable):
    """The kept fingerprints are still being read into memory."""

    code = "fingerprints-loading"

    def __init__(self) -> None:
        super().__init__("this service has just started and still reads", remedy="Try again in a few seconds.")


class ReadersUnavailable(Unavailable):
    """The process that reads manifests does not start."""

    code = "readers-unavailable"

    def __init__(self) -> None:
        super().__init__("the process that reads manifests does not start", remedy="Look at this service's log.")


class UnreadablePixels(Invalid):
    """The header is that of a picture, and what follows cannot be decoded within the limits."""

    code = "unreadable-pixels"

    def __init__(self, detail: str = "the picture cannot be decoded") -> None:
        super().__init__(detail)


class PictureHidden(Forbidden):
    """Somebody asked for the picture to be taken down, and nobody has decided yet."""

    code = "image-under-notice"

    def __init__(self) -> None:
        super().__init__(
            "the picture is hidden while a take-down notice is decided",
            remedy="Ask again after the decision, 48 hours at most.",
        )


class InvalidTakedown(Invalid):
    """A notice, or a decision about one, that breaks a rule."""

    code = "invalid-takedown"


class TakedownNotFound(NotFound):
    """No notice by that id or reference; decided ones go after some months."""

    code = "takedown-not-found"

    def __init__(self) -> None:
        super().__init__("no take-down notice by that name")


class TakedownDecided(Conflict):
    """It was decided the other way."""

    code = "takedown-decided"

    def __init__(self, state: str) -> None:
        super().__init__(f"the notice was {state} already", remedy="A decision is for good.")


class TakedownLapsed(Unavailable):
    """Receiving the notice took so long that its key was taken for one that was left behind."""

    code = "takedown-lapsed"

    def __init__(self) -> None:
        super().__init__("receiving the notice took too long", remedy="Send it again.")


class TooManyTakedowns(QuotaExceeded):
    """As many notices wait as operators can look at."""

    code = "too-many-takedowns"

    def __init__(self, mail: str = "") -> None:
        """`mail`: where a notice can be sent instead."""
        super().__init__(
            "too many take-down notices wait to be decided",
            retry_after_s=3600,
            remedy=f"Send the picture's address and your name to {mail} now, or try again in an hour."
            if mail
            else "Try again in an hour, or write to whoever runs this platform.",
        )
