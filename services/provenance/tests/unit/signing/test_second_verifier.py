"""Our files, read by an implementation that shares no code with the one that signed them.

encypher-c2pa (Apache-2.0, Rust; its own JUMBF, COSE, certificate and hash code: its bill of materials has no c2pa-rs).
It is offline by default; its telemetry is off, and its preference file goes into a temporary folder. It reads trust as
we do: by the given root alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest

from semblance.kernel.clock import SystemClock
from semblance.provenance.adapters.c2pa_engine import C2paEngine, TimeStamps
from semblance.provenance.domain.claim import Parent
from semblance.provenance.testing.time_stamps import TimeStampAuthority

TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "video/mp4"]
# What the programme asks of a signer with a real CA behind it: answers about revocation. A development chain has none.
NOT_OURS_TO_HAVE = "com.encypher.conformance.revocationInformationMissing"


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it would keep preferences."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("ENCYPHER_C2PA_ONLINE", raising=False)


@pytest.fixture(scope="module")
def stamps() -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(SystemClock()) as authority:
        yield authority


def _read(bench, data: bytes, media_type: str, **options: object) -> Any:
    root = bench.authority.anchor_pem()
    return encypher_c2pa.verify(
        data, media_type, trust_pem=root, no_default_trust=True, telemetry=False, online=False, **options
    )


@pytest.mark.parametrize("media_type", TYPES)
def test_it_finds_every_format_whole_and_trusted(bench, media_type: str) -> None:
    report = _read(bench, bench.signed(media_type), media_type)
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    assert report["trust"]["status"] == "valid_for_supplied_material"
    assert report["validation_results"]["failure"] == []
    assert report["network"]["requests"] == []


@pytest.mark.parametrize("media_type", TYPES)
def test_it_finds_every_edit_whole_and_trusted(bench, media_type: str) -> None:
    parent = Parent(bench.signed("image/jpeg"), "image/jpeg")
    report = _read(bench, bench.signed(media_type, parent=parent), media_type)
    assert report["integrity"] == "valid"
    assert report["validation_results"]["failure"] == []


@pytest.mark.parametrize("media_type", TYPES)
def test_by_the_programme_it_misses_only_what_a_development_chain_cannot_have(
    bench, stamps: TimeStampAuthority, media_type: str
) -> None:
    stamped = C2paEngine(
        bench.authority, bench.engine._generator, time_stamps=TimeStamps(stamps.url, stamps.anchor_pem)
    )
    data = stamped.sign(bench.files[media_type], dataclasses.replace(bench.claim, media_type=media_type))
    report = _read(bench, data, media_type, strict_conformance=True, tsa_trust_pem=stamps.anchor_pem)
    assert [failure["code"] for failure in report["validation_results"]["failure"]] == [NOT_OURS_TO_HAVE]
    codes = {each["code"] for each in report["validation_results"]["success"]}
    assert {"timeStamp.validated", "timeStamp.trusted"} <= codes


@pytest.mark.parametrize("media_type", TYPES)
def test_it_sees_a_change_as_our_reader_does(bench, media_type: str) -> None:
    changed = bytearray(bench.signed(media_type))
    changed[_pixel(bytes(changed), media_type)] ^= 1
    report = _read(bench, bytes(changed), media_type)
    ours = bench.engine.read(bytes(changed), media_type)
    assert report["integrity"] != "valid"
    assert ours.state.value == "Invalid"
    assert report["hard_binding"] == "mismatch"


def _pixel(data: bytes, media_type: str) -> int:
    """Where a byte of the picture itself lies."""
    match media_type:
        case "image/avif" | "video/mp4":
            return data.rindex(b"mdat") + 40
        case "image/webp":
            return data.index(b"VP8L") + 40  # before the manifest
        case _:
            return len(data) - 20


def test_it_does_not_trust_whom_it_was_not_told_of(bench) -> None:
    report = encypher_c2pa.verify(bench.signed("image/png"), "image/png", telemetry=False, online=False)
    assert report["integrity"] == "valid"
    assert report["trust"]["status"] == "not_valid_for_supplied_material"


def test_it_is_another_implementation() -> None:
    """By its own bill of materials; a release that wrapped c2pa-rs would be the first verifier twice."""
    files = metadata.files("encypher-c2pa") or []
    (listed,) = [file for file in files if file.name.endswith(".cyclonedx.json")]
    parts = {part["name"] for part in json.loads(listed.read_text())["components"]}
    assert "p256" in parts
    assert not {"c2pa", "c2pa-crypto", "c2pa-rs"} & parts
