"""A picture that lost its credentials is recognised, says how the consent stands, and can be had taken down."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import encypher_c2pa
import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from semblance.client import audit_words
from semblance.client.command.app import app as command
from semblance.client.errors import ApiError
from semblance.client.models import Consent, Verification
from semblance.kernel.clock import SystemClock
from semblance.local.operator.app import app as operator
from semblance.local.testing.house import House, eventually
from semblance.local.testing.members import IMAGE_S, Member
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.domain.claim import Generator
from semblance.provenance.domain.conformance import require

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@dataclass
class Scene:
    """Somebody with two published pictures, and copies of them as a website hands them out."""

    house: House
    member: Member
    consent: Consent
    images: list[str]
    signed: list[bytes]
    copies: list[bytes]

    def verify(self, number: int) -> Verification:
        return self.member.client.verify(self.copies[number])


def recompressed(signed: bytes) -> bytes:
    """JPEG at 80, without any metadata."""
    output = io.BytesIO()
    Image.open(io.BytesIO(signed)).convert("RGB").save(output, "JPEG", quality=80)
    return output.getvalue()


@pytest.fixture(scope="module")
def scene(house: House) -> Iterator[Scene]:
    member = house.member("bo")
    consent = member.opt_in()
    member.send_photos(consent, 5)
    adapter = member.train(consent)
    assert adapter.state == "ready", adapter
    images = [member.picture(adapter, seed=seed) for seed in (1, 2)]
    assert [image.state for image in images] == ["published"] * 2
    signed = [member.client.image_content(image.id).data for image in images]
    copies = [recompressed(data) for data in signed]
    yield Scene(house, member, consent, [image.id for image in images], signed, copies)
    erasure = member.client.erase(member.password)
    member.client.wait_erased(erasure.id, timeout_s=120)  # others opt in with the same face


@pytest.fixture
def http(scene: Scene) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scene.house.url, timeout=60) as anybody:
        yield anybody


def operate(house: House, *arguments: str) -> Any:
    options = ["--data", str(house.layout.data), "--json"]
    done = CliRunner().invoke(operator, ["takedowns", *arguments, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_copy_without_credentials_leads_back_to_its_manifest(scene: Scene, http: httpx.Client) -> None:
    found = scene.verify(0)
    whole = scene.member.client.verify(scene.signed[0])
    assert (whole.state, whole.found_by, whole.consent_state) == ("Trusted", "manifest", "active")
    assert (found.state, found.made_here, found.manifest_id) == ("None", True, whole.manifest_id)
    assert found.found_by in {"watermark", "fingerprint"}
    assert (found.consent_state, found.picture_state) == ("active", "published")
    assert found.consent_at is not None
    assert found.consent_at.date() == scene.consent.expires_at.date(), "the day, and no more"

    headers = {"Content-Type": "image/jpeg"}
    matches = http.post("/v1/c2pa/matches/byContent", content=scene.copies[0], headers=headers).json()["matches"]
    assert matches[0]["manifestId"] == whole.manifest_id
    manifest = http.get(f"/v1/c2pa/manifests/{whole.manifest_id}")
    assert manifest.headers["content-type"] == "application/c2pa"
    assert manifest.content in scene.signed[0], "byte for byte what was signed"


def test_what_leaves_the_whole_platform_keeps_every_requirement_and_has_not_changed_since(
    scene: Scene, tmp_path, monkeypatch
) -> None:
    """Through storage and HTTP: the signed bytes, the adapter's credential in them, and a second reader that agrees."""
    monkeypatch.setenv("HOME", str(tmp_path))  # where the second reader would keep preferences
    authority = Authority(scene.house.layout.secrets / "signing", SystemClock())
    reader = C2paEngine(authority, Generator("a reader", "1", "com.example"))
    for image_id, data in zip(scene.images, scene.signed, strict=True):
        assert hashlib.sha256(data).hexdigest() == scene.member.client.image_manifest(image_id).sha256
        require(reader.crjson(data, "image/png"))
        root = authority.anchor_pem()
        report = encypher_c2pa.verify(data, "image/png", trust_pem=root, no_default_trust=True, telemetry=False)
        assert (report["integrity"], report["validation_results"]["failure"]) == ("valid", [])
        assert report["trust"]["status"] == "valid_for_supplied_material"


def test_no_byte_has_changed_between_the_signer_and_whoever_fetches_it(scene: Scene) -> None:
    for image_id, data in zip(scene.images, scene.signed, strict=True):
        query = "SELECT sha256, size_bytes FROM publications WHERE image_id = ?"
        (row,) = scene.house.kept.rows("provenance", query, image_id)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (row["sha256"], row["size_bytes"])


