"""Pictures of several: everybody's consent is asked at every place, and each has their own view of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.generation.domain.edit import Changes, Kept
from semblance.generation.domain.errors import InvalidOrder, PromptRefused, SourceGone, UnknownImage
from semblance.generation.domain.image import Image, State, Visibility
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area, Canvas, canvas, parse_area
from semblance.generation.handlers import images
from semblance.generation.handlers.editing import FromPicture
from semblance.generation.handlers.terms import Shared, Sitter
from semblance.generation.handlers.together import Placed
from semblance.generation.main import people_max
from semblance.generation.ports import PromptVerdict
from semblance.generation.settings import GenerationSettings
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentMissing, Forbidden, Invalid
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.kernel.use import Use

pytestmark = pytest.mark.integration
LEFT, RIGHT = Area(0, 0, 0.5, 1), Area(0.5, 0, 1, 1)
ANOTHER = "consent-of-another-required"


class Pair:
    """Ada asks for a picture of herself and of Bob, who gave her a grant."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.own, self.adapter_id = service.enrol()
        self.ada = service.subject_id
        service.subject_id = self.bob = SubjectId(new_id())
        self.theirs, self.bobs_adapter = service.enrol()
        service.subject_id = self.ada
        self.grant = service.consents.grant(self.bob, purposes=frozenset({Purpose.GENERATE}), grantee_id=self.ada)

    def placed(self, **more: Any) -> Placed:
        shared = Shared(self.ada, more.pop("review", False), limits=("no alcohol",))
        consent = more.pop("consent", self.grant)
        return Placed(Sitter(self.bob, consent.id, self.bobs_adapter, shared), more.pop("area", RIGHT))

    def ask(self, beside: tuple[Placed, ...] | None = None, **more: Any) -> Image:
        beside = (self.placed(),) if beside is None else beside
        command = images.CreateImage(
            self.ada,
            self.own.id,
            ImageId(new_id()),
            self.adapter_id,
            Words("in Paris", more.pop("negative", ""), ("", *("reading" for _ in beside)) if beside else ()),
            Order(7, None, None, None, more.pop("area", LEFT)),
            beside=beside,
            **more,
        )
        return images.create_image(command, self.service.ports)

    def of(self, subject_id: str, image: Image) -> Image:
        return images.get_image(SubjectId(subject_id), image.id, self.service.ports)

    def drawn(self, **more: Any) -> Image:
        image = self.ask(**more)
        self.service.do_work()
        return self.of(self.ada, image)

    def published(self, **more: Any) -> Image:
        image = self.drawn(**more)
        self.service.deliver(provenance_pb.ImagePublished(image_id=image.id, manifest_id="m"))
        return self.of(self.ada, image)

    def take_back(self, consent: Any, reason: str = "withdrawn") -> None:
        self.service.consents.revoke(consent.id)
        event = identity_pb.ConsentRevoked(subject_id=consent.subject_id, consent_id=consent.id, reason=reason)
        self.service.deliver(event)


@pytest.fixture
def pair(service: Any) -> Pair:
    return Pair(service)


def test_both_are_drawn_each_in_their_place_and_both_are_told(pair: Pair) -> None:
    image = pair.drawn()
    assert (image.state, image.people) == (State.QUARANTINED, 2)
    [(words, order, _)], [[beside]] = pair.service.renderer.calls, pair.service.renderer.beside
    assert (words.said, order.area, beside.area) == (("", "reading"), LEFT, RIGHT)
    assert beside.adapter.whose.subject_id == pair.bob
    for kind in (events_pb2.ImageRequested, events_pb2.ImageRendered):
        [told] = pair.service.said(kind)[0].further_subjects
        assert (told.subject_id, told.consent_id, told.adapter_id) == (pair.bob, pair.grant.id, pair.bobs_adapter)
    assert pair.service.prompts.limits == ("no alcohol",), "each is asked with their own limits"
    assert pair.service.prompts.asked[0] == Words("in Paris, reading", ""), "of all that is said"


def test_each_reads_their_own_consent_and_nothing_of_the_other(pair: Pair) -> None:
    image = pair.ask(beside=(pair.placed(review=True),))
    seen = pair.of(pair.bob, image)
    assert (seen.consent_id, seen.adapter_id, seen.requester_id) == (pair.grant.id, pair.bobs_adapter, pair.ada)
    assert (seen.visibility, seen.others, seen.sealed_words) == (Visibility.WAITING, (), b"")
    assert image.for_asker is Visibility.WAITING
    [listed], _ = images.list_images(pair.bob, "", 10, pair.service.ports, by_others=True)
    assert listed == seen
    assert images.list_images(pair.bob, "", 10, pair.service.ports)[0] == []
    [counted] = images.count_images(pair.bob, pair.service.ports)
    assert (counted.consent_id, counted.by_others, counted.count) == (pair.grant.id, True, 1)
    images.set_visibility(pair.bob, image.id, pair.service.ports, shown=True)
    assert pair.of(pair.ada, image).for_asker is Visibility.SHOWN
    for stranger in (SubjectId(new_id()), pair.ada):
        with pytest.raises(UnknownImage):
            images.set_visibility(stranger, image.id, pair.service.ports, shown=False)


