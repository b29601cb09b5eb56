"""`semblance verify` says the platform's own words."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest

from semblance.client.command import main
from semblance.gateway.domain.provenance import Verification

pytestmark = pytest.mark.integration
RECOVERED = Verification(
    state="None",
    made_here=True,
    development_signer=False,
    manifest_id="urn:c2pa:1",
    consent_state="withdrawn",
    signed_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
    failures=(),
    found_by="fingerprint",
    confidence_0_1=0.97,
    consent_at=dt.datetime(2030, 1, 2, tzinfo=dt.UTC),
    picture_state="published",
    headline="Probably made by AI here.",
    sentences=("The person in it had agreed and took the consent back on 2 January 2030.",),
)


def test_a_stripped_copy_is_told_in_the_same_words(served, tmp_path: Path, monkeypatch, capsys) -> None:
    picture = tmp_path / "seen.jpg"
    picture.write_bytes(b"\xff\xd8\xff")
    served.world.platform.provenance.answer = RECOVERED
    monkeypatch.setenv("SEMBLANCE_URL", served.url)
    monkeypatch.setattr(sys, "argv", ["semblance", "verify", str(picture)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "Probably made by AI here.",
        "- The person in it had agreed and took the consent back on 2 January 2030.",
        "Content Credentials in the file: None. Consent: withdrawn. Recognised by how it looks, 97% alike.",
    ]
