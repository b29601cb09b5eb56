"""Pictures that begin at another one, with fakes around the service."""

from __future__ import annotations

from typing import Any

import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.generation.domain.edit import Beginning, Changes, Kept, parse_changes
from semblance.generation.domain.errors import InvalidOrder, SourceGone
from semblance.generation.domain.image import Image, State
from semblance.generation.domain.order import Order, Words
from semblance.generation.handlers import images
from semblance.kernel.consent import Consent
from semblance.kernel.errors import ConsentRevoked
from semblance.kernel.ids import AdapterId, ImageId, SubjectId, new_id

CHANGES = Changes(0.5, Kept.FACE)


def published(service: Any, consent: Consent, adapter_id: AdapterId, **more: Any) -> Image:
    image = service.create(consent, adapter_id, **more)
    service.do_work()
    service.deliver(provenance_pb.ImagePublished(image_id=image.id, manifest_id="m1"))
    made: Image = service.get(image)
    return made


def edited(service: Any, consent: Consent, adapter_id: AdapterId, source: Image, **changes: Any) -> Image:
    command = images.CreateImage(
        service.subject_id,
        consent.id,
        ImageId(new_id()),
        adapter_id,
        Words("on a beach", ""),
        Order(8, None, None, None),
        source=images.FromPicture(source.id, CHANGES),
        **changes,
    )
    return images.create_image(command, service.ports)


@pytest.fixture
def begun(service: Any) -> tuple[Any, Consent, AdapterId, Image]:
    consent, adapter_id = service.enrol()
    return service, consent, adapter_id, published(service, consent, adapter_id)


def test_an_edit_is_drawn_from_the_published_file_and_says_so(begun: Any) -> None:
    service, consent, adapter_id, source = begun
    edit = edited(service, consent, adapter_id, source)
    service.do_work()
    assert service.get(edit).state is State.QUARANTINED
    assert service.renderer.began[-1] == Beginning(f"file of {source.id}".encode(), CHANGES)
    assert "file of" not in repr(service.renderer.began[-1])
    assert service.said(events_pb2.ImageRequested)[-1].source_image_id == source.id
    assert [said.source_image_id for said in service.said(events_pb2.ImageRendered)] == ["", source.id]


def test_only_a_published_picture_of_the_same_person_is_edited(begun: Any) -> None:
    service, consent, adapter_id, source = begun
    queued = service.create(consent, adapter_id)
    with pytest.raises(SourceGone):
        edited(service, consent, adapter_id, queued)
    service.subject_id = SubjectId(new_id())
    theirs, their_adapter = service.enrol()
    with pytest.raises(SourceGone):
        edited(service, theirs, their_adapter, source)
    assert len(service.said(events_pb2.ImageRequested)) == 2


def test_whoever_asks_under_a_grant_edits_only_what_they_asked_for_and_may_see(begun: Any) -> None:
    service, _, adapter_id, source = begun
    grantee = SubjectId(new_id())
    grant = service.consents.grant(service.subject_id, grantee_id=grantee)
    shared = images.Shared(grantee, review=False)
    with pytest.raises(SourceGone):
        edited(service, grant, adapter_id, source, shared=shared)
    theirs = published(service, grant, adapter_id, shared=shared)
    assert edited(service, grant, adapter_id, theirs, shared=shared).requester_id == grantee
    images.set_visibility(service.subject_id, theirs.id, service.ports, shown=False)
    with pytest.raises(SourceGone):
        edited(service, grant, adapter_id, theirs, shared=shared)


@pytest.mark.parametrize("when", ["asked", "queued", "drawn", "quarantined"])
def test_a_picture_that_is_hidden_ends_what_its_asker_has_made_of_it(begun: Any, when: str) -> None:
    service, consent, adapter_id, _ = begun
    grantee = SubjectId(new_id())
    grant = service.consents.grant(service.subject_id, grantee_id=grantee)
    shared = images.Shared(grantee, review=False)
    source = published(service, grant, adapter_id, shared=shared)

    def hide(step: int = 2) -> None:
        if step == 2:
            images.set_visibility(service.subject_id, source.id, service.ports, shown=False)

    if when == "asked":  # between the look at the source and the edit's row
        service.prompts.hook = hide
        with pytest.raises(SourceGone):
            edited(service, grant, adapter_id, source, shared=shared)
        return
    theirs = edited(service, grant, adapter_id, source, shared=shared)
    if when == "queued":
        hide()
    if when == "drawn":
        service.renderer.between = hide
    own = edited(service, consent, adapter_id, source)
    service.do_work()
    if when == "quarantined":
        hide()
        service.do_work()
    ended = service.get(theirs)
    assert (ended.state, ended.reason_codes, ended.sealed_words) == (State.FAILED, ("source-gone",), b"")
    assert service.get(own).state is State.QUARANTINED, "its person goes on"
    assert f"{theirs.subject_id}/{theirs.id}.png" not in service.quarantine()


@pytest.mark.parametrize("how", ["removed", "taken down"])
@pytest.mark.parametrize("when", ["queued", "drawn", "quarantined"])
def test_a_source_that_goes_ends_the_edit_before_it_is_published(begun: Any, how: str, when: str) -> None:
    service, consent, adapter_id, source = begun
    edit = edited(service, consent, adapter_id, source)

    def go(step: int = 2) -> None:
        if step == 2 and how == "removed":
            images.remove_image(service.subject_id, source.id, service.ports)
        elif step == 2:
            service.deliver(provenance_pb.ImageTakenDown(image_id=source.id))

    if when == "drawn":
        service.renderer.between = go
    elif when == "queued":
        go()
    service.do_work()
    if when == "quarantined":
        go()
        service.do_work()
    ended = service.get(edit)
    assert (ended.state, ended.reason_codes, ended.sealed_words) == (State.FAILED, ("source-gone",), b"")
    assert service.quarantine() == []
    assert [said.reason_code for said in service.said(events_pb2.ImageFailed)] == ["source-gone"]


def test_a_source_that_provenance_no_longer_gives_out_ends_the_edit(begun: Any) -> None:
    service, consent, adapter_id, source = begun
    edit = edited(service, consent, adapter_id, source)
    service.sources.gone.add(source.id)
    service.do_work()
    assert service.get(edit).reason_codes == ("source-gone",)
    assert len(service.renderer.calls) == 1


def test_the_consent_that_the_source_was_made_under_must_stand(begun: Any) -> None:
    service, consent, _, source = begun
    later = service.consents.grant(service.subject_id)
    adapter_id = service.add_adapter(later)
    edit = edited(service, later, adapter_id, source)
    service.consents.revoke(consent.id)
    with pytest.raises(ConsentRevoked):
        edited(service, later, adapter_id, source)
    service.deliver(
        identity_pb.ConsentRevoked(
            subject_id=consent.subject_id, consent_id=consent.id, consent_revision=2, reason="withdrawn"
        )
    )
    assert service.get(edit).state is State.REVOKED


@pytest.mark.parametrize("strength", [0.0, -0.1, 1.01, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(InvalidOrder, match="strength"):
        parse_changes(strength, Kept.NOTHING, None)


def test_an_edit_that_would_draw_no_step_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(InvalidOrder, match="at least 20 steps or a strength"):
        parse_changes(0.05, Kept.NOTHING, 12)
    assert parse_changes(0.05, Kept.NOTHING, 20).strength == 0.05
    assert parse_changes(0.05, Kept.NOTHING, None).strength == 0.05
