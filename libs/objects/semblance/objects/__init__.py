"""Objects sealed per person: an S3 port, key rings, and the envelope between them."""

from semblance.objects.buckets import ADAPTERS, ALL_BUCKETS, INCOMING, PHOTOS, PUBLISHED, QUARANTINE, TEMPLATES
from semblance.objects.errors import (
    BucketMissing,
    KeyRingUnavailable,
    ObjectNotFound,
    SealBroken,
    StoreDenied,
    StoreFull,
    StoreUnavailable,
    SubjectKeyDestroyed,
    UnknownSubjectKey,
)
from semblance.objects.file_keyring import FileKeyRing
from semblance.objects.memory_keyring import MemoryKeyRing
from semblance.objects.memory_store import MemoryStore
from semblance.objects.minio_store import MinioStore
from semblance.objects.ports import DestroyedKey, KeyRing, ObjectStore
from semblance.objects.sealed_objects import SealedObjects
from semblance.objects.sealer import Sealer

__all__ = [
    "ADAPTERS",
    "ALL_BUCKETS",
    "INCOMING",
    "PHOTOS",
    "PUBLISHED",
    "QUARANTINE",
    "TEMPLATES",
    "BucketMissing",
    "DestroyedKey",
    "FileKeyRing",
    "KeyRing",
    "KeyRingUnavailable",
    "MemoryKeyRing",
    "MemoryStore",
    "MinioStore",
    "ObjectNotFound",
    "ObjectStore",
    "SealBroken",
    "SealedObjects",
    "Sealer",
    "StoreDenied",
    "StoreFull",
    "StoreUnavailable",
    "SubjectKeyDestroyed",
    "UnknownSubjectKey",
]
