"""Everything the use cases reach outside themselves for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from semblance.gateway.ports import (
    Audit,
    Consents,
    Generation,
    Identity,
    Ingest,
    Passwords,
    Pause,
    Pepper,
    Provenance,
    Register,
    Resolution,
    Reviews,
    Sharings,
    Store,
    Takedowns,
    Training,
)
from semblance.kernel.clock import Clock

WAITS_AT_ONCE = 8  # calls that hold a worker thread while a picture is made; far below the pool's 40 threads


@dataclass(frozen=True)
class Gate:
    """The ports of one gateway process."""

    store: Store
    identity: Identity
    register: Register
    reviews: Reviews
    sharing: Sharings
    ingest: Ingest
    training: Training
    generation: Generation
    provenance: Provenance
    resolution: Resolution
    takedowns: Takedowns
    audit: Audit
    consents: Consents
    passwords: Passwords
    pepper: Pepper
    clock: Clock
    pause: Pause
    waits: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(WAITS_AT_ONCE))
