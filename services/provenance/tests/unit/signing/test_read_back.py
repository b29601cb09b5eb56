"""What was just signed is read back against its leaf: the same answer as reading it with the whole chain."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from semblance.kernel.clock import SystemClock
from semblance.provenance.adapters import c2pa_engine
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.domain.reading import ManifestState

_NAMED = re.compile(r"https://c2pa-rs/unknown_trust_list_[0-9a-f]{64}")
PNG, JPEG = "image/png", "image/jpeg"


@pytest.fixture
def engine(bench) -> C2paEngine:
    """One that has checked its chain a moment ago."""
    engine = C2paEngine(bench.authority, bench.engine._generator)
    assert engine.read_back(bench.signed(PNG), PNG).state is ManifestState.TRUSTED
    return engine


@pytest.mark.parametrize("media_type", [PNG, JPEG])
def test_it_says_what_reading_with_the_whole_chain_says(bench, engine, media_type: str) -> None:
    data = bench.signed(media_type)
    back, whole = engine.read_back(data, media_type), engine.read(data, media_type)
    assert back.signed_here
    assert dataclasses.replace(back, manifest_json="") == dataclasses.replace(whole, manifest_json="")
    # The library makes up a name for the list of anchors; a leaf that is trusted by itself is on none.
    assert _NAMED.sub("", back.manifest_json) == _NAMED.sub("", whole.manifest_json)


def test_a_changed_pixel_and_a_changed_signature_are_found(bench, engine) -> None:
    data = bench.signed(PNG)
    for at in (data.index(b"IDAT") + 30, data.index(b"cbor") + 60, len(data) // 2):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert engine.read_back(changed, PNG).state is ManifestState.INVALID


def test_another_leaf_is_trusted_by_its_own_chain_alone(bench, engine, tmp_path: Path) -> None:
    other = C2paEngine(Authority(tmp_path / "signing", SystemClock()), bench.engine._generator)
    foreign = other.sign(bench.files[PNG], bench.claim)
    assert engine.read_back(foreign, PNG).state is ManifestState.VALID
    assert other.read_back(foreign, PNG).state is ManifestState.TRUSTED


def test_a_leaf_that_does_not_chain_to_the_root_is_never_trusted(bench, tmp_path: Path) -> None:
    """An operator put in a leaf of another authority: no leaf is taken for itself before its chain was checked."""
    folder = tmp_path / "signing"
    Authority(folder, SystemClock()).prepare()
    Authority(tmp_path / "other", SystemClock()).prepare()
    for name in ("leaf.pem", "leaf.key"):
        (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    (folder / "root.key").unlink()
    mixed = C2paEngine(Authority(folder, SystemClock()), bench.engine._generator)
    plain = dataclasses.replace(bench.claim, adapter=None)
    for _ in range(2):
        assert mixed.read_back(mixed.sign(bench.files[PNG], plain), PNG).state is ManifestState.VALID


def test_the_chain_is_checked_again_after_a_while(bench, engine, monkeypatch: pytest.MonkeyPatch) -> None:
    data, asked = bench.signed(PNG), []
    report_of = c2pa_engine.report_of
    monkeypatch.setattr(
        c2pa_engine, "report_of", lambda settings, *rest: asked.append(settings) or report_of(settings, *rest)
    )
    engine.read_back(data, PNG)
    assert ["allowed_list" in settings for settings in asked] == [True]
    engine._chain_holds = dict.fromkeys(engine._chain_holds, 0.0)
    engine.read_back(data, PNG)
    assert ["allowed_list" in settings for settings in asked] == [True, False]
