"""What can go wrong in this service. Texts never hold a name, a face, a score or an embedding."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, QuotaExceeded


class AdultsOnly(Forbidden):
    """The person did not declare to be an adult."""

    code = "adults-only"

    def __init__(self) -> None:
        super().__init__("Semblance is for adults: the release must declare that the person is one")


class NoticeChanged(Conflict):
    """The release names a notice that is not the current one."""

    code = "notice-changed"

    def __init__(self) -> None:
        super().__init__(
            "the release refers to a notice that is not the current one",
            remedy="Fetch the notice again, show it, and sign with its sha256.",
        )


class InvalidRelease(Invalid):
    """The release is incomplete."""

    code = "invalid-release"


class UnknownRelease(NotFound):
    """No such release of this person."""

    def __init__(self) -> None:
        super().__init__("no such release")


class UnknownSession(NotFound):
    """No such capture session of this person."""

    def __init__(self) -> None:
        super().__init__("no such capture session")


class UnknownConsent(NotFound):
    """No such consent of this person."""

    def __init__(self) -> None:
        super().__init__("no such consent")


class UnknownErasure(NotFound):
    """No such erasure."""

    def __init__(self) -> None:
        super().__init__("no such erasure")


class SubjectErased(Gone):
    """The person asked to be forgotten; nothing new may be stored under that id."""

    code = "subject-erased"

    def __init__(self) -> None:
        super().__init__("this person's data has been erased", remedy="Make a new account to start again.")


class LockedOut(QuotaExceeded):
    """Too many failed tries by this person or this device."""

    code = "locked-out"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "too many failed captures",
            remedy="Wait, then try again in good light. Every further round of failures makes the pause longer.",
            retry_after_s=retry_after_s,
        )


class SessionClosed(Conflict):
    """The session has ended: passed, failed or timed out."""

    code = "session-closed"

    def __init__(self, state: str) -> None:
        super().__init__(f"the capture session is {state}", remedy="Create a new session.")


class NonceMismatch(Conflict):
    """The nonce is wrong or was used: each try needs the one that the last answer carried."""

    code = "nonce-mismatch"

    def __init__(self) -> None:
        super().__init__(
            "the nonce does not belong to this try", remedy="Read the session again and capture again with its nonce."
        )


class InvalidCapture(Invalid):
    """The frames break a stated limit; no try is used up."""

    code = "invalid-capture"


class SessionNotPassed(Conflict):
    """A consent needs a capture session that was passed."""

    code = "session-not-passed"

    def __init__(self) -> None:
        super().__init__("the capture session was not passed", remedy="Pass a capture session first.")


class SessionUsed(Conflict):
    """One capture session gives one consent."""

    code = "session-used"

    def __init__(self) -> None:
        super().__init__("this capture session has already given a consent", remedy="Create a new session.")


class PurposeNotReleased(Forbidden):
    """The release does not cover a purpose that was asked for."""

    code = "purpose-not-released"

    def __init__(self) -> None:
        super().__init__("the signed release does not cover every purpose asked for", remedy="Sign a release for them.")


class InvalidConsent(Invalid):
    """The consent asked for breaks a stated rule."""

    code = "invalid-consent"


class InvalidEmbedding(Invalid):
    """Not a face embedding: 128 finite numbers of unit length."""

    code = "invalid-embedding"
