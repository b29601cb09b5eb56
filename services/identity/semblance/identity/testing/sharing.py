"""Steps of what people let others make, over a test's desk: its ports, clock and database."""

from __future__ import annotations

import contextlib
from typing import Any

import sqlalchemy as sa

from semblance.identity.adapters import tables
from semblance.identity.domain.consent import new_consent
from semblance.identity.domain.errors import SubjectErased
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, grant_uses, grant_views, grants, sharing
from semblance.identity.handlers.terms import Terms
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, new_id
from semblance.service_kit import testing

DAY_S = 86_400
WORDS = "campaign wobblestone"
LIMIT = "no quixotic zeppelins"


def verified(desk: Any) -> tuple[SubjectId, Consent]:
    """A person with a key and a consent of their own, as if they had passed a capture."""
    subject_id = SubjectId(new_id())
    desk.released(subject_id)
    own = new_consent(
        consent_id=ConsentId(new_id()),
        subject_id=subject_id,
        purposes=frozenset(Purpose),
        released=frozenset(Purpose),
        days=0,
        now=desk.clock.now(),
    )
    with desk.ports.transactions() as store:
        store.consents.save(own)
    return subject_id, own


def level(desk: Any, subject_id: SubjectId, to: Level, *limits: str, review: bool = True, pictures: int = 2) -> None:
    sharing.set_sharing(sharing.SetSharing(subject_id, to, review, pictures, limits), desk.ports)


def marked(desk: Any, subject_id: str) -> None:
    """A verified app, under a name of its own."""
    with contextlib.suppress(SubjectErased):
        apps.verify_app(SubjectId(subject_id), f"App {subject_id}", desk.ports)


def ask(desk: Any, subject_id: str, grantee_id: str, *, app: bool = True, pictures: int = 5, **more: Any) -> Any:
    if app:
        marked(desk, grantee_id)
    command = grants.AskGrant(
        grant_id=ConsentId(more.pop("grant_id", new_id())),
        grantee_id=SubjectId(grantee_id),
        subject_id=SubjectId(subject_id),
        extent=Extent(pictures, more.pop("days", 30)),
        purpose=more.pop("purpose", WORDS),
    )
    return grants.ask_grant(command, desk.ports)


def allow(desk: Any, grant: Any, extent: Extent | None = None, *, terms: Terms | None = None) -> Any:
    extent = extent or Extent(3, 10)
    command = grants.AnswerGrant(grant.id, grant.subject_id, extent, terms or Terms((LIMIT,)))
    return grants.answer_grant(command, desk.ports)


def refuse(desk: Any, grant: Any) -> Any:
    return grants.answer_grant(grants.AnswerGrant(grant.id, grant.subject_id, None), desk.ports)


def use(desk: Any, grant: Any, image_id: str | None = None, *, by: str | None = None) -> Any:
    command = grant_uses.UseGrant(grant.id, SubjectId(by or grant.grantee_id), ImageId(image_id or new_id()))
    return grant_uses.use_grant(command, desk.ports)


def seen(desk: Any, grant: Any, by: str | None = None) -> Any:
    return grant_views.get_grant(SubjectId(by or grant.grantee_id), grant.id, desk.ports)


def events(desk: Any, kind: type[Any]) -> list[Any]:
    return [m for m in testing.emitted(desk.database) if isinstance(m, kind) and m.state.grantee_id]


def shared(desk: Any, *, app: bool = True) -> tuple[SubjectId, SubjectId, Any]:
    """A person at the level APPS, a grantee, and a grant of three pictures."""
    subject_id, _ = verified(desk)
    grantee_id = SubjectId(new_id())
    level(desk, subject_id, Level.APPS)
    return subject_id, grantee_id, allow(desk, ask(desk, subject_id, grantee_id, app=app))


def rows(desk: Any) -> dict[str, list[str]]:
    with desk.database.read() as session:
        return {t.name: sorted(map(repr, session.execute(sa.select(t)))) for t in tables.metadata.sorted_tables}
