"""Pictures that somebody else asks for under a grant: whose they are, who sees them, and what stops them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.generation.domain.errors import InvalidOrder, TooManyImages, UnknownImage, UseDenied, UseNotDeclared
from semblance.generation.domain.image import ERASED_REQUESTER, Image, State, Visibility
from semblance.generation.domain.order import Order, Words
from semblance.generation.handlers import images
from semblance.generation.ports import ImageCount
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentMissing
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.kernel.use import Use
from semblance.service_kit import owing
from semblance.service_kit.taken_back import Kind, TakenBack, TakenBackLog

pytestmark = pytest.mark.integration
GENERATE = frozenset({Purpose.GENERATE})


class Shared:
    """A person with an adapter, a grantee, and a grant between them."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.own, self.adapter_id = service.enrol()
        self.grantee = SubjectId(new_id())
        self.grant = service.consents.grant(service.subject_id, purposes=GENERATE, grantee_id=self.grantee)

    def ask(self, *, by: str | None = None, consent: Any = None, image_id: str = "", **more: Any) -> Image:
        command = images.CreateImage(
            self.service.subject_id,
            (consent or self.grant).id,
            ImageId(image_id or new_id()),
            self.adapter_id,
            Words("in Paris", more.pop("negative", "")),
            Order(7, None, None, None),
            use=more.pop("use", None),
            shared=images.Shared(SubjectId(by or self.grantee), more.pop("review", True), **more),
        )
        return images.create_image(command, self.service.ports)

    def published(self, **more: Any) -> Image:
        image = self.ask(**more)
        self.service.do_work()
        self.service.deliver(
            provenance_pb.ImagePublished(subject_id=self.service.subject_id, image_id=image.id, manifest_id="m")
        )
        return self.service.get(image)


@pytest.fixture
def shared(service: Any) -> Shared:
    return Shared(service)


def test_a_picture_belongs_to_the_person_and_says_who_asked(service: Any, shared: Shared) -> None:
    image = shared.ask(limits=("no hats",), denied_styles=("cartoon",))
    assert (image.subject_id, image.requester_id) == (service.subject_id, shared.grantee)
    assert (image.visibility, service.prompts.limits) == (Visibility.WAITING, ("no hats", "cartoon"))
    [said] = service.said(events_pb2.ImageRequested)
    assert (said.requester_id, said.consent_id) == (shared.grantee, shared.grant.id)
    assert shared.ask(image_id=image.id) == image
    assert shared.ask(review=False).visibility is Visibility.SHOWN
    assert service.do_work() == 2
    assert {drawn.requester_id for drawn in service.said(events_pb2.ImageRendered)} == {shared.grantee}


def test_the_declared_use_is_looked_at_before_the_prompt_and_kept(service: Any, shared: Shared) -> None:
    limits = {"allowed_uses": (Use.GREETING_CARD, Use.ADVERTISING), "denied_uses": ("no ads",)}
    with pytest.raises(UseNotDeclared) as undeclared:
        shared.ask(**limits)
    assert undeclared.value.remedy == "Send `use` with one of: greeting-card."
    for use in (Use.ADVERTISING, Use.PERSONAL):
        with pytest.raises(UseDenied):
            shared.ask(use=use, **limits)
    assert service.prompts.asked == []
    image = shared.published(use=Use.GREETING_CARD, requester_name="Postcards", **limits)
    assert image.use is Use.GREETING_CARD
    [asked], [drawn] = service.said(events_pb2.ImageRequested), service.said(events_pb2.ImageRendered)
    assert (asked.use, asked.requester_name, drawn.use) == ("greeting-card", "Postcards", "greeting-card")
    assert shared.ask(use=Use.DATING).use is Use.DATING


def test_only_the_grantee_and_only_under_the_grant(service: Any, shared: Shared) -> None:
    stranger = new_id()
    for wrong in ({"by": stranger}, {"by": service.subject_id}, {"consent": shared.own}):
        with pytest.raises(ConsentMissing):
            shared.ask(**wrong)
    with pytest.raises(ConsentMissing):
        service.create(shared.grant, shared.adapter_id)  # the person's own request under somebody else's grant
    with pytest.raises(InvalidOrder):
        shared.ask(negative="clothes")
    image = shared.ask()
    service.consents.grant(service.subject_id, consent_id=shared.grant.id, purposes=GENERATE, grantee_id=stranger)
    with pytest.raises(UnknownImage):
        shared.ask(by=stranger, image_id=image.id)
    assert len(service.said(events_pb2.ImageRequested)) == 1


