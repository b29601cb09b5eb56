"""The list beside an erasure's receipt."""

from __future__ import annotations

from semblance.identity.domain.erasure import Erasure
from semblance.identity.domain.errors import ErasureRunning, ListForgotten
from semblance.identity.handlers.erasure import get_erasure
from semblance.identity.ports import Ports
from semblance.kernel.ids import ErasureId


def erased_items(erasure_id: ErasureId, ports: Ports) -> Erasure:
    """The erasure, which has its list still. Raises UnknownErasure, ErasureRunning, ListForgotten."""
    erasure = get_erasure(erasure_id, ports)
    if erasure.completed_at is None:
        raise ErasureRunning
    if not erasure.items_salt:
        raise ListForgotten
    return erasure
