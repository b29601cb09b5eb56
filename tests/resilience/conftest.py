"""Somebody who has all that pictures need, before anything is killed."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from PIL import Image, ImageOps

from semblance.client.models import Adapter, Consent
from semblance.local.testing.house import House
from semblance.local.testing.members import Member


@dataclass
class Settled:
    """A member with a consent, photos and an adapter; `fresh` are portraits not yet sent."""

    house: House
    member: Member
    consent: Consent
    adapter: Adapter
    fresh: list[bytes]


@pytest.fixture(scope="session")
def settled(house: House) -> Settled:
    member = house.member("cleo")
    consent = member.opt_in()
    assert [photo.state for photo in member.send_photos(consent, 5)] == ["accepted"] * 5
    adapter = member.train(consent)
    assert adapter.state == "ready"
    return Settled(house, member, consent, adapter, fresh_from(member.portraits(12)[5:]))


def fresh_from(portraits: list[bytes]) -> list[bytes]:
    """Each portrait and its mirror image, which no hash takes for the same photo."""
    mirrored = []
    for data in portraits:
        out = io.BytesIO()
        with Image.open(io.BytesIO(data)) as portrait:
            ImageOps.mirror(portrait).save(out, "JPEG", quality=92)
        mirrored.append(out.getvalue())
    return mirrored + portraits
