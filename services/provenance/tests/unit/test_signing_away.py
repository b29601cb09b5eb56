"""What signing needs may be away: then a picture waits, unpublished, and is finished once when it is back."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.eventbus.tables import work_items
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import ImageId, SubjectId
from semblance.objects import PUBLISHED
from semblance.provenance import main
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine, TimeStamps
from semblance.provenance.domain.claim import Generator
from semblance.provenance.domain.errors import SigningUnavailable
from semblance.provenance.handlers import asking
from semblance.provenance.settings import ProvenanceSettings
from semblance.provenance.testing.time_stamps import Mood, TimeStampAuthority

Published, Refused = provenance_pb.ImagePublished, provenance_pb.PublicationRefused
GENERATOR = Generator("Semblance", "0.1.0", "org.semblance")


@pytest.fixture
def stamps() -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(SystemClock()) as authority:
        yield authority


def _later(house) -> None:
    """What was put off is due now."""
    with house.database.transaction() as unit:
        unit.session.execute(work_items.update().values(not_before=unit.now() - dt.timedelta(seconds=1)))


def _waits_and_is_finished_once(house, back: Callable[[], None]) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    for _ in range(20):  # far more often than anything else is tried
        house.work()
        assert house.emitted(Published) == house.emitted(Refused) == []
        assert house.objects(PUBLISHED) == []
        _later(house)
    back()
    house.work()
    house.work()
    (event,) = house.emitted(Published)
    assert house.objects(PUBLISHED) == [event.object_key]
    data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)[1]
    assert hashlib.sha256(data).hexdigest() == event.sha256
    assert house.ports.signer.read(data, "image/png").state.value == "Trusted"


@pytest.mark.parametrize("mood", [Mood.BREAKS, Mood.REFUSES, Mood.BABBLES])
def test_a_picture_waits_for_the_time_stamp_authority(
    house, settings: ProvenanceSettings, stamps: TimeStampAuthority, mood: Mood
) -> None:
    keys = Authority(settings.signing_dir, SystemClock())
    house.use(signer=C2paEngine(keys, GENERATOR, time_stamps=TimeStamps(stamps.url, stamps.anchor_pem)))
    stamps.mood = mood
    _waits_and_is_finished_once(house, lambda: setattr(stamps, "mood", Mood.ANSWERS))


def test_a_picture_waits_for_the_key(house, tmp_path: Path) -> None:
    made, given = tmp_path / "made", tmp_path / "given"
    Authority(made, SystemClock()).prepare()
    given.mkdir()
    for name in ("root.pem", "leaf.pem"):
        (given / name).write_bytes((made / name).read_bytes())
    house.use(signer=C2paEngine(Authority(given, SystemClock()), GENERATOR))
    _waits_and_is_finished_once(house, lambda: (given / "leaf.key").write_bytes((made / "leaf.key").read_bytes()))


def test_a_service_without_its_key_does_not_start_and_says_which(settings: ProvenanceSettings, tmp_path: Path) -> None:
    Authority(tmp_path / "made", SystemClock()).prepare()
    given = tmp_path / "given"
    given.mkdir()
    for name in ("root.pem", "leaf.pem"):
        (given / name).write_bytes((tmp_path / "made" / name).read_bytes())
    application = main.build(settings.model_copy(update={"signing_dir": given}))
    with pytest.raises(SigningUnavailable, match=r"leaf\.key"):
        application.on_start[0]()
    application.database.close()
