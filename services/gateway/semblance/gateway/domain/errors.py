"""What can go wrong at the front door, as facts with remedies."""

from __future__ import annotations

from semblance.kernel.errors import (
    Conflict,
    Forbidden,
    Gone,
    QuotaExceeded,
    SemblanceError,
    Unauthenticated,
    Unavailable,
)


class HandleTaken(Conflict):
    """Another account has the handle."""

    code = "handle-taken"

    def __init__(self) -> None:
        super().__init__("that handle is taken", remedy="Choose another handle.")


class InvalidGrant(Unauthenticated):
    """The handle and password do not match an account; which of them is wrong is not told."""

    code = "invalid-grant"

    def __init__(self) -> None:
        super().__init__("handle or password is wrong", remedy="Check both, or create an account first.")


class TokenRefused(Unauthenticated):
    """The bearer token is missing, malformed, expired, or of an issuer that is not accepted here."""

    code = "invalid-token"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, remedy="Get a new token from POST /v1/token, or from your identity provider.")


class PasswordNeeded(Unauthenticated):
    """A token alone is not enough for this: it may lie in a browser that was left open, or be stolen."""

    code = "password-needed"

    def __init__(self) -> None:
        super().__init__("this needs your password once more", remedy="Send it as `password` with the request.")


class WrongPassword(Unauthenticated):
    """The password that came with the request is not the account's."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("the password is wrong", remedy="Type it again.")


class SignInTooOld(Unauthenticated):
    """There is no password here to ask for, and the provider's sign-in is not of a moment ago (RFC 9470)."""

    code = "sign-in-too-old"

    def __init__(self, within_s: int) -> None:
        super().__init__(
            f"this needs a sign-in of the last {within_s} seconds",
            remedy=f"Sign in again at your identity provider (max_age={within_s}) and repeat it with that token.",
        )


class NotOwnSignIn(Forbidden):
    """The token is an application's: it may do what it was given for, not end the person's account."""

    code = "not-own-sign-in"

    def __init__(self) -> None:
        super().__init__(
            "an application's token cannot do this", remedy="Sign in yourself, or ask whoever runs this platform."
        )


class NoPasswordHere(Forbidden):
    """The person comes from another issuer, who keeps password and sessions."""

    code = "no-password-here"

    def __init__(self) -> None:
        super().__init__(
            "this account is signed in to elsewhere", remedy="Password and sessions are your identity provider's."
        )


class AccountErased(Gone):
    """The account asked to be forgotten; its tokens work for nothing but its erasure's receipt."""

    code = "account-erased"

    def __init__(self) -> None:
        super().__init__("this account has been erased", remedy="Create a new account to start again.")


class IdempotencyKeyReused(Conflict):
    """The key came before with another request."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used with a different request", remedy="Use a new key for a new request."
        )


class IdempotencyKeyInProgress(Conflict):
    """The first request with this key has not ended."""

    code = "idempotency-key-in-progress"

    def __init__(self) -> None:
        super().__init__(
            "the first request with this Idempotency-Key is still in progress", remedy="Send it again in a second."
        )


class AdapterNotReady(Conflict):
    """The adapter cannot make pictures in its present state."""

    code = "adapter-not-ready"

    def __init__(self, state: str) -> None:
        remedy = (
            "Follow GET /v1/jobs/{adapter_id}/events and ask again once it is ready."
            if state in {"queued", "training"}
            else "Train a new adapter."
        )
        super().__init__(f"the adapter is {state}, not ready", remedy=remedy)


class NotFinished(Conflict):
    """What was asked for does not exist yet, or no longer will."""

    code = "image-not-published"

    def __init__(self, state: str) -> None:
        super().__init__(
            f"the image is {state}, not published", remedy="Only published images have content and a manifest."
        )


class RateLimited(QuotaExceeded):
    """A token bucket is empty."""

    code = "rate-limited"

    def __init__(self, policy: str, *, retry_after_s: int) -> None:
        super().__init__(f"the {policy!r} rate limit was reached", retry_after_s=retry_after_s)
        self.policy = policy


class TooManyStreams(QuotaExceeded):
    """One person may follow only so many jobs at once."""

    code = "too-many-streams"

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} event streams are open", retry_after_s=5, remedy="Close a stream first.")


class Busy(Unavailable):
    """As many large bodies are being read as memory allows."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("too many uploads are in progress here", remedy="Try again in a second.")


class TooManyUploads(QuotaExceeded):
    """One address sends as many large bodies as it may at a time; the others' turns are not for it."""

    code = "too-many-uploads"

    def __init__(self) -> None:
        super().__init__("this address already sends as many uploads as it may at a time", retry_after_s=1)


class TooManyWaits(QuotaExceeded):
    """One person waits for as many pictures as they may at a time; the others' turns are not for them."""

    code = "too-many-waits"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"you already wait for {limit} pictures", retry_after_s=5, remedy="POST /v1/images does not wait."
        )


class MadeNoPicture(SemblanceError):
    """A waiting call learnt that the picture will never be published."""

    code = "image-not-made"


class MeaninglessQuery(Exception):
    """A question in a standard's shape that means nothing: the standard wants 400 where we say 422."""

    def __init__(self, reason: SemblanceError) -> None:
        super().__init__(reason.detail)
        self.reason = reason
