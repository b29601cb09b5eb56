"""A database that is older than the log of consents."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.domain.consent import RevocationReason, revoke
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import consents, erasure, simulation
from semblance.identity.handlers.restored import CaughtUp, catch_up
from semblance.identity.handlers.sharing import SetSharing, set_sharing
from semblance.identity.main import kept_of
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import owing, testing
from semblance.service_kit.taken_back import Kind, TakenBackLog

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


def test_in_ordinary_life_nothing_happens(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    _, other = desk.opted_in(person=2, device="other")
    ended = consents.revoke_consent(subject_id, consent.id, RevocationReason.WITHDRAWN, desk.ports)
    testing.forget_emitted(desk.database)
    for known in ([], [consent, other], [ended, other]):
        assert catch_up(known, desk.ports) == CaughtUp()
    assert consents.get_consent(subject_id, consent.id, desk.ports) == ended
    assert testing.emitted(desk.database) == []


def test_what_the_log_saw_end_has_ended(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    testing.forget_emitted(desk.database)
    ended = revoke(consent, desk.clock.now())
    assert catch_up([ended], desk.ports) == CaughtUp(ended=1)
    assert consents.get_consent(subject_id, consent.id, desk.ports) == ended
    assert catch_up([ended], desk.ports) == CaughtUp()
    assert testing.emitted(desk.database) == []  # everybody else has read it already


def test_a_consent_that_the_backup_never_saw_can_be_seen_and_taken_back(desk: Any) -> None:
    view = testing.FakeConsentView(desk.clock)
    lost = view.grant(new_id(), days=30)
    over = view.revoke(view.grant(new_id()).id)
    past = view.grant(new_id(), days=1)
    desk.clock.advance(2 * 86_400)
    assert catch_up(view.known(), desk.ports) == CaughtUp(unheard=1)
    assert consents.list_consents(lost.subject_id, desk.ports) == [lost]
    assert consents.list_consents(over.subject_id, desk.ports) == []
    assert consents.list_consents(past.subject_id, desk.ports) == []
    taken = consents.revoke_consent(lost.subject_id, lost.id, RevocationReason.WITHDRAWN, desk.ports)
    assert taken.revision == lost.revision + 1


def test_what_people_take_back_is_noted_where_a_restore_looks(desk: Any, tmp_path: Path) -> None:
    folder = tmp_path / "taken-back"
    owing.begin(desk.database, folder, kept_of(desk.ports))
    subject_id, consent = desk.opted_in()

    def level(to: Level) -> SetSharing:
        return SetSharing(subject_id, to, True, 2, ())

    for to in (Level.EVERYONE, Level.APPS, Level.EVERYONE):
        set_sharing(level(to), desk.ports)
    simulation.simulate(subject_id, level(Level.ONLY_ME), desk.ports)
    consents.revoke_consent(subject_id, consent.id, RevocationReason.WITHDRAWN, desk.ports)
    noted = [entry for entry in TakenBackLog(folder).entries() if entry.kind is not Kind.LIMITS]
    assert [(entry.kind, entry.subject_id) for entry in noted] == [(Kind.CONSENT, subject_id), (Kind.APPS, subject_id)]
    assert noted[0].thing_id == consent.id


def test_an_erased_person_is_not_brought_back(desk: Any) -> None:
    """Their last revocation may not have been published yet."""
    subject_id, consent = desk.opted_in()
    erasure.request_erasure(subject_id, desk.ports)
    with desk.ports.transactions() as store:
        store.forget_subject(subject_id)
    assert catch_up([consent], desk.ports) == CaughtUp()
    assert consents.list_consents(subject_id, desk.ports) == []


def test_the_service_is_not_ready_before_it_has_compared(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    view = testing.FakeConsentView(desk.clock)
    view.stale = True
    sweeper = Sweeper(desk.ports, view, every_s=1)
    sweeper.sweep()
    with pytest.raises(Unavailable):
        sweeper.check()
    view.grant(subject_id, consent_id=consent.id)
    view.revoke(consent.id)
    view.stale = False
    sweeper.sweep()
    sweeper.check()
    assert consents.get_consent(SubjectId(subject_id), consent.id, desk.ports).revoked_at is not None


def test_a_database_that_is_away_is_compared_later(desk: Any) -> None:
    def away() -> Any:
        raise Unavailable("the database is away", code="database")

    view = testing.FakeConsentView(desk.clock)
    view.grant(new_id())
    sweeper = Sweeper(dataclasses.replace(desk.ports, reads=away), view, every_s=1)
    for look in (sweeper.sweep, sweeper.check):
        with pytest.raises(Unavailable):
            look()
