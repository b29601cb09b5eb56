"""What a call can raise: the platform's refusals as its problems tell them, and a platform that does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semblance.kernel.errors import Kind, SemblanceError, Unavailable

_KINDS = {
    401: Kind.UNAUTHENTICATED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    409: Kind.CONFLICT,
    410: Kind.GONE,
    429: Kind.QUOTA,
    502: Kind.UNAVAILABLE,
    503: Kind.UNAVAILABLE,
    504: Kind.UNAVAILABLE,
}


class ApiError(SemblanceError):
    """An RFC 9457 problem. `code` is what to decide by; `remedy` is what to do; `errors` names wrong fields."""

    def __init__(
        self, status: int, problem: Mapping[str, Any], *, request_id: str = "", retry_after_s: float | None = None
    ) -> None:
        detail = str(problem.get("detail") or f"the server answered {status}")
        super().__init__(
            detail, remedy=str(problem.get("remedy", "")), code=str(problem.get("code") or f"http-{status}")
        )
        self.kind = _KINDS.get(status, Kind.INVALID)
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.errors: list[dict[str, str]] = list(problem.get("errors") or [])
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class Unreachable(Unavailable):
    """No answer came: the platform is not running, or the network is."""

    code = "unreachable"

    def __init__(self, base_url: str) -> None:
        super().__init__(f"{base_url} does not answer", remedy="Is it running? `semblance status` tells.")


class StillRunning(Unavailable):
    """The job did not end within the time given; it goes on."""

    code = "still-running"

    def __init__(self, job_id: str, timeout_s: float, remedy: str = "It goes on; wait for it again.") -> None:
        super().__init__(f"{job_id} has not ended within {timeout_s:g} s", remedy=remedy)


class DamagedContent(Unavailable):
    """The bytes that arrived are not the bytes that were signed."""

    code = "damaged-content"
