"""What can go wrong in this service. Texts never hold a name, a face, a score or an embedding."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, QuotaExceeded, Unavailable


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
    """Not a face embedding: as many finite numbers as the face model has, of unit length."""

    code = "invalid-embedding"


class OtherFaceModel(Invalid):
    """An embedding by another model than the one that enrolled people: a cosine between the two says nothing."""

    code = "other-face-model"

    def __init__(self, made_by: str, ours: str) -> None:
        super().__init__(
            f"a face embedding was made by {made_by[:64]!r}, and identity compares those of {ours!r}",
            remedy="Give IDENTITY_FACE_MODEL, INGEST_FACE_MODEL and SAFETY_FACE_MODEL one value and one file of "
            "weights, and start the services again.",
        )


class RegisterLeftBehind(Unavailable):
    """Entries of the protected register were made by another model, so they would protect nobody."""

    code = "register-left-behind"

    def __init__(self, entries: int) -> None:
        super().__init__(
            f"{entries} entries of the protected register were made by another face model and would protect nobody",
            remedy="Set IDENTITY_FACE_MODEL back to what it was; or remove those entries and have them made anew; or "
            f"accept that they have no effect with IDENTITY_REGISTER_LEFT_BEHIND={entries}.",
        )


class UnknownReview(NotFound):
    """No such review, or not this person's."""

    def __init__(self) -> None:
        super().__init__("no such review")


class InvalidReview(Invalid):
    """A decision or a note breaks a stated rule."""

    code = "invalid-review"


class ReviewDecided(Conflict):
    """Somebody else has decided otherwise."""

    code = "review-decided"

    def __init__(self, state: str) -> None:
        super().__init__(f"the review is {state}", remedy="A decision stays; look at it again before you go on.")


class ReviewNotUsable(Conflict):
    """The review is not allowed, was used, or its time is over."""

    code = "review-not-usable"

    def __init__(self) -> None:
        super().__init__(
            "the review allows nothing: it is not decided, was refused, was used, or its time is over",
            remedy="Read how it stands; ask for another review if its time is over.",
        )


class ReviewNotOffered(Forbidden):
    """This platform lets nobody in without a capture."""

    code = "review-not-offered"

    def __init__(self) -> None:
        super().__init__("a review instead of a capture is not offered here", remedy="Pass a capture session.")


class InvalidProtection(Invalid):
    """What was sent for the protected register breaks a stated rule."""

    code = "invalid-protection"


class UnknownProtection(NotFound):
    """No such entry, or the code is not its own: callers cannot tell which."""

    def __init__(self) -> None:
        super().__init__("no such entry, or the removal code is not its own", remedy="Check both exactly as given.")


class ProtectionConflict(Conflict):
    """The id was used for another entry."""

    code = "protection-exists"

    def __init__(self) -> None:
        super().__init__("there is or was an entry of that id", remedy="Choose a new id.")


class RegisterFull(Unavailable):
    """As many entries as an operator allows."""

    code = "register-full"

    def __init__(self) -> None:
        super().__init__("the protected register is full", remedy="Write to support.")


class InvalidGrant(Invalid):
    """A grant, a level or a limit breaks a stated rule."""

    code = "invalid-grant"


class UnknownGrant(NotFound):
    """No such grant of this person or grantee."""

    def __init__(self) -> None:
        super().__init__("no such grant")


class AlreadyAsked(Conflict):
    """The asker waits for an answer already."""

    code = "already-asked"

    def __init__(self) -> None:
        super().__init__("this person was asked and has not answered", remedy="Wait, or withdraw the question first.")


class AlreadyAnswered(Conflict):
    """The question was answered, taken back, or is too old."""

    code = "already-answered"

    def __init__(self) -> None:
        super().__init__("this question was answered, taken back, or has lapsed", remedy="Look at the grant again.")


class LevelTooLow(Conflict):
    """The person's level does not allow what they are about to allow."""

    code = "level-too-low"

    def __init__(self) -> None:
        super().__init__(
            "your sharing level does not let this grantee make pictures",
            remedy="Raise the level first: 'people' for people, 'apps' for verified apps.",
        )


class TooManyAsks(QuotaExceeded):
    """An asker may wait for so many answers at a time, and must wait after a refusal."""

    code = "too-many-asks"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, remedy="Wait for answers, or withdraw some questions.")


class TooManyGrants(Conflict):
    """So many grants of one person may stand at a time."""

    code = "too-many-grants"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} grants may stand at a time", remedy="Withdraw some first.")


class GrantDoesNotCover(Forbidden):
    """A grant does not cover one more picture now."""

    code = "grant-does-not-cover"


class UseNotDeclared(Invalid):
    """The person allows some uses only, and the request does not say which it is."""

    code = "use-required"


class ReceiptUnavailable(Conflict):
    """The release behind a consent is not known here."""

    code = "receipt-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "what this consent was given to is not known here: the database was restored from before it",
            remedy="Give a new consent, and export that one.",
        )


class ErasureRunning(Conflict):
    """Services are still erasing."""

    code = "erasure-in-progress"

    def __init__(self) -> None:
        super().__init__("the erasure has not completed", remedy="Ask again in a second.")


class ListForgotten(Gone):
    """The list beside a receipt is kept for some weeks only."""

    code = "list-forgotten"

    def __init__(self) -> None:
        super().__init__(
            "the list of this erasure is no longer kept; its receipt is", remedy="Use the list saved with the receipt."
        )


class AppNameTaken(Conflict):
    """Two apps must not look the same to people."""

    code = "app-name-taken"

    def __init__(self) -> None:
        super().__init__("another verified app has that name", remedy="Choose another name.")


class UnknownApp(NotFound):
    """The account is not marked as an app's."""

    def __init__(self) -> None:
        super().__init__("no such verified app")


class RevocationNotTold(Unavailable):
    """The consent has ended here, and the event that tells the other services has not reached the broker."""

    code = "revocation-not-told"

    def __init__(self) -> None:
        super().__init__(
            "the consent has ended, and not every service could be told yet",
            remedy="Ask again: the answer comes once they are told.",
        )


class GalleryBehind(Unavailable):
    """The enrolled faces are older than what the caller knows, or gone: scores would overlook people."""

    code = "gallery-behind"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, remedy="Bring identity's database up to date; nothing is published until then.")