@pytest.mark.parametrize(("whose", "state", "reason"), [("theirs", "failed", ANOTHER), ("own", "revoked", "")])
@pytest.mark.parametrize("when", ["queued", "drawn", "quarantined"])
def test_whoever_takes_it_back_stops_it(pair: Pair, whose: str, state: str, reason: str, when: str) -> None:
    consent = pair.grant if whose == "theirs" else pair.own
    image = pair.ask()
    if when == "drawn":
        pair.service.renderer.between = lambda step: step == 2 and pair.take_back(consent)
    if when != "queued":
        pair.service.do_work()
    if when != "drawn":
        pair.take_back(consent)
    pair.service.do_work()
    ended = pair.of(pair.ada, image)
    assert (ended.state.value, pair.service.quarantine()) == (state, [])
    if reason:
        assert ended.reason_codes == (reason,)
        [failed] = pair.service.said(events_pb2.ImageFailed)
        assert [each.consent_id for each in failed.further_subjects] == [pair.grant.id]


def test_an_adapter_that_the_other_removes_ends_it(pair: Pair) -> None:
    image = pair.ask()
    pair.service.adapters.turn(pair.bobs_adapter, "revoked")
    pair.service.deliver(training_pb.AdapterRevoked(subject_id=pair.bob, adapter_id=pair.bobs_adapter))
    assert pair.of(pair.ada, image).reason_codes == (ANOTHER,)


def test_either_deletes_it_for_both(pair: Pair) -> None:
    image = pair.published()
    assert images.remove_image(pair.bob, image.id, pair.service.ports).consent_id == pair.grant.id
    assert pair.of(pair.ada, image).state is State.REMOVED


@pytest.mark.parametrize(("out", "state"), [(True, State.REMOVED), (False, State.FAILED)])
def test_it_goes_with_the_erasure_of_the_other(pair: Pair, out: bool, state: State) -> None:
    image = pair.published() if out else pair.ask()
    pair.take_back(pair.grant, reason="erasure")
    pair.service.keyring.destroy(pair.bob)
    pair.service.deliver(platform_pb.ErasureRequested(subject_id=pair.bob, erasure_id=new_id()))
    pair.service.do_work()
    left = pair.of(pair.ada, image)
    assert (left.state, left.others, left.people) == (state, (), 2)
    [erased] = pair.service.said(platform_pb.ServiceErased)
    assert {"database:image_people": 1}.items() <= {each.store: each.count for each in erased.stores}.items()
    with pytest.raises(UnknownImage):
        pair.of(pair.bob, image)


def test_a_consent_that_does_not_cover_whoever_asks_covers_nothing(pair: Pair) -> None:
    for consent in (pair.theirs, pair.own):
        with pytest.raises(ConsentMissing):
            pair.ask(beside=(pair.placed(consent=consent),))
    pair.service.consents.revoke(pair.grant.id)
    with pytest.raises(Forbidden):
        pair.ask()


def test_what_cannot_be_drawn_is_refused(pair: Pair) -> None:
    bob = pair.placed()
    me = Placed(Sitter(pair.ada, pair.own.id, pair.adapter_id, None), RIGHT)
    for beside in ((me,), (bob, bob), (replace(bob, area=Area(0.4, 0, 1, 1)),)):
        with pytest.raises(InvalidOrder):
            pair.ask(beside=beside)
    with pytest.raises(Invalid, match="at most 3 people"):
        pair.ask(beside=(bob, me, me, me))
    for wrong in ({"area": None}, {"negative": "sad"}, {"beside": ()}):
        with pytest.raises(InvalidOrder):
            pair.ask(**wrong)
    stranger = Placed(replace(bob.sitter, shared=Shared(SubjectId(new_id()), review=False)), RIGHT)
    with pytest.raises(InvalidOrder):
        pair.ask(beside=(stranger,))
    for edges in ((0.0, 0.0, 0.05, 1.0), (0.5, 0.0, 0.4, 1.0), (0.0, 0.0, float("nan"), 1.0), (0.0, 0.0, 1.1, 1.0)):
        with pytest.raises(InvalidOrder):
            parse_area(*edges)


