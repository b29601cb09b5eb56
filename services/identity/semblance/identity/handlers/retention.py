"""Keeping no biometric data longer than the notice says."""

from __future__ import annotations

import datetime as dt

from semblance.identity.handlers.erasure import request_erasure
from semblance.identity.ports import Ports
from semblance.kernel.ids import SubjectId


def forget_failures(ports: Ports) -> None:
    """Failed tries outlive the lock-out's memory by nothing."""
    with ports.transactions() as store:
        store.failures.forget_before(ports.rules.lock_out.memory_start(ports.clock.now()))


def forget_unfinished_sessions(ports: Ports) -> int:
    """Delete capture sessions of which no consent came; how many. Their frames were never stored."""
    before = ports.clock.now() - dt.timedelta(seconds=ports.rules.unfinished_session_s)
    with ports.transactions() as store:
        return store.sessions.forget_unfinished(before)


def drop_unused_templates(ports: Ports) -> int:
    """Destroy templates of people whose last consent ended long enough ago; how many people."""
    now = ports.clock.now()
    before = now - dt.timedelta(days=ports.rules.template_days)
    with ports.transactions() as store:
        people = store.templates.unused_since(before, now)
        for subject_id in people:
            store.templates.remove(subject_id)
    return len(people)


def forget_gallery_changes(until: int, ports: Ports) -> int:
    """Delete the ids of templates that are gone from the gallery's log, up to the revision `until`; the revision now.
    Whoever asks later than that reads the gallery anew."""
    with ports.transactions() as store:
        store.templates.forget_changes(until)
        return store.templates.revision()


def forget_reviews(ports: Ports) -> int:
    """Delete reviews of whatever state that are old enough; how many. An entry that had no effect against somebody
    stays without."""
    before = ports.clock.now() - dt.timedelta(days=ports.rules.review_days)
    with ports.transactions() as store:
        return store.reviews.forget_before(before)


def forget_erasure_lists(ports: Ports) -> int:
    """Of erasures completed long enough ago keep the receipt alone; how many had a list."""
    before = ports.clock.now() - dt.timedelta(days=ports.rules.erasure_list_days)
    with ports.transactions() as store:
        return store.erasures.forget_lists(before)


def forget_unanswered(ports: Ports) -> int:
    """Delete questions that lapsed without an answer, after as long again; how many."""
    with ports.transactions() as store:
        return store.grants.forget_lapsed(ports.clock.now() - dt.timedelta(days=ports.rules.sharing.ask_days))


def erase_the_silent(ports: Ports) -> list[SubjectId]:
    """Erase people who have not been in contact for the whole retention time (BIPA: at most three years)."""
    before = ports.clock.now() - dt.timedelta(days=ports.rules.retention_days)
    with ports.reads() as store:
        silent = store.silent_since(before)
    for subject_id in silent:
        request_erasure(subject_id, ports)
    return silent
