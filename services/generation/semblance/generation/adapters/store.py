"""One transaction's view of everything, for the handlers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.eventbus.tables import work_items
from semblance.generation.adapters.outbox_sink import to_message
from semblance.generation.adapters.repository import SqlImages
from semblance.generation.adapters.tables import images
from semblance.generation.domain.events import Event
from semblance.generation.domain.image import Image
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ports import Images, Store
from semblance.kernel.ids import ErasureId, ImageId, SubjectId
from semblance.service_kit.database import JSON, Database, Unit
from semblance.service_kit.taken_back import Kind, TakenBack

RENDER_IMAGE: Final = "render_image"
GIVE_UP_IMAGE: Final = "give_up_image"
DESTROY_PIXELS: Final = "destroy_pixels"
ERASE_SUBJECT: Final = "erase_subject"
WITHDRAW_FROM_ENGINES: Final = "withdraw_from_engines"
# The engine is given what its lanes hold and little more, so the order is decided here (domain/turns.py).
TURN: Final = sa.func.coalesce(
    sa.select(images.c.turn_at).where(images.c.id == work_items.c.aggregate_id).scalar_subquery(),
    work_items.c.not_before,
)


class SqlStore:
    """Repositories over one session. Without a unit (a read) nothing can be published or scheduled."""

    def __init__(self, session: Session, unit: Unit | None = None) -> None:
        self._sql = session
        self._unit = unit
        self.images: Images = SqlImages(session)

    def publish(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._require_unit().emit(to_message(event))

    def note_hidden(self, image: Image) -> None:
        """Into the log of what people took back."""
        self._require_unit().take_back(TakenBack(Kind.HIDDEN, image.subject_id, image.id))

    def schedule_rendering(self, image_id: ImageId) -> None:
        """Queue the rendering."""
        self._require_unit().enqueue(RENDER_IMAGE, image_id)

    def schedule_giving_up(self, image_id: ImageId, within_s: int) -> None:
        """Queue the question whether it was begun."""
        self._require_unit().enqueue(GIVE_UP_IMAGE, image_id, delay_s=within_s)

    def cancel_rendering(self, image_id: ImageId) -> None:
        """Drop it from the queue, or stop its worker."""
        self._require_unit().cancel(RENDER_IMAGE, image_id)

    def schedule_destruction(self, subject_id: SubjectId, image_id: ImageId) -> None:
        """Queue the removal of its pixels."""
        self._require_unit().enqueue(DESTROY_PIXELS, image_id, {"subject_id": subject_id})

    def schedule_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Queue telling every engine."""
        named = {name: str(value) for name, value in vars(withdrawal).items() if value is not None}
        self._require_unit().enqueue(WITHDRAW_FROM_ENGINES, withdrawal.id, dict[str, JSON](named))

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue the removal of everything of this person; work on these is dropped now, or told to stop."""
        unit = self._require_unit()
        dropped: list[JSON] = list(unit.forget_work(work_on))
        unit.enqueue(ERASE_SUBJECT, erasure_id, {"subject_id": subject_id, "dropped": dropped})

    def at_work(self, image_ids: Sequence[ImageId]) -> bool:
        """Whether a worker still holds one of these renderings, also one that is told to stop."""
        held = sa.select(work_items.c.id).where(
            work_items.c.kind == RENDER_IMAGE,
            work_items.c.aggregate_id.in_(list(image_ids)),
            work_items.c.lease_owner.is_not(None),
        )
        return self._sql.execute(held.limit(1)).first() is not None

    def _require_unit(self) -> Unit:
        assert self._unit is not None, "a read must not write"
        return self._unit


class SqlTransactions:
    """Opens stores on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A store whose changes are kept when the block ends."""
        with self._database.transaction() as unit:
            yield store_of(unit)

    @contextmanager
    def read(self) -> Iterator[Store]:
        """A store for questions only."""
        with self._database.read() as session:
            yield SqlStore(session)


def store_of(unit: Unit) -> Store:
    """A store in a transaction that somebody else opened."""
    return SqlStore(unit.session, unit)
