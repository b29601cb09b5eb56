"""What nobody came to: looks that wait in a queue that is too long, reviews that no operator decided, or that somebody
in the picture has meanwhile withdrawn from. All are a no."""

from __future__ import annotations

import datetime as dt

from semblance.kernel.errors import Unavailable
from semblance.safety.domain.picture import CheckState
from semblance.safety.domain.verdict import Reason
from semblance.safety.handlers import filtering
from semblance.safety.ports import Ports, Store

AT_ONCE = 200


def end_overdue(store: Store, ports: Ports) -> int:
    """Close up to AT_ONCE of each as blocked; how many."""
    now, ended = ports.clock.now(), 0
    for state, patience_s, reason in (
        (CheckState.QUEUED, ports.limits.wait_s, Reason.CHECK_UNAVAILABLE),
        (CheckState.IN_REVIEW, ports.limits.review_s, Reason.REVIEW_EXPIRED),
    ):
        for image_id in store.checks.received_before(now - dt.timedelta(seconds=patience_s), state, AT_ONCE):
            store.cancel_filter(image_id)
            ended += filtering.block(image_id, reason, store, ports, only_in=state)
    return ended + _end_withdrawn(store, ports)


def _end_withdrawn(store: Store, ports: Ports) -> int:
    """Reviews of pictures of several. Of a picture of one generation tells. While consents cannot be known: none, the
    clock goes on."""
    reason = Reason.CONSENT_OF_ANOTHER
    several = [check for check in store.checks.in_review() if check.further]
    try:
        withdrawn = [check for check in several if filtering.consent_refusal(check, ports) == (reason.value,)]
    except Unavailable:
        return 0
    return sum(filtering.block(check.image_id, reason, store, ports) for check in withdrawn)
