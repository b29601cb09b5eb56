"""Somebody lets an app make pictures of them, less than it asked for, looks at each, and takes it back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from semblance.client import audit_summary
from semblance.client.audit import check_log
from semblance.client.errors import ApiError
from semblance.client.models import Image
from semblance.client.sharing import Grant
from semblance.eventbus import envelope
from semblance.local.operator.app import app as operator
from semblance.local.testing.house import House, eventually
from semblance.local.testing.members import IMAGE_S, Member

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PURPOSE = "portraits for the xylograph almanac"
LIMIT = "no ophicleide concertos"


@dataclass
class Sharing:
    """Ana with an adapter, the app, and the grant between them."""

    house: House
    person: Member
    app: Member
    grant: Grant
    again: int = 0

    def picture(self, prompt: str = "a photo of me in a garden") -> Image:
        """Asked for by the app, at its end."""
        asked = self.app.client.create_shared_image(self.grant.id, prompt, use="greeting-card", seed=1)
        self.app.client.wait(asked.id, timeout_s=IMAGE_S)
        return self.app.client.image(asked.id)

    def granted_again(self) -> Grant:
        """Asked for and allowed once more."""
        self.again += 1
        self.person.client.set_sharing("apps")
        asked = self.app.client.ask_grant(self.person.subject_id, PURPOSE, 5, 30)
        return self.person.client.allow_grant(asked.id, 3, 7)

    def waited_for(self, grant: Grant) -> str:
        """A picture under way, and for a while; its id."""
        wish = "a photo of me by the sea"
        return self.app.client.create_shared_image(grant.id, wish, use="personal", steps=50).id

    def stopped_after(self, grant: Grant, image_id: str) -> float:
        """Seconds from the end of all sharing to that of the picture under way."""
        self.person.client.set_sharing("only_me")
        self.app.client.wait(image_id, timeout_s=IMAGE_S)
        assert self.app.client.image(image_id).state == "revoked"
        records = self.house.kept.records("identity.consent.v1", "generation.image.v1")
        events = [envelope.from_record(record) for record in records]
        [revoked] = [e for e in events if e.type.endswith("ConsentRevoked") and e.message.consent_id == grant.id]
        [ended] = [e for e in events if e.type.endswith("ImageRevoked") and e.message.consent_id == grant.id]
        return float((ended.time - revoked.time).total_seconds())


def a_second() -> float:
    """On a machine that keeps up; one with more work than cores is given as much more."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ApiError) as error:
        call()
    assert error.value.remedy or error.value.status == 404
    return error.value.status, error.value.code


