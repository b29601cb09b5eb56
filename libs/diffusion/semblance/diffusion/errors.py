"""What can go wrong with a backbone, an adapter or a request; texts never hold the prompt."""

from semblance.kernel.errors import Conflict, Invalid, Unavailable


class BackboneUnusable(Unavailable):
    """The directory is not a pipeline that this library can load."""

    code = "backbone-unusable"


class LicenceRefused(BackboneUnusable):
    """The weights' licence is unknown or not free for commercial use, and the operator did not allow it by name."""

    code = "licence-refused"


class AdapterUnusable(Invalid):
    """The bytes are not a LoRA for this backbone, or the reference has another size."""

    code = "adapter-unusable"


class RequestInvalid(Invalid):
    """A rendering or training request breaks a stated limit."""

    code = "request-invalid"


class PromptTooLong(Invalid):
    """The prompt has more tokens than the text encoder is given."""

    code = "prompt-too-long"


class Cancelled(Conflict):
    """The caller asked for a stop, and nothing of the work is left."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("the work was cancelled between two steps")


class BackboneTaken(Conflict):
    """An engine, or a training, has layers of its own in the backbone just now."""

    code = "backbone-taken"

    def __init__(self, module: str) -> None:
        super().__init__(
            f"an engine or a training holds this backbone's {module}",
            remedy="Ask the engine, close it first, or load the backbone a second time.",
        )


class AdapterStillLoaded(RuntimeError):
    """A module of the backbone holds somebody's adapter outside a request: a bug, and rendering must stop."""