def test_an_edit_shows_the_same_people_where_they_were_and_asks_each_again(pair: Pair) -> None:
    source = pair.published()
    begin = FromPicture(source.id, Changes(0.5, Kept.FACE))
    again = (pair.placed(area=None),)
    edit = pair.drawn(beside=again, area=None, source=begin)
    assert (edit.state, edit.people, edit.order.area, edit.others[0].area) == (State.QUARANTINED, 2, LEFT, RIGHT)
    assert pair.service.renderer.began[-1].changes == begin.changes
    assert [beside.area for beside in pair.service.renderer.beside[-1]] == [RIGHT]
    assert pair.service.prompts.limits == ("no alcohol",)
    other = pair.service.consents.grant(pair.bob, purposes=frozenset({Purpose.GENERATE}), grantee_id=pair.ada)
    for wrong in (
        {"beside": ()},  # bob would be in it unasked
        {"beside": (pair.placed(area=RIGHT),)},
        {"beside": (pair.placed(area=None, consent=other),)},
        {"beside": (*again, *again)},
        {"area": LEFT},
    ):
        with pytest.raises(InvalidOrder):
            pair.ask(**{"beside": again, "area": None, "source": begin} | wrong)
    alone = pair.service.create(pair.own, pair.adapter_id)
    pair.service.do_work()
    pair.service.deliver(provenance_pb.ImagePublished(image_id=alone.id, manifest_id="m"))
    with pytest.raises(InvalidOrder, match="nobody is added"):
        pair.ask(beside=again, area=None, source=FromPicture(alone.id, begin.changes))
    waits = pair.ask(beside=again, area=None, source=begin)
    images.set_visibility(pair.bob, source.id, pair.service.ports, shown=False)
    with pytest.raises(SourceGone):
        pair.ask(beside=again, area=None, source=begin)
    for ended in (waits, edit):  # queued, and drawn and not yet published
        assert pair.of(pair.ada, ended).reason_codes == ("source-gone",)
    images.set_visibility(pair.bob, source.id, pair.service.ports, shown=True)
    waits = pair.ask(beside=again, area=None, source=begin)
    pair.take_back(pair.grant)
    assert pair.of(pair.ada, waits).reason_codes == (ANOTHER,)


def test_each_whose_limits_refuse_it_is_named_to_the_service_that_asked(pair: Pair) -> None:
    pair.service.subject_id = cleo = SubjectId(new_id())
    _, cleos_adapter = pair.service.enrol()
    pair.service.subject_id = pair.ada
    grant = pair.service.consents.grant(cleo, purposes=frozenset({Purpose.GENERATE}), grantee_id=pair.ada)
    low = Sitter(cleo, grant.id, cleos_adapter, Shared(pair.ada, review=False, denied_uses=("advertising",)))
    everybody = pair.placed(area=Area(0.5, 0, 1, 0.5)), Placed(low, Area(0.5, 0.5, 1, 1))
    pair.service.prompts.forbidden = "no alcohol"
    with pytest.raises(PromptRefused) as refused:
        pair.ask(beside=everybody, use=Use.ADVERTISING)
    assert refused.value.by_limits_of == {pair.grant.id: "prompt-refused", grant.id: "use-denied"}
    with pytest.raises(PromptRefused) as refused:
        pair.ask(beside=everybody, use=Use.PERSONAL)
    assert refused.value.by_limits_of == {pair.grant.id: "prompt-refused"}
    pair.service.consents.revoke(grant.id)
    with pytest.raises(PromptRefused):
        pair.ask(beside=everybody)  # as before: what comes first is told
    pair.service.prompts.verdict = PromptVerdict(False, "never")
    with pytest.raises(PromptRefused) as refused:
        pair.ask()
    assert refused.value.by_limits_of == {pair.grant.id: "prompt-refused"}, "nobody gave a grant to themselves"


@pytest.mark.parametrize(("pipeline", "people"), [("FluxPipeline", 1), ("StableDiffusionXLPipeline", 3)])
def test_the_backbone_says_how_many_people_a_picture_shows(tmp_path: Path, pipeline: str, people: int) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    settings = GenerationSettings(backbone_dir=tmp_path, people_max=3)
    assert people_max(settings) == people
    assert people_max(settings.model_copy(update={"backbone_dir": tmp_path / "elsewhere"})) == 3


def test_each_part_is_about_as_large_as_a_picture_of_one() -> None:
    thirds = [Area(n / 3, 0, (n + 1) / 3, 1) for n in range(3)]
    quarters = [Area(x, y, x + 0.5, y + 0.5) for x in (0, 0.5) for y in (0, 0.5)]
    sizes = [canvas(areas) for areas in ([], [LEFT, RIGHT], thirds, quarters, [Area(0, 0, 1, 0.5), Area(0, 0.5, 1, 1)])]
    assert sizes == [Canvas(1, 1), Canvas(2, 1), Canvas(3, 1), Canvas(2, 2), Canvas(1, 2)]
