"""What is said of anybody's picture."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from semblance.kernel.ids import ImageId, SubjectId
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.domain.claim import Claim, Generator
from semblance.provenance.domain.errors import PictureTooLarge, UnsupportedPicture
from semblance.provenance.handlers import asking, looking
from semblance.service_kit import testing


@pytest.fixture
def published(house):
    allowed = house.publish()
    signed, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    return allowed, signed, data


def _verify(house, data: bytes):
    return looking.verify(data, house.ports)


def _as(data: bytes, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(output, kind, **options)
    return output.getvalue()


def test_our_picture_is_trusted_and_says_that_its_signer_is_for_development(house, published) -> None:
    _, signed, data = published
    found = _verify(house, data)
    assert found.reading.state.value == "Trusted"
    assert found.made_here
    assert found.reading.development_signer
    assert found.reading.manifest_id == signed.manifest_id
    assert found.consent.state.value == "active"
    assert found.signed_at == signed.signed_at


@pytest.mark.parametrize("from_end", [13, 200, 3000])
def test_a_changed_pixel_is_invalid(house, published, from_end: int) -> None:
    changed = bytearray(published[2])
    changed[-from_end] ^= 1
    found = _verify(house, bytes(changed))
    assert found.reading.state.value == "Invalid"
    assert "assertion.dataHash.mismatch" in found.reading.failures
    assert found.made_here


def test_appended_bytes_are_invalid(house, published) -> None:
    found = _verify(house, published[2] + b"appended")
    assert found.reading.state.value == "Invalid"


def test_an_edited_assertion_is_invalid(house, published) -> None:
    data = published[2]
    at = data.rindex(b"notAllowed")  # the picture's own manifest is the last; its adapter's comes before it
    found = _verify(house, data[:at] + b"isAllowed!" + data[at + 10 :])
    assert found.reading.state.value == "Invalid"
    assert "assertion.hashedURI.mismatch" in found.reading.failures


def test_a_borrowed_manifest_id_is_not_ours(house, published) -> None:
    data = published[2]
    other = house.publish(seed=1)
    theirs, second = asking.content(SubjectId(other.subject_id), ImageId(other.image_id), house.ports)
    label = published[1].manifest_id.encode()
    found = _verify(house, second.replace(theirs.manifest_id.encode(), label))
    assert found.reading.state.value == "Invalid"
    assert not found.made_here
    assert data != second


def test_a_cut_off_picture_is_invalid(house, published) -> None:
    found = _verify(house, published[2][: len(published[2]) // 2])
    assert found.reading.state.value == "Invalid"
    assert found.reading.failures == ("asset.unreadable",)


@pytest.mark.parametrize(
    ("kind", "options", "found_by"),
    [("PNG", {}, "watermark"), ("JPEG", {"quality": 70}, "fingerprint"), ("WEBP", {"lossless": True}, "watermark")],
)
def test_a_re_encoded_picture_has_no_manifest_and_is_recognised(
    house, published, kind: str, options: dict[str, object], found_by: str
) -> None:
    _, signed, data = published
    found = _verify(house, _as(data, kind, **options))
    assert found.reading.state.value == "None"
    assert found.reading.failures == ()
    assert found.match is not None
    assert (found.match.by.value, found.match.manifest_id) == (found_by, signed.manifest_id)
    assert found.consent.state.value == "active"
    assert found.signed_at == signed.signed_at


def test_another_picture_is_not_recognised(house, published) -> None:
    other = Image.fromarray(np.random.default_rng(99).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    output = io.BytesIO()
    other.save(output, "JPEG")
    found = _verify(house, output.getvalue())
    assert not found.made_here
    assert found.match is None
    assert found.consent.state.value == "unknown"


def test_the_consent_is_told_as_it_is_now(house, published) -> None:
    allowed, _, data = published
    house.consents.revoke(allowed.consent_id)
    found = _verify(house, data)
    assert found.reading.state.value == "Trusted"
    assert found.consent.state.value == "withdrawn"


def test_of_a_consents_times_the_day_is_told_and_no_more(house, published) -> None:
    """To the second they would say which pictures are of one person."""
    allowed, signed, data = published
    consent = house.consents.get(allowed.consent_id)
    day = consent.expires_at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert _verify(house, data).consent.at == day
    assert f'"expires_at":"{day:%Y-%m-%dT%H:%M:%SZ}"' in signed.manifest_json
    house.consents.revoke(allowed.consent_id)
    at = _verify(house, data).consent.at
    assert (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def test_nothing_is_called_active_while_consents_are_not_up_to_date(house, published) -> None:
    house.consents.stale = True
    assert _verify(house, published[2]).consent.state.value == "unknown"


def _foreign(house, tmp_path, data: bytes) -> tuple[C2paEngine, bytes]:
    clock = house.ports.clock
    authority = Authority(tmp_path / "foreign", clock)
    engine = C2paEngine(authority, Generator("Other", "1", "com.example"))
    consent = testing.FakeConsentView(clock).grant("somebody")
    return authority, engine.sign(data, Claim(clock.now(), "image/png", "backbone", consent, b"salt"))


def test_a_strangers_signature_is_valid_and_no_more(house, published, tmp_path) -> None:
    _, foreign = _foreign(house, tmp_path, _as(published[2], "PNG"))
    found = _verify(house, foreign)
    assert found.reading.state.value == "Valid"
    assert found.reading.failures == ("signingCredential.untrusted",)
    assert found.match is not None
    assert found.match.by.value == "watermark", "the pixels are ours, whoever signs around them"
    assert not found.reading.development_signer


def test_a_signer_on_the_operators_list_is_trusted_and_not_ours(house, published, settings, tmp_path) -> None:
    authority, foreign = _foreign(house, tmp_path, _as(published[2], "PNG"))
    engine = C2paEngine(
        Authority(settings.signing_dir, house.ports.clock),
        Generator("Semblance", "1", "org.semblance"),
        other_anchors_pem=authority.anchor_pem(),
    )
    found = engine.read(foreign, "image/png")
    assert found.state.value == "Trusted"
    assert (found.signed_here, found.development_signer) == (False, False)
    ours = engine.read(published[2], "image/png")
    assert (ours.signed_here, ours.development_signer) == (True, True)


def test_a_listed_signer_who_takes_the_id_of_a_manifest_of_ours_gets_no_word_of_ours(house, published) -> None:
    inner, signed = house.ports.signer, published[1]

    class Listed:
        def read(self, data, media_type):
            found = inner.read(data, media_type)
            return dataclasses.replace(found, manifest_id=signed.manifest_id, signed_here=False)

    house.use(signer=Listed())
    photo = np.random.default_rng(99).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    output = io.BytesIO()
    Image.fromarray(photo).save(output, "PNG")
    assert not _verify(house, output.getvalue()).made_here


def test_what_is_no_picture_is_refused(house) -> None:
    with pytest.raises(UnsupportedPicture):
        _verify(house, b"GIF89a" + b"\0" * 100)
    with pytest.raises(UnsupportedPicture):
        _verify(house, b"")


def test_too_many_bytes_or_pixels_are_refused(house) -> None:
    with pytest.raises(PictureTooLarge):
        _verify(house, b"\x89PNG" + b"\0" * 1_000_000)
    bomb = _as(_one_pixel(), "PNG")
    claimed = bomb[:16] + (50_000).to_bytes(4, "big") * 2 + bomb[24:]
    with pytest.raises(PictureTooLarge):
        _verify(house, claimed)


def _one_pixel() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (1, 1)).save(output, "PNG")
    return output.getvalue()
