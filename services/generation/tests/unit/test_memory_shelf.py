from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from semblance.generation.adapters import memory_shelf
from semblance.generation.adapters.memory_shelf import MemoryShelf
from semblance.generation.domain.errors import AdapterDamaged
from semblance.generation.main import build
from semblance.generation.ports import AdapterFacts
from semblance.generation.settings import GenerationSettings
from semblance.generation.testing.tried import MODELS
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import SubjectId, new_id
from semblance.objects import ADAPTERS, SealedObjects, Sealer, SubjectKeyDestroyed
from semblance.service_kit.periodic import Periodic


def facts(service) -> AdapterFacts:  # type: ignore[no-untyped-def]
    _, adapter_id = service.enrol()
    return service.adapters.known[adapter_id]  # type: ignore[no-any-return]


def test_an_adapter_is_opened_once(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    first = service.shelf.load(known)
    service.store.remove_prefix(ADAPTERS, "")
    assert service.shelf.load(known) is first
    assert first.lora == f"lora of {known.id}".encode()
    assert (first.whose.adapter_id, first.whose.digest) == (known.id, known.lora_sha256)
    assert "lora of" not in repr(first)


def test_the_packed_form_comes_along_where_training_names_one_that_is_there(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    assert service.shelf.load(known).flat == b""
    packed = replace(known, flat_key=f"{known.subject_id}/{known.id}/lora.flat")
    assert service.shelf.load(packed).flat == b""  # named, and not there: the engine packs the LoRA itself
    service.shelf.drop(known.id)
    SealedObjects(service.store, Sealer(service.keyring), ADAPTERS).put(known.subject_id, packed.flat_key, b"packed")
    assert service.shelf.load(packed).flat == b"packed"


def test_the_longest_unused_makes_room(service) -> None:  # type: ignore[no-untyped-def]
    consent, first = service.enrol()
    second, third = service.add_adapter(consent), service.add_adapter(consent)
    for adapter_id in (first, second, first, third):
        service.shelf.load(service.adapters.known[adapter_id])
    assert len(service.shelf) == 2
    assert service.shelf.drop(second) == 0
    assert service.shelf.drop(first) == 1
    assert service.shelf.drop(third) == 1


def test_dropping_by_consent_and_by_person(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    service.shelf.load(known)
    assert service.shelf.drop_consent(new_id()) == 0
    assert service.shelf.drop_consent(known.consent_id) == 1
    service.shelf.load(known)
    assert service.shelf.drop_subject(SubjectId(new_id())) == []
    assert service.shelf.drop_subject(known.subject_id) == [known.id]
    assert service.shelf.drop_subject(known.subject_id) == []
    assert len(service.shelf) == 0


def test_what_was_dropped_a_moment_before_an_erasure_is_told_by_it_and_once(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    for drop in (lambda: service.shelf.drop(known.id), lambda: service.shelf.drop_consent(known.consent_id)):
        service.shelf.load(known)
        assert drop() == 1
        service.clock.advance(60)
        assert service.shelf.drop_subject(known.subject_id) == [known.id]
        assert service.shelf.drop_subject(known.subject_id) == []
    service.shelf.load(known)
    service.shelf.drop(known.id)
    service.clock.advance(601)
    assert service.shelf.drop_subject(known.subject_id) == []


def test_what_nobody_uses_does_not_stay(service) -> None:  # type: ignore[no-untyped-def]
    consent, first = service.enrol()
    service.shelf.load(service.adapters.known[first])
    service.clock.advance(601)
    service.shelf.load(service.adapters.known[service.add_adapter(consent)])
    assert len(service.shelf) == 1
    assert service.shelf.drop(first) == 0


def test_nobody_need_draw_for_it_to_be_let_go_of(service) -> None:  # type: ignore[no-untyped-def]
    service.shelf.load(facts(service))
    service.clock.advance(600)
    assert service.shelf.drop_idle() == 0
    service.clock.advance(1)
    assert (service.shelf.drop_idle(), len(service.shelf)) == (1, 0)


def test_the_service_looks_by_the_clock_from_start_to_stop(tmp_path: Path) -> None:
    keys = {"keyring_dir": tmp_path / "keys", "keyring_kek_file": tmp_path / "kek"}
    application = build(GenerationSettings(database_url=f"sqlite:///{tmp_path}/rows.sqlite", models_dir=MODELS, **keys))
    started, stopped = (
        {hook.__self__ for hook in hooks} for hooks in (application.on_start, application.on_stop)
    )  # each a method of what runs
    assert [type(each) for each in started & stopped if isinstance(each, Periodic)] == [Periodic]
    application.database.close()


def test_bytes_that_are_not_those_trained_are_refused(service) -> None:  # type: ignore[no-untyped-def]
    known = replace(facts(service), lora_sha256="0" * 64)
    with pytest.raises(AdapterDamaged):
        service.shelf.load(known)
    assert len(service.shelf) == 0


def test_one_digest_under_two_people_is_opened_for_each(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    service.shelf.load(known)
    other = replace(known, subject_id=SubjectId(new_id()))
    with pytest.raises(Invalid, match=r"begin with its subject"):
        service.shelf.load(other)  # the other person's key does not open it


def test_a_destroyed_key_opens_nothing(service) -> None:  # type: ignore[no-untyped-def]
    known = facts(service)
    service.keyring.destroy(service.subject_id)
    with pytest.raises(SubjectKeyDestroyed):
        service.shelf.load(known)
    assert isinstance(service.shelf, MemoryShelf)


def test_what_was_in_memory_is_counted_apart(service, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    counter = provider.get_meter("semblance.generation").create_counter("semblance.adapters.loads")
    monkeypatch.setattr(memory_shelf, "_loads", counter)
    known = facts(service)
    for _ in range(3):
        service.shelf.load(known)
    [resource] = reader.get_metrics_data().resource_metrics
    [metric] = resource.scope_metrics[0].metrics
    assert {point.attributes["from"]: point.value for point in metric.data.data_points} == {"store": 1, "memory": 2}
    provider.shutdown()
