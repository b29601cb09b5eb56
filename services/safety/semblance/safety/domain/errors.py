"""What can go wrong in this service. Texts never hold a prompt, a face or a score."""

from __future__ import annotations

from semblance.kernel.errors import Invalid, Unavailable


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
