"""The facts of generation; no text here ever holds a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.kernel.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded, Unavailable


class UnknownImage(NotFound):
    """No image by that id, or another person's."""

    def __init__(self) -> None:
        super().__init__("no such image")


class UnknownAdapter(NotFound):
    """No adapter by that id, or another person's."""

    def __init__(self) -> None:
        super().__init__("no such adapter")


class AdapterNotReady(Conflict):
    """The adapter cannot be used in its present state."""

    code = "adapter-not-ready"

    def __init__(self, state: str) -> None:
        super().__init__(f"the adapter is {state}, not ready", remedy="Use an adapter that is ready.")


class AdapterDamaged(Invalid):
    """The stored adapter is not the one that training reported, or was made for another backbone."""

    code = "adapter-damaged"


class AdapterRevoked(Forbidden):
    """The adapter was taken back while it was asked for, or before."""

    code = "adapter-revoked"

    def __init__(self) -> None:
        super().__init__("the adapter was taken back")


class EngineAway(Unavailable):
    """The engine cannot be asked, or was lost while it drew; another one draws the same picture."""

    code = "engine-away"
    away = True


class BackboneMissing(Unavailable):
    """No backbone lies where the settings say."""

    code = "backbone-missing"


class InvalidOrder(Invalid):
    """A number or text breaks its limit."""

    code = "invalid-order"


class SizeNotOffered(Invalid):
    """Nobody taught the backbone to draw pictures of that size."""

    code = "size-not-offered"

    def __init__(self, offers: Sequence[str]) -> None:
        remedy = f"Ask for one of {', '.join(offers)}." if offers else "Name no size."
        super().__init__("pictures of that size are not drawn here", remedy=remedy)


class NotBegunInTime(Conflict):
    """It waited longer than whoever asked wanted; nothing of it was drawn."""

    code = "not-begun-in-time"

    def __init__(self) -> None:
        super().__init__("the picture was not begun in time", remedy="Ask again, or let it wait longer.")


class SourceGone(NotFound):
    """The picture to edit is not published, not any more, or it is somebody else's."""

    code = "source-gone"

    def __init__(self) -> None:
        super().__init__("no such published picture to edit", remedy="Edit a picture that is published.")


class SourceUnusable(Invalid):
    """The picture to edit is larger than the settings allow, or cannot be read."""

    code = "source-unusable"


class NoFaceInSource(Invalid):
    """A part of the picture was to stay, and it shows no face to tell the parts by."""

    code = "no-face-in-source"

    def __init__(self, people: int = 1) -> None:
        found = "no face was" if people == 1 else f"not all {people} faces were"
        super().__init__(f"{found} found in the picture to edit", remedy="Edit it without keeping a part.")


class UseNotDeclared(Invalid):
    """The person allows some uses only, and the request does not say which it is."""

    code = "use-required"


class UseDenied(Forbidden):
    """The person does not allow the declared use."""

    code = "use-denied"


class PromptRefused(Invalid):
    """The filter does not allow the prompt."""

    code = "prompt-refused"

    def __init__(self, message: str) -> None:
        super().__init__(message or "the prompt is not allowed", remedy="Describe a different picture.")


class TooManyImages(QuotaExceeded):
    """So many pictures of one person may wait at a time."""

    code = "too-many-images"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} of your pictures may wait or run at a time", retry_after_s=15)


class WrongState(Conflict):
    """The image cannot do this in its present state."""

    code = "image-in-wrong-state"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"an image that is {state} cannot become {wanted}")
