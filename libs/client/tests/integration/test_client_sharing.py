"""What others may make, through the SDK and the command."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator

import pytest

from semblance.client import ApiError, Client
from semblance.client.command.app import main
from semblance.client.models import CaptureFrame

PASSWORD = "correct horse battery"


@pytest.fixture
def app(served) -> Iterator[Client]:
    with Client(served.url) as made:
        account = made.create_account("booth", PASSWORD)
        made.sign_in("booth", PASSWORD)
        served.world.platform.sharing.apps[account.subject_id] = "Photo Booth"
        yield made


@pytest.mark.usefixtures("services")
def test_asked_allowed_made_reviewed_and_withdrawn(ada: Client, app: Client, consent_id: str) -> None:
    adapter = ada.train_adapter(consent_id)
    assert ada.wait(adapter.id, timeout_s=30).state == "ready"
    assert ada.sharing().level == "only_me"
    assert ada.set_sharing("apps", ["no alcohol"]).limits == ("no alcohol",)
    asked = app.ask_grant(ada.me().subject_id, "five portraits", 5, 30, uses=["personal", "editorial"])
    assert (asked.state, asked.subject_id) == ("asked", None)
    [seen] = ada.grants()
    assert (seen.id, seen.grantee.name, seen.purpose) == (asked.id, "Photo Booth", "five portraits")
    simulated = ada.simulate(allow={"grant_id": asked.id, "pictures": 1, "days": 7})
    assert [grant.id for grant in simulated.start] == [asked.id]
    assert ada.allow_grant(asked.id, 1, 7, limits=["no hats"]).pictures_left == 1
    assert app.check_grant(asked.id, use="personal").allowed
    image = app.create_shared_image(asked.id, "a portrait", use="personal", seed=3)
    assert image.use == "personal"
    assert app.wait(image.id, timeout_s=30).state == "published"
    with pytest.raises(ApiError, match="approved"):
        app.image_content(image.id)
    [item] = ada.inbox()
    assert ada.approve_image(item.image.id).image.visibility == "shown"
    assert app.image_content(image.id).data
    assert [made.id for made in app.shared_images()] == [image.id]
    with pytest.raises(ApiError) as spent:
        app.create_shared_image(asked.id, "another")
    assert spent.value.code == "grant-used-up"
    assert ada.hide_image(image.id).image.visibility == "hidden"
    assert [grant.state for grant in app.grants(as_grantee=True)] == ["allowed"]
    assert ada.withdraw_grant(asked.id).state == ada.withdraw_grant(asked.id).state == "withdrawn"
    answer = app.check_grant(asked.id)
    assert (answer.allowed, [reason.code for reason in answer.reasons]) == (False, ["consent-revoked"])
    given = ada.give_grant(app.me().subject_id, 1, 7, review=False)
    assert app.grant(given.id).state == "allowed"
    refused = app.ask_grant(ada.me().subject_id, "more", 1, 1)
    assert ada.refuse_grant(refused.id).state == "refused"


@pytest.fixture
def run(served, tmp_path, monkeypatch, capsys) -> Callable[..., str]:
    monkeypatch.setenv("SEMBLANCE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SEMBLANCE_URL", served.url)
    monkeypatch.setenv("NO_COLOR", "1")

    def made(who: Client, *arguments: str) -> str:
        monkeypatch.setenv("SEMBLANCE_TOKEN", str(who.token))
        monkeypatch.setattr(sys, "argv", ["semblance", *arguments])
        with contextlib.suppress(SystemExit):
            main()
        said = capsys.readouterr()
        assert not said.err.strip(), said.err
        return said.out

    return made


@pytest.mark.usefixtures("services")
def test_the_commands(run, ada: Client, app: Client, consent_id: str) -> None:
    ada.wait(ada.train_adapter(consent_id).id, timeout_s=30)
    assert "apps" in run(ada, "sharing", "set", "apps", "--limit", "no alcohol")
    assert json.loads(run(ada, "sharing", "show", "--json"))["limits"] == ["no alcohol"]
    grant_id = json.loads(run(app, "grants", "ask", ada.me().subject_id, "portraits", "--pictures", "5", "--json"))[
        "id"
    ]
    assert "app Photo Booth, asked for 5" in run(ada, "grants", "list")
    allow = ("grants", "allow", grant_id, "--pictures", "2", "--deny-use", "ads", "--allow-use", "greeting-card")
    assert "allowed 2, 2 left, for greeting-card, not for ads" in run(ada, *allow)
    undeclared = run(app, "grants", "check", grant_id)
    assert undeclared.startswith("use-required: ")
    assert "one of: greeting-card." in undeclared
    assert run(app, "grants", "check", grant_id, "--use", "dating").startswith("use-denied: ")
    assert run(app, "grants", "check", grant_id, "--use", "greeting-card") == "Yes: 2 left.\n"
    made = run(app, "grants", "make", grant_id, "a portrait", "--use", "greeting-card", "--wait")
    assert "published, for you waiting" in made
    image_id = made.split()[1]
    assert "for Photo Booth: waiting" in run(ada, "inbox", "list")
    assert "shown" in run(ada, "inbox", "approve", image_id)
    assert "hidden" in run(ada, "inbox", "hide", image_id)
    assert "nobody but you" in run(ada, "sharing", "set", "only_me", "--dry-run")
    assert "could make no more pictures" in run(ada, "grants", "withdraw", grant_id, "--dry-run")
    assert "withdrawn" in run(ada, "grants", "withdraw", grant_id)
    assert "withdrawn" in run(app, "grants", "list", "--asked")
    assert "allowed 1" in run(ada, "grants", "give", app.me().subject_id, "--no-review")
    again = json.loads(run(app, "grants", "ask", ada.me().subject_id, "more", "--json"))["id"]
    assert "refused" in run(ada, "grants", "refuse", again)
    together = json.loads(run(ada, "grants", "give", app.me().subject_id, "--together", "--json"))["id"]
    assert "also together with others" in run(ada, "grants", "list")
    ask = ("image", "create", "in a garden", "--at", "left", "--with", f"{together}@0.5,0,1,1", "--json")
    own = app.opt_in(
        "Booth", lambda _session: [CaptureFrame(at_ms=at, jpeg=b"\xff\xd8\xff") for at in (0, 500)], adult=True
    )
    app.wait(app.train_adapter(own.id).id, timeout_s=30)
    made = json.loads(run(app, *ask))
    assert (made["people"], made["visibility"]) == (2, "waiting")
    assert "you and 1 more" in run(ada, "inbox", "list")
