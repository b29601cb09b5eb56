"""What can go wrong in this service. Texts never hold a prompt, a face or a score."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Invalid, Unavailable


class InvalidPrompt(Invalid):
    """The prompt is empty or too long."""

    code = "invalid-prompt"


class UnreadablePicture(Invalid):
    """The bytes in quarantine are not the picture that was announced."""

    code = "unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the picture in quarantine cannot be read: {reason}")


class NudityModelUnavailable(Unavailable):
    """The nudity model cannot be loaded."""

    code = "nudity-model-unavailable"


class TooManyPlaces(Invalid):
    """More places look faintly like a face than can be looked at closer: nobody can say that nobody is in it."""

    code = "too-many-faces"

    def __init__(self) -> None:
        super().__init__("the picture has too many places that may be faces")


class PromptModelUnavailable(Unavailable):
    """The model that reads prompts cannot be loaded, or failed; the prompt is not in the message."""

    code = "prompt-model-unavailable"


class LookTooSlow(Unavailable):
    """A look took longer than it may."""

    code = "look-too-slow"


class NotInReview(Conflict):
    """Nobody waits for a decision about this picture."""

    code = "not-in-review"


class FiguresUnreadable(Unavailable):
    """A list of public figures is broken: no answer is better than one that overlooks somebody."""

    code = "figures-unreadable"


class BadNames(Invalid):
    """The operator's list of public figures cannot be used; the service does not start."""

    code = "public-figures-unreadable"
