import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.generation.domain.errors import AdapterNotReady, PromptRefused, TooManyImages, UnknownAdapter
from semblance.generation.domain.image import State
from semblance.generation.domain.order import Words
from semblance.generation.handlers import images
from semblance.generation.ports import PromptVerdict
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentMissing, ConsentRevoked, NotFound, Unavailable
from semblance.kernel.ids import AdapterId, SubjectId, new_id


def test_a_picture_is_queued_once_however_often_it_is_asked_for(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    first = service.create(consent, adapter_id)
    again = service.create(consent, adapter_id, first.id, prompt="something else")
    assert first == again
    assert first.state is State.QUEUED
    assert service.prompts.asked == [Words("in Paris", "sad")]
    [said] = service.said(events_pb2.ImageRequested)
    assert (said.image_id, said.adapter_id, said.subject_id) == (first.id, adapter_id, service.subject_id)


def test_the_prompt_rests_sealed(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    assert b"Paris" not in image.sealed_words
    assert service.ports.words.open(service.subject_id, image.sealed_words).prompt == "in Paris"


def test_a_prompt_that_is_not_allowed_is_refused_without_being_repeated(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.prompts.verdict = PromptVerdict(False, "Pictures of this kind are not made.")
    with pytest.raises(PromptRefused) as refused:
        service.create(consent, adapter_id, prompt="forbidden words")
    assert "forbidden" not in str(refused.value)
    assert refused.value.code == "prompt-refused"
    assert service.said(events_pb2.ImageRequested) == []


def test_without_the_filter_nothing_is_queued(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.prompts.away = True
    with pytest.raises(Unavailable):
        service.create(consent, adapter_id)
    assert service.said(events_pb2.ImageRequested) == []


def test_without_consent_nothing_is_queued(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    training_only = service.consents.grant(service.subject_id, purposes=frozenset({Purpose.TRAIN}))
    with pytest.raises(ConsentMissing):
        service.create(training_only, adapter_id)
    with pytest.raises(ConsentMissing):
        service.create(service.consents.grant(new_id()), adapter_id)
    later = service.consents.grant(service.subject_id)
    service.consents.revoke(consent.id)
    with pytest.raises(ConsentRevoked):
        service.create(consent, adapter_id)
    with pytest.raises(ConsentRevoked):
        service.create(later, adapter_id)  # the consent that the adapter was trained under is gone
    assert service.said(events_pb2.ImageRequested) == []


@pytest.mark.parametrize("state", ["queued", "training", "refused", "failed", "removed"])
def test_an_adapter_must_be_ready(service, state: str) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.adapters.turn(adapter_id, state)
    with pytest.raises(AdapterNotReady, match=state) as refused:
        service.create(consent, adapter_id)
    assert refused.value.code == "adapter-not-ready"


def test_an_adapter_that_went_with_its_consent_cannot_be_used(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.adapters.turn(adapter_id, "revoked")
    with pytest.raises(ConsentRevoked):
        service.create(consent, adapter_id)


def test_another_persons_things_are_not_there(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)
    stranger = SubjectId(new_id())
    with pytest.raises(NotFound):
        images.get_image(stranger, image.id, service.ports)
    with pytest.raises(NotFound):
        images.remove_image(stranger, image.id, service.ports)
    assert images.list_images(stranger, "", 0, service.ports) == ([], "")
    owner, service.subject_id = service.subject_id, stranger
    theirs = service.consents.grant(stranger)
    with pytest.raises(NotFound):
        service.create(theirs, adapter_id, image.id)
    with pytest.raises(UnknownAdapter):
        service.create(theirs, adapter_id)
    assert owner != stranger


def test_an_unknown_adapter_is_not_there(service) -> None:  # type: ignore[no-untyped-def]
    consent, _ = service.enrol()
    with pytest.raises(UnknownAdapter):
        service.create(consent, AdapterId(new_id()))


def test_so_many_pictures_may_wait(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    for _ in range(3):
        service.create(consent, adapter_id)
    with pytest.raises(TooManyImages):
        service.create(consent, adapter_id)


def test_pictures_are_listed_in_pages(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    made = [service.create(consent, adapter_id).id for _ in range(3)]
    first, after = images.list_images(service.subject_id, "", 2, service.ports)
    rest, end = images.list_images(service.subject_id, after, 2, service.ports)
    assert [image.id for image in (*first, *rest)] == sorted(made, reverse=True), "newest first"
    assert end == ""
