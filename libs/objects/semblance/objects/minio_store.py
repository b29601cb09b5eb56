"""Any S3-compatible store through the minio SDK: the only module that imports it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from semblance.kernel.errors import SemblanceError
from semblance.objects.errors import BucketMissing, ObjectNotFound, StoreDenied, StoreFull, StoreUnavailable

_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "ResourceNotFound"})
_DENIED = frozenset(
    {"AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AllAccessDisabled", "AccountProblem"}
)
_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"})
_Keys = list[str]  # a class with a method `list` cannot say so itself
_HTTP_FORBIDDEN = 403
_HTTP_INSUFFICIENT_STORAGE = 507


class MinioStore:
    """Objects over HTTP. Connecting waits `connect_timeout_s` at most and an answer `read_timeout_s`; a refused
    connection is tried twice more. Clients that upload straight to the store reach it at `public_endpoint`."""

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        secure: bool = True,
        *,
        region: str = "us-east-1",
        public_endpoint: str | None = None,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s),
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(502, 504)),
            maxsize=16,
        )
        # The region is given so that signing needs no request of its own.
        self._client = Minio(
            endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=pool
        )
        self._signer = (
            Minio(public_endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region)
            if public_endpoint
            else self._client
        )

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Store `data`; acknowledged by the store when it returns."""
        with _wrapped(bucket, key):
            self._client.put_object(bucket, key, io.BytesIO(data), len(data), content_type=content_type)

    def get(self, bucket: str, key: str) -> bytes:
        """The object's bytes. Raises ObjectNotFound."""
        with _wrapped(bucket, key):
            response = self._client.get_object(bucket, key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def exists(self, bucket: str, key: str) -> bool:
        """Whether the key holds an object."""
        try:
            self.size(bucket, key)
        except ObjectNotFound:
            return False
        return True

    def size(self, bucket: str, key: str) -> int:
        """Bytes, by a HEAD request. Raises ObjectNotFound."""
        with _wrapped(bucket, key):
            return int(self._client.stat_object(bucket, key).size or 0)

    def remove(self, bucket: str, key: str) -> int:
        """Remove all versions of exactly this key; how many there were."""
        return len(self._remove(bucket, key, exact=True))

    def remove_prefix(self, bucket: str, prefix: str) -> list[str]:
        """Remove all versions of every key that starts with `prefix`; the key of each, sorted, once a version."""
        return self._remove(bucket, prefix, exact=False)

    def remove_each(self, bucket: str, keys: Sequence[str]) -> None:
        """A request a key: the store's own way for many goes on behind one that it could not remove."""
        for key in keys:
            with _wrapped(bucket, key):
                self._client.remove_object(bucket, key)

    def list(self, bucket: str, prefix: str) -> list[str]:
        """Keys that start with `prefix`, sorted."""
        with _wrapped(bucket, prefix):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=True)
            return sorted(entry.object_name for entry in found if entry.object_name and not entry.is_dir)

    def presigned_put(self, bucket: str, key: str, expires_s: int) -> str:
        """A URL for one PUT, signed here without asking the store."""
        with _wrapped(bucket, key):
            return str(self._signer.presigned_put_object(bucket, key, expires=dt.timedelta(seconds=expires_s)))

    def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it is there; two at once are fine."""
        with _wrapped(bucket, ""):
            if self._client.bucket_exists(bucket):
                return
            try:
                self._client.make_bucket(bucket)
            except S3Error as e:
                if e.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise

    def versions(self, bucket: str, prefix: str) -> _Keys:
        """Keys that start with `prefix`, sorted, once a version; delete markers are no versions."""
        with _wrapped(bucket, prefix):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=True, include_version=True)
            return sorted(
                str(entry.object_name)
                for entry in found
                if entry.object_name and not entry.is_dir and not entry.is_delete_marker
            )

    def _remove(self, bucket: str, prefix: str, *, exact: bool) -> _Keys:
        with _wrapped(bucket, prefix):
            # Versioned or not, every version is listed; delete markers are removed too but are not objects.
            versions = [
                entry
                for entry in self._client.list_objects(bucket, prefix=prefix, recursive=True, include_version=True)
                if entry.object_name and not entry.is_dir and (not exact or entry.object_name == prefix)
            ]
            for entry in versions:
                self._client.remove_object(bucket, str(entry.object_name), version_id=entry.version_id)
            return sorted(str(entry.object_name) for entry in versions if not entry.is_delete_marker)


@contextmanager
def _wrapped(bucket: str, key: str) -> Iterator[None]:
    """Turn minio's, urllib3's and the socket's errors into ours, once."""
    try:
        yield
    except S3Error as e:
        raise _from_s3(e, bucket, key) from e
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as e:
        raise StoreUnavailable(f"the object store does not answer ({type(e).__name__})") from e


def _from_s3(error: S3Error, bucket: str, key: str) -> SemblanceError:
    status = getattr(error.response, "status", 0)
    if error.code in _MISSING:
        return ObjectNotFound(bucket, key)
    if error.code == "NoSuchBucket":
        return BucketMissing(bucket)
    if error.code in _DENIED or status == _HTTP_FORBIDDEN:
        return StoreDenied(bucket)
    if error.code in _FULL or status == _HTTP_INSUFFICIENT_STORAGE:
        return StoreFull(bucket)
    return StoreUnavailable(f"the object store answers {error.code}")
