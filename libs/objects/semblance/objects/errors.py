"""What can go wrong with objects and keys; minio's and the system's own errors never leave this library."""

from __future__ import annotations

from semblance.kernel.errors import Gone, Invalid, NotFound, Unavailable


class ObjectNotFound(NotFound):
    """No object under that key."""

    code = "object-not-found"

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(f"no object {key!r} in bucket {bucket!r}")


class StoreUnavailable(Unavailable):
    """The object store does not answer, or answers with a fault of its own."""

    code = "store-unavailable"
    away = True


class BucketMissing(StoreUnavailable):
    """A bucket that deployment should have made is not there."""

    code = "bucket-missing"

    def __init__(self, bucket: str) -> None:
        super().__init__(
            f"bucket {bucket!r} does not exist", remedy="Create the platform's buckets before its services."
        )


class StoreDenied(StoreUnavailable):
    """The store refuses this service's credentials: a fault of the deployment, not of the caller."""

    code = "store-denied"

    def __init__(self, bucket: str) -> None:
        super().__init__(
            f"the object store refuses access to bucket {bucket!r}",
            remedy="Check this service's store credentials and which buckets they cover.",
        )


class StoreFull(StoreUnavailable):
    """No room is left for the object."""

    code = "store-full"

    def __init__(self, bucket: str) -> None:
        super().__init__(
            f"the object store has no room left in bucket {bucket!r}", remedy="Add storage, then try again."
        )


class SubjectKeyDestroyed(Gone):
    """This person's data key was destroyed on erasure; what it sealed can never be read again."""

    code = "subject-key-destroyed"

    def __init__(self) -> None:
        super().__init__("this person's data key was destroyed; nothing sealed with it can be read again")


class UnknownSubjectKey(NotFound):
    """No data key was ever made for this person."""

    code = "subject-key-unknown"

    def __init__(self) -> None:
        super().__init__("no data key exists for this person", remedy="Sign the release first: it makes the key.")


class KeyRingUnavailable(Unavailable):
    """The key ring cannot be read or written, or its master key does not fit."""

    code = "keyring-unavailable"
    away = True


class SealBroken(Invalid):
    """Sealed bytes were changed, cut short, or belong to another person or purpose."""

    code = "seal-broken"

    def __init__(self, reason: str) -> None:
        super().__init__(f"sealed bytes do not open: {reason}")
