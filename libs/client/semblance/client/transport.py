"""HTTP with patience: repeats what may be repeated, waits as long as it is told to, raises problems as errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from semblance.client.errors import ApiError, Unreachable
from semblance.kernel.ids import new_id

_AGAIN = {429, 502, 503, 504}
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_RETRY_AFTER_MAX_S = 60.0
_KEY_BUSY = "idempotency-key-in-progress"


class Transport:
    """One server. A GET, a DELETE and a create (which carries an Idempotency-Key) are repeated after a failure."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout_s: float,
        retries: int,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._retries = retries
        self._pause = pause
        self._http = httpx.Client(base_url=self.base_url, timeout=timeout_s, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Params that are None are left out."""
        return self.call("GET", path, params={k: v for k, v in params.items() if v is not None})

    def create(self, path: str, *, key: str | None = None, **request: Any) -> httpx.Response:
        """POST with an Idempotency-Key, `key` or a fresh one, so that a lost answer is asked for again."""
        return self.call("POST", path, headers={"Idempotency-Key": key or new_id()}, **request)

    def call(
        self, method: str, path: str, *, repeat: bool = True, headers: Mapping[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """Raises ApiError, and Unreachable when no answer came. `repeat` False: not sent again after a lost answer."""
        attempt = 0
        while True:
            attempt += 1
            last = attempt > self._retries
            try:
                response = self._http.request(method, path, headers={**self.headers(), **(headers or {})}, **request)
            except httpx.TransportError as e:
                lost = not isinstance(e, httpx.ConnectError)
                if last or (lost and not repeat):
                    raise Unreachable(self.base_url) from e
                self._pause(_backoff_s(attempt))
                continue
            if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
                return response
            error = error_of(response)
            if last or not _again(error, repeat):
                raise error
            self._pause(_backoff_s(attempt) if error.retry_after_s is None else error.retry_after_s)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], read_timeout_s: float) -> Iterator[httpx.Response]:
        """An open GET whose lines come as they are sent. Raises ApiError, and httpx errors while reading."""
        timeout = httpx.Timeout(read_timeout_s, connect=5.0)
        with self._http.stream("GET", path, headers={**self.headers(), **headers}, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise error_of(response)
            yield response

    def wait(self, attempt: int) -> None:
        """Sleep before another attempt of a stream."""
        self._pause(_backoff_s(attempt))

    def headers(self) -> dict[str, str]:
        """The bearer token, if there is one."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def error_of(response: httpx.Response) -> ApiError:
    """The problem that the response carries, or its bare status."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    return ApiError(
        response.status_code,
        problem if isinstance(problem, dict) else {},
        request_id=response.headers.get("x-request-id", ""),
        retry_after_s=_retry_after_s(response),
    )


def _again(error: ApiError, repeat: bool) -> bool:
    if error.retry_after_s is not None and error.retry_after_s > _RETRY_AFTER_MAX_S:
        return False
    if error.status == httpx.codes.TOO_MANY_REQUESTS or error.code == _KEY_BUSY:
        return True
    # image-still-in-progress and its like say where to look instead.
    return repeat and error.status in _AGAIN and error.code != "image-still-in-progress"


def _retry_after_s(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _backoff_s(attempt: int) -> float:
    """Doubling, with jitter so that clients do not come back together."""
    steady_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    return steady_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
