"""News of adapters and of pictures come by two topics: no picture loses its adapter's credential to their order."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.eventbus.tables import work_items
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import AdapterId, ImageId, SubjectId, new_id
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.handlers import asking

Published = provenance_pb.ImagePublished


def _ingredients(house, allowed) -> list[str]:
    signed = asking.manifest(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    report = json.loads(signed.manifest_json)
    return [each["title"] for each in report["manifests"][report["active_manifest"]]["ingredients"]]


def _early(house):
    """A picture whose adapter is not known yet, and the news that are on their way."""
    allowed = house.rendered()
    news = {"subject_id": allowed.subject_id, "consent_id": allowed.consent_id, "consent_revision": 1}
    allowed.adapter_id = new_id()
    house.deliver(allowed)
    facts = {"lora_sha256": "a" * 64, "backbone_digest": "b" * 64, "photo_count": 9}
    return allowed, training_pb.AdapterTrained(**news, adapter_id=allowed.adapter_id, **facts)


def _due(house) -> None:
    """What is put off is due now."""
    with house.database.transaction() as unit:
        unit.session.execute(work_items.update().values(not_before=unit.now() - dt.timedelta(seconds=1)))


def test_a_picture_waits_for_the_news_of_its_adapter(house) -> None:
    allowed, trained = _early(house)
    house.work()
    assert house.emitted(Published) == []
    house.deliver(trained, times=2)
    _due(house)
    house.work()
    assert _ingredients(house, allowed) == ["Diffusion backbone", "Adapter of one consenting person"]


def test_it_does_not_wait_for_ever(house) -> None:
    """News older than the topic keeps never come; the picture names its backbone alone."""
    house.database.clock = FakeClock(dt.datetime.now(dt.UTC))  # else what is put off is due again for a slow machine
    allowed, _ = _early(house)
    for _ in range(4):
        house.work()
        assert house.emitted(Published) == []
        _due(house)
    house.work()
    assert len(house.emitted(Published)) == 1
    assert _ingredients(house, allowed) == ["Diffusion backbone"]


@pytest.mark.parametrize("kind", [training_pb.AdapterRemoved, training_pb.AdapterRevoked])
def test_an_adapter_that_is_gone_is_forgotten(house, kind) -> None:
    allowed, trained = _early(house)
    house.deliver(trained)
    news = {name: getattr(trained, name) for name in ("subject_id", "consent_id", "consent_revision", "adapter_id")}
    house.deliver(kind(**news), times=2)
    assert _known(house, allowed) is None


def test_nobody_is_told_of_another_persons_adapter(house) -> None:
    allowed, trained = _early(house)
    trained.subject_id = new_id()
    house.deliver(trained)
    assert _known(house, allowed) is None


def test_facts_are_kept_as_they_were_first_told(house) -> None:
    allowed, trained = _early(house)
    house.deliver(trained)
    trained.photo_count = 99
    house.deliver(trained)
    assert _known(house, allowed) == Adapter("a" * 64, "b" * 64, 9)


def test_late_news_bring_no_erased_person_back(house) -> None:
    allowed, trained = _early(house)
    house.keyring.destroy(allowed.subject_id)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
    house.work()
    house.deliver(trained)
    assert _known(house, allowed) is None


def _known(house, allowed) -> Adapter | None:
    with house.ports.reads() as store:
        return store.adapters.get(SubjectId(allowed.subject_id), AdapterId(allowed.adapter_id))