def test_the_command_says_it_in_plain_words(scene: Scene, tmp_path, monkeypatch) -> None:
    file = tmp_path / "seen.jpg"
    file.write_bytes(scene.copies[0])
    monkeypatch.setenv("SEMBLANCE_URL", scene.house.url)
    done = CliRunner().invoke(command, ["verify", str(file)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "ade by AI here" in done.stdout.splitlines()[0]
    assert "he person in it has agreed, and still does" in done.stdout


@pytest.mark.parametrize("keep", ["nothing", "face"])
def test_an_edit_is_a_picture_of_its_own_that_names_what_it_was_made_from(scene: Scene, keep: str) -> None:
    """All the way: asked, drawn from what provenance hands over, filtered, signed with the source as its parent."""
    client, source_id = scene.member.client, scene.images[0]
    asked = client.edit_image(source_id, "a photo of me in the snow", strength=0.6, keep=keep, seed=5)
    assert client.wait(asked.id, timeout_s=IMAGE_S).state == "published"
    assert client.image(asked.id).source_image_id == source_id
    data = client.image_content(asked.id).data
    authority = Authority(scene.house.layout.secrets / "signing", SystemClock())
    require(C2paEngine(authority, Generator("a reader", "1", "com.example")).crjson(data, "image/png"))
    manifests = client.image_manifest(asked.id).manifest
    active = manifests["manifests"][manifests["active_manifest"]]
    (parent,) = [one for one in active["ingredients"] if one["relationship"] == "parentOf"]
    assert parent["active_manifest"] == client.image_manifest(source_id).id
    whole, copy = client.verify(data), client.verify(recompressed(data))
    assert (whole.state, whole.found_by, whole.manifest_id) == ("Trusted", "manifest", manifests["active_manifest"])
    assert any("edited from another picture that was made here" in sentence for sentence in whole.sentences)
    assert copy.manifest_id == whole.manifest_id, "not its source's mark"
    client.remove_image(asked.id)


def test_a_strangers_photo_leads_nowhere(scene: Scene) -> None:
    found = scene.member.client.verify(scene.member.portraits(1)[0])
    assert (found.made_here, found.found_by, found.consent_state) == (False, "", "unknown")
    assert found.headline == "Nothing is known of this picture here."


def test_a_notice_is_decided_and_the_picture_goes_and_its_person_reads_why(scene: Scene, http: httpx.Client) -> None:
    form = {
        "signed_name": "Zebedee Quillfeather",
        "contact": "zebedee@example.org",
        "relation": "self",
        "statement_version": http.get("/v1/takedown-statement").json()["version"],
        "confirmed": "true",
    }
    made = http.post("/v1/takedowns", data=form, files={"picture": ("x", scene.copies[1], "image/jpeg")})
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["pictures"] >= 1

    (waiting,) = operate(scene.house, "list")
    assert (waiting["state"], waiting["overdue"], waiting["signed_name"]) == ("open", False, "")
    shown = operate(scene.house, "show", waiting["id"])
    assert shown["signed_name"] == form["signed_name"]
    assert shown["pictures"][0]["image_id"] == scene.images[1], "the surest comes first"
    others = [picture["image_id"] for picture in shown["pictures"][1:]]
    keep = [argument for image_id in others for argument in ("--but-not", image_id)]
    assert operate(scene.house, "accept", waiting["id"], *keep)["decided_by"] == "operator"

    client = scene.member.client
    eventually(lambda: client.image(scene.images[1]).state == "removed", "the picture is removed")
    with pytest.raises(ApiError):
        client.image_content(scene.images[1])
    assert client.image_content(scene.images[0]).data == scene.signed[0]
    assert scene.verify(1).picture_state == "taken-down"
    assert http.get(f"/v1/takedowns/{told['reference']}").json()["state"] == "accepted"
    eventually(lambda: "the operator took a picture of you down" in log(scene), "the log says so")
    assert "Quillfeather" not in log(scene)


def log(scene: Scene) -> str:
    return "\n".join(audit_words.sentence(entry) for entry in scene.member.client.audit())


def test_a_withdrawn_consent_is_told_of_the_copies_with_its_date(scene: Scene) -> None:
    scene.member.client.revoke_consent(scene.consent.id)
    eventually(lambda: scene.verify(0).consent_state == "withdrawn", "the withdrawal has come")
    found = scene.verify(0)
    assert found.consent_at is not None
    assert abs(found.consent_at - dt.datetime.now(dt.UTC)) < dt.timedelta(days=1, minutes=5)
    day = f"{found.consent_at.day} {found.consent_at:%B %Y}"
    assert f"he person in it had agreed and took the consent back on {day}." in "\n".join(found.sentences)