def operate(house: House, *arguments: str) -> Any:
    done = CliRunner().invoke(
        operator, [*arguments, "--data", str(house.layout.data), "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sharing(house: House) -> Iterator[Sharing]:
    """The app asked for five, and was allowed three."""
    person, app = house.member("ana"), house.member("an app")
    consent = person.opt_in()
    person.send_photos(consent)
    assert person.train(consent).state == "ready"
    marked = operate(house, "apps", "verify", app.subject_id, "--name", f"Booth {app.handle}")
    asked = app.client.ask_grant(person.subject_id, PURPOSE, 5, 30)
    assert (asked.state, asked.subject_id) == ("asked", None)
    assert refused(lambda: app.client.create_shared_image(asked.id, "a photo")) == (403, "grant-not-given")
    assert refused(lambda: person.client.allow_grant(asked.id, 3, 7)) == (409, "level-too-low")
    person.client.set_sharing("apps", ["no alcohol"])
    [seen] = [grant for grant in person.client.grants() if grant.id == asked.id]
    assert (seen.purpose, seen.grantee.name) == (PURPOSE, marked["name"])
    grant = person.client.allow_grant(asked.id, 3, 7, limits=[LIMIT], denied_uses=["no ads"])
    assert (grant.state, grant.pictures_left) == ("allowed", 3)
    yield Sharing(house, person, app, grant)
    erasure = person.client.erase(person.password)
    person.client.wait_erased(erasure.id, timeout_s=120)  # others opt in with the same face


def test_a_picture_is_the_persons_and_the_app_gets_it_when_they_say_so(sharing: Sharing) -> None:
    app, person = sharing.app.client, sharing.person.client
    assert [r.code for r in app.check_grant(sharing.grant.id).reasons] == ["use-required"]
    assert app.check_grant(sharing.grant.id, use="greeting-card").allowed
    assert refused(lambda: app.create_shared_image(sharing.grant.id, "a photo")) == (422, "use-required")
    denied = refused(lambda: app.create_shared_image(sharing.grant.id, "a photo", use="advertising"))
    assert denied == (403, "use-denied")
    for prompt in ("me with a glass of beer", "me at an ophicleide concerto"):
        assert refused(lambda prompt=prompt: app.create_shared_image(sharing.grant.id, prompt, use="personal")) == (
            422,
            "prompt-refused",
        )
    assert app.grant(sharing.grant.id).pictures_left == 3
    made = sharing.picture()
    assert (made.state, made.visibility) == ("published", "waiting")
    assert refused(lambda: app.image_content(made.id)) == (403, "awaiting-approval")
    [item] = [item for item in person.inbox() if item.image.id == made.id]
    assert item.requested_by.id == sharing.app.subject_id
    person.approve_image(made.id)
    content = app.image_content(made.id)
    verified = app.verify(content.data)
    assert (verified.made_here, verified.consent_state) == (True, "active")
    assert person.image_content(made.id).data == content.data
    assert '"declared_use": "greeting-card"' in json.dumps(person.image_manifest(made.id).manifest)


def test_the_persons_log_names_the_app_and_what_it_was_refused(sharing: Sharing) -> None:
    person, app = sharing.person.client, f"the app Booth {sharing.app.handle}"

    def lines() -> list[str]:
        return [line.partition(" 20")[2][3:] for line in audit_summary.summary(person.audit())]

    eventually(lambda: any("1 published" in line for line in lines()), "the log has the picture")
    said = " ".join(lines())
    assert f"{app} asked for 5 pictures; you allowed 3" in said
    assert f"{app} was refused" in said or f"{app} asked for a picture for greeting cards: 1 published; and was" in said
    for words in ("for advertising: you do not allow that use", "it was not said what for", "your limits or the"):
        assert words in said
    with_log = check_log(person.audit_log())
    assert with_log.count > 5
    assert not any(word in str(list(person.audit())) for word in (PURPOSE, LIMIT, "no ads"))


def test_another_account_with_the_same_grant_is_refused(sharing: Sharing) -> None:
    stranger = sharing.house.member("a stranger").client
    grant_id = sharing.grant.id
    for call in (
        lambda: stranger.create_shared_image(grant_id, "a photo"),
        lambda: stranger.grant(grant_id),
        lambda: stranger.withdraw_grant(grant_id),
        lambda: sharing.person.client.create_shared_image(grant_id, "a photo"),
    ):
        assert refused(call) == (404, "not-found")


def refusals(client: Any, grant_id: str) -> set[Any]:
    """Why pictures under a grant were refused, as the person's own log tells it."""
    told = [entry for entry in client.audit() if entry.event_type.endswith("PictureRefused")]
    return {entry.facts.get("reason_code") for entry in told if entry.facts.get("consent_id") == grant_id}


def test_two_people_in_one_picture_which_either_takes_back(sharing: Sharing) -> None:
    friend, person = sharing.house.member("bo"), sharing.person.client
    consent = friend.opt_in()
    friend.send_photos(consent)
    adapter = friend.train(consent)
    alone = person.give_grant(friend.subject_id, 1, 7)
    beside: dict[str, Any] = {"others": [{"grant_id": alone.id, "region": "right"}], "region": "left", "seed": 1}
    me = adapter.id, "a photo of me in a garden"
    assert refused(lambda: friend.client.create_image(*me, **beside)) == (403, "not-together")
    grant = person.give_grant(friend.subject_id, 2, 7, together=True, limits=[LIMIT])
    beside["others"][0]["grant_id"] = grant.id
    concert = "me at an ophicleide concerto"
    assert refused(lambda: friend.client.create_image(adapter.id, concert, **beside)) == (422, "prompt-refused")
    eventually(lambda: "prompt-refused" in refusals(person, grant.id), "whose limits refuse it finds it in their log")
    asked = friend.client.create_image(*me, **beside)
    friend.client.wait(asked.id, timeout_s=IMAGE_S)
    made = friend.client.image(asked.id)
    assert (made.state, made.people, made.visibility, made.reason_codes) == ("published", 2, "waiting", [])
    assert (made.width_px, made.height_px) == (512, 256)
    assert refused(lambda: friend.client.image_content(made.id)) == (403, "awaiting-approval")
    [item] = [item for item in person.inbox() if item.image.id == made.id]
    assert (item.requested_by.id, item.grant_id, item.image.people) == (friend.subject_id, grant.id, 2)
    person.approve_image(made.id)
    content = friend.client.image_content(made.id)
    assert person.image_content(made.id).data == content.data
    assert friend.client.verify(content.data).consent_state == "active"
    edit = friend.client.edit_image(made.id, "a photo of me in the snow", keep="face", strength=0.4, seed=1)
    friend.client.wait(edit.id, timeout_s=IMAGE_S)
    edit = friend.client.image(edit.id)
    assert (edit.state, edit.people, edit.visibility, edit.reason_codes) == ("published", 2, "waiting", [])
    assert friend.client.grant(grant.id).pictures_left == 0
    manifest = json.dumps(friend.client.image_manifest(made.id).manifest)
    assert manifest.count("Adapter of one consenting person") >= 2
    assert not {friend.subject_id, sharing.person.subject_id, grant.id, consent.id} & set(manifest.split('"'))

    def told(client: Any) -> bool:
        entries = [entry for entry in client.audit() if entry.facts.get("image_id") == made.id]
        return {entry.facts.get("people") for entry in entries} == {2} and len(entries) >= 3

    for client in (person, friend.client):
        eventually(lambda client=client: told(client), "either's log tells of it")
    person.withdraw_grant(grant.id)
    assert refused(lambda: friend.client.image_content(made.id)) == (403, "consent-of-another-required")
    assert friend.client.verify(content.data).consent_state == "withdrawn"
    friend.client.wait_erased(friend.client.erase(friend.password).id, timeout_s=120)
    assert made.id not in [each.image.id for each in person.inbox()]
    assert friend.client.verify(content.data).consent_state == "erased"


def test_withdrawing_stops_a_picture_on_its_way_and_takes_the_rest_out_of_reach(sharing: Sharing) -> None:
    app, person = sharing.app.client, sharing.person.client
    [first] = [image for image in app.shared_images() if image.state == "published"]
    asked = sharing.waited_for(sharing.grant)
    told = person.simulate(set_sharing={"level": "only_me"})
    assert [grant.id for grant in told.stop] == [sharing.grant.id]
    assert told.pictures is not None
    assert (told.pictures.stopped, told.pictures.kept_of_others) == (1, 1)
    assert app.grant(sharing.grant.id).state == "allowed"  # simulating changes nothing
    took_s = sharing.stopped_after(sharing.grant, asked)
    assert app.grant(sharing.grant.id).state == "withdrawn"
    assert refused(lambda: app.create_shared_image(sharing.grant.id, "a photo")) == (403, "consent-revoked")
    assert refused(lambda: app.image_content(first.id)) == (403, "consent-revoked")
    verified = app.verify(person.image_content(first.id).data)
    assert verified.consent_state == "withdrawn"
    if took_s >= a_second():  # a disk that stands still for some seconds does so once
        again = sharing.granted_again()
        took_s = sharing.stopped_after(again, sharing.waited_for(again))
    assert took_s < a_second()
    person.remove_image(first.id)
    eventually(lambda: app.image(first.id).state == "removed", "the picture is gone for the app too")
    assert refused(lambda: app.image_content(first.id))[0] == 404
    assert first.id in [item.image.id for item in person.inbox()]


def test_free_words_are_in_no_event_file_or_log_line(sharing: Sharing) -> None:
    needles = {"purpose": PURPOSE.encode(), "limit": LIMIT.encode()}
    assert sharing.house.kept.files_with(needles) == []
    for record in sharing.house.kept.records():
        held = b"|".join([record.value or b"", *(value for _, value in record.headers)])
        assert not [name for name, needle in needles.items() if needle in held]


def test_erasing_the_app_counts_what_it_had_been_given(sharing: Sharing) -> None:
    client = sharing.app.client
    erasure = client.wait_erased(client.erase(sharing.app.password).id, timeout_s=120)
    counted = {(store.service, store.store): store.count for store in erasure.stores}
    assert counted["identity", "database:grants"] == 1 + sharing.again
    assert counted["generation", "database:image_requesters"] == 2 + sharing.again
    assert {item.requested_by.id for item in sharing.person.client.inbox()} == {"erased"}
    assert sharing.person.client.sharing().level == "only_me"
