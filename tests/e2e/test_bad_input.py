"""What people and programs send by mistake or on purpose: refused with a code and a remedy, nothing else disturbed."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from PIL import Image, TiffImagePlugin

from semblance.client.models import Adapter, Consent, Photo
from semblance.gateway.adapters.tokens import LocalIssuer
from semblance.kernel.ids import new_id
from semblance.local.testing.house import House
from semblance.local.testing.members import ADAPTER_S, Member

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@dataclass
class Scene:
    """Somebody with accepted photos and an adapter that has just been asked for."""

    house: House
    member: Member
    consent: Consent
    photos: list[Photo]
    adapter: Adapter
    restarts: dict[str, int]


@pytest.fixture(scope="module")
def scene(house: House) -> Scene:
    house.wait_ready()
    restarts = restarts_of(house)  # while everything starts the broker may be too slow for a service
    member = house.member("dan")
    consent = member.opt_in()
    photos = member.send_photos(consent, 5)
    assert [photo.state for photo in photos] == ["accepted"] * 5
    return Scene(house, member, consent, photos, member.client.train_adapter(consent.id), restarts)


def restarts_of(house: House) -> dict[str, int]:
    return {part.name: part.restarts for part in house.state().parts}


@pytest.fixture
def http(scene: Scene) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {scene.member.client.token}"}
    with httpx.Client(base_url=scene.house.url, headers=headers, timeout=120) as client:
        yield client


def require_refusal(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    """A problem document that says what to do."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] in codes
    assert problem["type"].endswith(problem["code"])
    assert problem["detail"]
    assert problem.get("remedy"), problem
    return problem


def test_no_picture_is_made_while_the_adapter_is_still_trained(scene: Scene, http: httpx.Client) -> None:
    wish = {"adapter_id": scene.adapter.id, "prompt": "a photo of me"}
    require_refusal(http.post("/v1/images", json=wish), 409, "adapter-not-ready")


def test_anothers_adapter_and_an_unknown_one_are_not_found(scene: Scene, http: httpx.Client) -> None:
    unknown = http.post("/v1/images", json={"adapter_id": new_id(), "prompt": "a photo of me"})
    told = require_refusal(unknown, 404, "not-found", "adapter-not-found")
    other = scene.house.member("bo")
    wish = {"adapter_id": scene.adapter.id, "prompt": "a photo of me"}
    bearer = {"Authorization": f"Bearer {other.client.token}"}
    anothers = require_refusal(http.post("/v1/images", json=wish, headers=bearer), 404, told["code"])
    assert {**anothers, "instance": ""} == {**told, "instance": ""}, "the answer tells that the adapter exists"


