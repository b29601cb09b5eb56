"""Token buckets: steady rates with a burst."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from semblance.gateway.domain.errors import RateLimited


@dataclass(frozen=True)
class Policy:
    """`burst` requests at once, refilled evenly at `per_minute`."""

    name: str
    burst: int
    per_minute: float

    @property
    def refill_per_s(self) -> float:
        return self.per_minute / 60.0

    @property
    def window_s(self) -> int:
        """Seconds until an empty bucket is full."""
        return math.ceil(self.burst / self.refill_per_s)


@dataclass(frozen=True)
class Bucket:
    """What is left at an instant."""

    tokens: float
    at: dt.datetime


@dataclass(frozen=True)
class Allowance:
    """What the RateLimit headers say after a request was let in."""

    policy: Policy
    remaining: int
    reset_s: int


def take(policy: Policy, bucket: Bucket | None, now: dt.datetime, cost: float = 1.0) -> tuple[Bucket, Allowance]:
    """The bucket after one request of `cost`. Raises RateLimited; a clock that went back refills nothing."""
    tokens = float(policy.burst)
    if bucket is not None:
        elapsed_s = max(0.0, (now - bucket.at).total_seconds())
        tokens = min(tokens, bucket.tokens + elapsed_s * policy.refill_per_s)
    if tokens < cost:
        raise RateLimited(policy.name, retry_after_s=max(1, math.ceil((cost - tokens) / policy.refill_per_s)))
    left = tokens - cost
    reset_s = math.ceil((policy.burst - left) / policy.refill_per_s)
    return Bucket(left, now), Allowance(policy, int(left), reset_s)
