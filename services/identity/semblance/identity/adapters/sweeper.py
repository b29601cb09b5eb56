"""What has to happen by the clock: reminders of erasures, the notice's retention times, and once, after the start, a
look at whether the database is older than the log."""

from __future__ import annotations

import logging

from semblance.identity.handlers import erasure, noted, register, restored, retention
from semblance.identity.ports import ConsentLog, Ports
from semblance.kernel.errors import Unavailable
from semblance.service_kit.periodic import Periodic

log = logging.getLogger(__name__)
_SOON_S = 0.5  # between looks at whether the log has been read


class Sweeper:
    """One thread; in two processes at once it does nothing twice that matters."""

    def __init__(self, ports: Ports, consents: ConsentLog, *, every_s: float) -> None:
        self._ports = ports
        self._consents = consents
        self._caught_up = False
        self._gallery_then = 0
        thread = Periodic("identity-sweeper", self.sweep, lambda: every_s if self._caught_up else min(_SOON_S, every_s))
        self.start, self.stop = thread.start, thread.stop

    def check(self) -> None:
        """Raises Unavailable until the database is known to be no older than the log."""
        if not self._caught_up:
            raise Unavailable("the log of consents has not been compared yet", code="consents-not-compared")

    def sweep(self) -> None:
        """Once. Raises Unavailable."""
        if not self._caught_up:
            if not self._consents.ready():
                return
            self._catch_up()
        for running in erasure.remind(self._ports):
            log.warning(
                "an erasure waits for answers",
                extra={"erasure_id": running.id, "reason_codes": ",".join(running.waiting_for)},
            )
        register.drop_unused_keys(self._ports)
        retention.forget_failures(self._ports)
        retention.forget_unfinished_sessions(self._ports)
        retention.drop_unused_templates(self._ports)
        # What changed since the last sweep stays for one more, so that every process follows it by the log.
        self._gallery_then = retention.forget_gallery_changes(self._gallery_then, self._ports)
        retention.forget_reviews(self._ports)
        retention.forget_unanswered(self._ports)
        retention.erase_the_silent(self._ports)
        retention.forget_erasure_lists(self._ports)

    def _catch_up(self) -> None:
        if left_over := register.finish_removals(self._ports):
            log.warning("removals from the protected register were finished", extra={"count": left_over})
        back = noted.bring_back(self._ports)
        if back.entries or back.limits or back.marks:
            log.warning(
                "the database was older than what was noted outside of it and was brought up to it",
                extra={"count": back.entries + back.limits + back.marks},
            )
        if back.unreadable:
            log.critical("notes outside of every backup cannot be read", extra={"count": back.unreadable})
        found = restored.catch_up(self._consents.known(), self._ports)
        self._caught_up = True
        if found.ended or found.unheard:
            log.warning(
                "the database was older than the log of consents and was brought up to it",
                extra={"ended": found.ended, "unheard": found.unheard},
            )