def jpeg(width: int = 400, height: int = 300, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "JPEG", **options)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of 30000 x 30000 pixels in a few hundred bytes: the header promises what the data does not hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(200_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def animation() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("P", (200, 200), colour) for colour in (0, 9)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr("photo.jpg", jpeg())
    return out.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str, int, tuple[str, ...]]] = {
    "no image": (lambda: b"Dear Sir or Madam, " * 50, "image/jpeg", 422, ("unsupported-format",)),
    "truncated JPEG": (lambda: jpeg()[: len(jpeg()) // 2], "image/jpeg", 422, ("truncated",)),
    "decompression bomb": (bomb, "image/png", 422, ("too-many-pixels",)),
    "30 MB": (lambda: jpeg() + bytes(30_000_000), "image/jpeg", 413, ("body-too-large",)),
    "wrong content type": (jpeg, "text/html", 415, ("unsupported-media-type",)),
    "zero bytes": (lambda: b"", "image/jpeg", 422, ("malformed-form", "empty-file")),
    "zip named jpg": (archive, "image/jpeg", 422, ("unsupported-format",)),
    "GIF animation": (animation, "image/gif", 422, ("unsupported-format", "animated")),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_photo_is_refused_and_nothing_is_kept(scene: Scene, http: httpx.Client, name: str) -> None:
    make, content_type, status, codes = FILES[name]
    before = scene.house.kept.count("ingest", "photos")
    answer = http.post(
        "/v1/photos", data={"consent_id": scene.consent.id}, files={"photo": ("holiday.jpg", make(), content_type)}
    )
    require_refusal(answer, status, *codes)
    assert scene.house.kept.count("ingest", "photos") == before
    assert not scene.house.kept.objects("incoming", scene.member.subject_id)


def test_where_a_photo_was_taken_is_not_kept(scene: Scene) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x9C9F] = "Camera Maker Secret", "XPSubject".encode("utf-16-le")
    degree = TiffImagePlugin.IFDRational
    exif[0x8825] = {1: "N", 2: (degree(52), degree(31), degree(12)), 3: "E", 4: (degree(13), degree(24), degree(18))}
    own = Image.open(io.BytesIO(scene.member.portraits(7)[6]))
    out = io.BytesIO()
    own.save(out, "JPEG", exif=exif, comment=b"taken at home")
    with Image.open(io.BytesIO(out.getvalue())) as sent:
        assert sent.getexif().get_ifd(0x8825), "the file that is sent holds no place"
    photo = scene.member.client.upload_photo(scene.consent.id, out.getvalue())
    scene.member.client.wait(photo.id, timeout_s=120)
    content = scene.member.client.photo_content(photo.id)
    with Image.open(io.BytesIO(content.data)) as kept:
        assert not dict(kept.getexif())
        assert not {"exif", "comment", "xmp", "icc_profile"} & kept.info.keys()
    assert b"Secret" not in content.data
    assert b"home" not in content.data


PROMPTS = {
    "100000 characters": "x" * 100_000,
    "empty": "",
    "blank": "   ",
    "control characters": "a photo\x00 of\x1b[31m me",
    "lone surrogate": "a photo \ud800 of me",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_words_that_are_no_prompt_are_refused_without_repeating_them(
    http: httpx.Client, scene: Scene, name: str
) -> None:
    body = json.dumps({"adapter_id": scene.adapter.id, "prompt": PROMPTS[name]})
    answer = http.post("/v1/images", content=body, headers={"Content-Type": "application/json"})
    status = 413 if len(body) > 65_536 else 422
    require_refusal(answer, status, "body-too-large", "invalid-request")
    assert PROMPTS[name] == "" or PROMPTS[name] not in answer.text


BODIES = {
    "not JSON": (b"{adapter: me", 422),
    "a list": (b"[]", 422),
    "an unknown field": (b'{"adapter_id": "%s", "prompt": "a photo", "safety": "off"}' % new_id().encode(), 422),
    "a number for a text": (b'{"adapter_id": 7, "prompt": "a photo"}', 422),
    "nested ten thousand deep": (b"[" * 10_000 + b"]" * 10_000, 422),
    "not UTF-8": (b'{"prompt": "\xff\xfe"}', 400),
    "nothing": (b"", 422),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_request_is_refused(http: httpx.Client, name: str) -> None:
    body, status = BODIES[name]
    answer = http.post("/v1/images", content=body, headers={"Content-Type": "application/json"})
    require_refusal(answer, status, "invalid-request", "json-too-deep", "bad-request")


def test_another_kind_of_body_is_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/images", content=b"<image/>", headers={"Content-Type": "application/xml"})
    require_refusal(answer, 415, "unsupported-media-type")


def test_only_a_token_of_ours_for_us_and_of_today_opens_anything(scene: Scene) -> None:
    keys = scene.house.layout.secrets / "gateway" / "signing.pem"
    url, who, good = scene.house.url, scene.member.subject_id, scene.member.client.token or ""
    session_id = jwt.decode(good, options={"verify_signature": False})["jti"]
    head, claims, signature = good.split(".")
    tokens = {
        "none": None,
        "words": "open sesame",
        "expired": LocalIssuer(url, "semblance", keys, -60).issue(who, session_id),
        "another audience": LocalIssuer(url, "somebody-else", keys, 60).issue(who, session_id),
        "another issuer": LocalIssuer("https://issuer.example", "semblance", keys, 60).issue(who, session_id),
        "another's signature": f"{head}.{claims}.{signature[::-1]}",
        "no signature": "eyJhbGciOiJub25lIn0." + claims + ".",
        "nobody's": LocalIssuer(url, "semblance", keys, 60).issue(new_id(), session_id),
        "of a sign-in that was ended": LocalIssuer(url, "semblance", keys, 60).issue(who, new_id()),
    }
    with httpx.Client(base_url=url, timeout=60) as http:
        assert http.get("/v1/me", headers={"Authorization": f"Bearer {good}"}).status_code == 200
        for name, token in tokens.items():
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            for path in ("/v1/me", f"/v1/photos/{scene.photos[0].id}/content", f"/v1/adapters/{scene.adapter.id}"):
                answer = http.get(path, headers=headers)
                assert answer.status_code == 401, (name, path)
                require_refusal(answer, 401, "invalid-token")
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_picture_without_clothes_is_asked_for_in_vain(scene: Scene, http: httpx.Client) -> None:
    scene.member.client.wait(scene.adapter.id, timeout_s=ADAPTER_S)
    wish = {"adapter_id": scene.adapter.id, "prompt": "a photo of me", "negative_prompt": "blurry, clothes"}
    problem = require_refusal(http.post("/v1/images", json=wish), 422, "prompt-refused")
    assert "clothes are not left out" in problem["detail"]
    assert "blurry" not in problem["detail"]


def test_after_all_that_nothing_accepted_before_is_lost(scene: Scene) -> None:
    client = scene.member.client
    kept = {photo.id: photo for photo in client.photos()}
    for photo in scene.photos:
        assert kept[photo.id].state == "accepted"
        assert kept[photo.id].sha256 == photo.sha256
        assert Image.open(io.BytesIO(client.photo_content(photo.id).data)).size == (photo.width_px, photo.height_px)
    client.wait(scene.adapter.id, timeout_s=ADAPTER_S)
    assert client.adapter(scene.adapter.id).state == "ready"
    assert scene.member.picture(scene.adapter).state == "published"
    scene.house.wait_ready()
    assert restarts_of(scene.house) == scene.restarts
