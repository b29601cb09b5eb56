"""What every route can reach: the use cases' gate, the tokens, the limits."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from fastapi import Request

from semblance.gateway.api.news import News
from semblance.gateway.domain.errors import TooManyStreams
from semblance.gateway.domain.rate import Policy
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.ports import Issuer, Verifier
from semblance.gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Front:
    """One process's front door; `policies` are the rate limits by name."""

    gate: Gate
    issuer: Issuer
    verifier: Verifier
    settings: GatewaySettings
    policies: dict[str, Policy]
    streams: Streams
    news: News


@dataclass
class Streams:
    """How many event streams each person has open in this process."""

    limit: int
    _open: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, subject_id: str) -> None:
        """Raises TooManyStreams."""
        with self._lock:
            if self._open[subject_id] >= self.limit:
                raise TooManyStreams(self.limit)
            self._open[subject_id] += 1

    def leave(self, subject_id: str) -> None:
        """Give the place back; a person without streams is not remembered."""
        with self._lock:
            self._open[subject_id] -= 1
            if self._open[subject_id] <= 0:
                del self._open[subject_id]


def front(request: Request) -> Front:
    """The front that build_app put there."""
    here: Front = request.app.state.front
    return here
