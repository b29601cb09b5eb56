"""Every number that the rules go by, in one place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from semblance.identity.domain.matching import MatchRules
from semblance.identity.domain.session import LockOut
from semblance.identity.domain.sharing import SharingRules
from semblance.identity.domain.verdict import CaptureRules


@dataclass(frozen=True)
class Rules:
    """Every number that an operator may set."""

    capture: CaptureRules
    matching: MatchRules
    lock_out: LockOut
    screen_light: bool
    expression: bool
    session_s: int
    tries: int
    remind_s: int
    template_days: int
    retention_days: int
    issuer: str
    receipt_items_max: int
    erasure_list_days: int
    unfinished_session_s: int
    review_days: int
    review_use_s: int
    non_biometric_review: bool
    protected_faces: int
    register_left_behind: int
    sharing: SharingRules

    def session_end(self, now: dt.datetime) -> dt.datetime:
        """When a session opened now stops taking captures."""
        return now + dt.timedelta(seconds=self.session_s)
