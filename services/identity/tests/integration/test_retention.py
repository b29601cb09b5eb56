"""Nothing is kept longer than the notice and the settings say; what is in use stays."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from semblance.identity.adapters import tables
from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.handlers import consents, faces, retention
from semblance.identity.handlers.consents import GrantConsent
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import NotFound
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


def sessions(desk: Any) -> int:
    with desk.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(tables.sessions)).scalar_one())


def sweep(desk: Any) -> None:
    Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1).sweep()


def test_unfinished_sessions_go_after_a_day_and_those_of_a_consent_stay(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in()
    desk.opened(subject_id)  # never filmed
    desk.submitted(desk.opened(SubjectId(new_id())), person=2)  # passed, and no consent was given
    desk.clock.advance(desk.settings.unfinished_session_s - 60)
    sweep(desk)
    assert sessions(desk) == 3
    desk.clock.advance(120)
    sweep(desk)
    sweep(desk)
    assert sessions(desk) == 1
    assert retention.forget_unfinished_sessions(desk.ports) == 0


def test_a_session_that_is_gone_gives_no_consent(desk: Any, subject_id: SubjectId) -> None:
    passed = desk.submitted(desk.opened(subject_id))
    desk.clock.advance(desk.settings.unfinished_session_s + 1)
    sweep(desk)
    with pytest.raises(NotFound):
        consents.grant_consent(GrantConsent(subject_id, passed.id, frozenset(Purpose), 0), desk.ports)


def test_templates_of_a_capture_without_a_consent_go_too(desk: Any, subject_id: SubjectId) -> None:
    desk.submitted(desk.opened(subject_id))
    assert faces.find_matches(subject_id, [], desk.ports).enrolled
    desk.clock.advance((desk.settings.template_days + 1) * 86_400)
    sweep(desk)
    assert not faces.find_matches(subject_id, [], desk.ports).enrolled


def test_frames_are_in_no_table(desk: Any) -> None:
    """The audit copies of frames that other platforms keep for a while: there is no place for one here."""
    columns = {f"{table.name}.{column.name}" for table in tables.metadata.sorted_tables for column in table.c}
    assert not [name for name in columns if "frame" in name or "jpeg" in name]
    blobs = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, sa.LargeBinary)
    }
    assert all(".sealed" in name for name in blobs)