def test_who_sees_what(service: Any, shared: Shared) -> None:
    own, theirs = service.create(shared.own, shared.adapter_id), shared.ask()
    ports, subject_id = service.ports, service.subject_id
    assert images.list_images(subject_id, "", 0, ports)[0] == [own]
    assert images.list_images(subject_id, "", 0, ports, by_others=True)[0] == [theirs]
    assert images.made_images(shared.grantee, "", 0, ports)[0] == [theirs]
    assert images.made_image(shared.grantee, theirs.id, ports) == theirs
    for requester, image in ((shared.grantee, own), (new_id(), theirs), (subject_id, theirs)):
        with pytest.raises(UnknownImage):
            images.made_image(SubjectId(requester), image.id, ports)
    for call in (images.get_image, images.remove_image):
        with pytest.raises(UnknownImage):  # the grantee owns nothing
            call(shared.grantee, theirs.id, ports)
    for subject, image in ((shared.grantee, theirs), (subject_id, own)):
        with pytest.raises(UnknownImage):
            images.set_visibility(subject, image.id, ports, shown=True)


def test_shown_and_hidden_as_often_as_the_person_likes(service: Any, shared: Shared, tmp_path: Path) -> None:
    owing.begin(service.database, tmp_path / "taken-back")
    image = shared.published()
    for shown in (True, False, True, True):
        decided = images.set_visibility(service.subject_id, image.id, service.ports, shown=shown)
        assert (decided.visibility is Visibility.SHOWN) == shown
        assert service.get(image).visibility is decided.visibility
    assert service.get(image).state is State.PUBLISHED
    noted = TakenBackLog(tmp_path / "taken-back").entries()
    assert list(noted) == [TakenBack(Kind.HIDDEN, service.subject_id, image.id)]


def test_withdrawing_the_grant_stops_what_is_under_way_and_keeps_what_is_out(service: Any, shared: Shared) -> None:
    out, queued, own = shared.published(), shared.ask(), service.create(shared.own, shared.adapter_id)
    service.consents.revoke(shared.grant.id)
    service.deliver(identity_pb.ConsentRevoked(consent_id=shared.grant.id, consent_revision=2))
    assert [service.get(image).state for image in (out, queued, own)] == [State.PUBLISHED, State.REVOKED, State.QUEUED]


def test_a_grant_that_ends_while_a_picture_is_drawn_stops_it(service: Any, shared: Shared) -> None:
    image = shared.ask()
    service.renderer.between = lambda step: service.consents.revoke(shared.grant.id) if step == 2 else None
    service.do_work()
    assert (service.get(image).state, service.quarantine()) == (State.REVOKED, [])


def test_others_cannot_fill_the_persons_own_queue(service: Any, shared: Shared) -> None:
    for _ in range(3):
        shared.ask()
    with pytest.raises(TooManyImages):
        shared.ask()
    for _ in range(3):
        service.create(shared.own, shared.adapter_id)
    with pytest.raises(TooManyImages):
        service.create(shared.own, shared.adapter_id)


def test_one_who_asks_for_many_shuts_nobody_else_out(service: Any, shared: Shared) -> None:
    def ask(grantee: str) -> None:
        grant = service.consents.grant(service.subject_id, purposes=GENERATE, grantee_id=grantee)
        shared.ask(by=grantee, consent=grant)

    for _ in range(3):
        shared.ask()
    another, third = new_id(), new_id()
    for _ in range(2):
        ask(another)
    for grantee in (another, third):  # five are open, as many as all others together may have
        with pytest.raises(TooManyImages):
            ask(grantee)
    service.create(shared.own, shared.adapter_id)


def test_counts(service: Any, shared: Shared) -> None:
    shared.published()
    shared.ask()
    service.create(shared.own, shared.adapter_id)
    found = set(images.count_images(service.subject_id, service.ports))
    grant, own = shared.grant.id, shared.own.id
    assert found == {
        ImageCount(grant, own, State.PUBLISHED, True, 1),
        ImageCount(grant, own, State.QUEUED, True, 1),
        ImageCount(own, own, State.QUEUED, False, 1),
    }


def test_an_erased_requester_leaves_the_picture_and_no_name(service: Any, shared: Shared) -> None:
    image = shared.published()
    service.deliver(platform_pb.ErasureRequested(subject_id=shared.grantee, erasure_id=new_id()))
    service.do_work()
    assert service.get(image).requester_id == ERASED_REQUESTER
    assert images.list_images(service.subject_id, "", 0, service.ports, by_others=True)[0] == [service.get(image)]
    with pytest.raises(UnknownImage):
        images.made_image(shared.grantee, image.id, service.ports)
    [erased] = service.said(platform_pb.ServiceErased)
    assert {s.store: s.count for s in erased.stores}["database:image_requesters"] == 1


def test_erasing_the_person_takes_what_others_asked_for(service: Any, shared: Shared) -> None:
    image = shared.published()
    service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
    service.do_work()
    with pytest.raises(UnknownImage):
        images.made_image(shared.grantee, image.id, service.ports)
