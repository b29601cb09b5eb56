"""A time-stamp makes a signature outlive its leaf; an authority that is away keeps pictures waiting."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.kernel.clock import Clock, FakeClock, SystemClock
from semblance.provenance.adapters.authority import Authority, Life
from semblance.provenance.adapters.c2pa_engine import C2paEngine, TimeStamps
from semblance.provenance.adapters.signers.choosing import life_of, time_stamps_of
from semblance.provenance.domain.errors import SigningUnavailable
from semblance.provenance.domain.reading import ManifestState
from semblance.provenance.settings import ProvenanceSettings
from semblance.provenance.testing.time_stamps import Mood, TimeStampAuthority

DAY = dt.timedelta(days=1)


class Behind(Clock):
    """The real time, less something: what is made by it is older than it looks."""

    def __init__(self, by: dt.timedelta) -> None:
        self._by = by

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) - self._by


@pytest.fixture(scope="module")
def stamps() -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(SystemClock()) as authority:
        yield authority


def _engine(bench, keys: Authority, stamps: TimeStampAuthority | None) -> C2paEngine:
    stamped = TimeStamps(stamps.url, stamps.anchor_pem) if stamps else TimeStamps()
    return C2paEngine(keys, bench.engine._generator, time_stamps=stamped)


def test_every_signature_is_stamped_and_the_stamp_is_trusted(bench, stamps: TimeStampAuthority) -> None:
    engine, before = _engine(bench, bench.authority, stamps), stamps.asked
    data = engine.sign(bench.files["image/png"], bench.claim)
    assert stamps.asked == before + 2  # the picture's, and the adapter's credential
    assert engine.read(data, "image/png").state is ManifestState.TRUSTED
    mine, adapters = engine.crjson(data, "image/png")["manifests"]
    assert mine["signature"]["timeStampInfo"]["certificateInfo"]["subject"]["CN"] == "Time-stamps"
    assert adapters["signature"]["timeStampInfo"]
    codes = {entry["code"] for entry in mine["validationResults"]["success"]}
    assert {"timeStamp.validated", "timeStamp.trusted"} <= codes


def _read_before(ends: dt.datetime, bench, engine: C2paEngine) -> bytes:
    """A picture that is trusted while its leaf lives; nothing where the machine took longer than that to make it."""
    try:
        data = engine.sign(bench.files["image/png"], bench.claim)
        state = engine.read(data, "image/png").state
    except SigningUnavailable:
        if dt.datetime.now(dt.UTC) < ends:
            raise
        return b""
    if dt.datetime.now(dt.UTC) >= ends:
        return b""
    assert state is ManifestState.TRUSTED
    return data


@pytest.mark.parametrize("stamped", [True, False])
def test_a_leaf_that_expires_takes_no_stamped_picture_with_it(
    bench, stamps: TimeStampAuthority, tmp_path: Path, stamped: bool
) -> None:
    """The library reads the real clock, so this leaf is made to end in three seconds; later where that is too soon."""
    for ends_in_s in (3, 12, 40):
        behind = Behind(2 * DAY - dt.timedelta(hours=1, seconds=ends_in_s))
        keys = Authority(tmp_path / f"signing-{ends_in_s}", behind, Life(2, 1))
        ends = keys.identity().leaf.not_valid_after_utc
        engine = _engine(bench, keys, stamps if stamped else None)
        if data := _read_before(ends, bench, engine):
            break
    time.sleep(max(0.0, (ends - dt.datetime.now(dt.UTC)).total_seconds() + 1))
    after = engine.read(data, "image/png")
    if stamped:
        assert (after.state, after.failures) == (ManifestState.TRUSTED, ())
    else:
        assert after.state is ManifestState.INVALID
        assert "signingCredential.expired" in after.failures
    with pytest.raises(SigningUnavailable):
        engine.sign(bench.files["image/png"], bench.claim)


def test_a_stamp_of_an_authority_that_is_not_on_the_list_proves_nothing(bench, stamps: TimeStampAuthority) -> None:
    data = _engine(bench, bench.authority, stamps).sign(bench.files["image/png"], bench.claim)
    (mine, _) = bench.engine.crjson(data, "image/png")["manifests"]
    codes = {entry["code"] for entry in mine["validationResults"]["success"]}
    assert "timeStamp.trusted" not in codes


@pytest.mark.parametrize("mood", [Mood.REFUSES, Mood.BREAKS, Mood.BABBLES])
def test_without_a_stamp_nothing_is_signed(bench, mood: Mood) -> None:
    with TimeStampAuthority(SystemClock()) as broken:
        broken.mood = mood
        with pytest.raises(SigningUnavailable):
            _engine(bench, bench.authority, broken).sign(bench.files["image/png"], bench.claim)


def test_a_new_leaf_signs_while_the_service_runs_and_both_pictures_stay_trusted(bench, tmp_path: Path) -> None:
    clock = FakeClock(dt.datetime.now(dt.UTC) - 9 * DAY)
    keys = Authority(tmp_path / "signing", clock, Life(30, 7))
    engine = _engine(bench, keys, None)
    first = engine.sign(bench.files["image/png"], bench.claim)
    clock.advance(8 * 86_400)
    second = engine.sign(bench.files["image/png"], bench.claim)
    serials = set()
    for data in (first, second):
        assert engine.read(data, "image/png").state is ManifestState.TRUSTED
        serials.add(engine.crjson(data, "image/png")["manifests"][0]["signature"]["certificateInfo"]["serialNumber"])
    assert len(serials) == 2


def test_with_stamps_a_leaf_lives_hardly_longer_than_it_signs(tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.pem"
    anchors.write_text("PEM")
    stamped = ProvenanceSettings(time_stamp_url="http://stamps.example/tsa", time_stamp_anchors_file=anchors)
    assert life_of(stamped) == Life(leaf_days=8, renew_days=7)
    assert life_of(ProvenanceSettings()) == Life(leaf_days=365, renew_days=7)
    assert life_of(ProvenanceSettings(leaf_days=90)) == Life(leaf_days=90, renew_days=7)
    assert time_stamps_of(stamped) == TimeStamps("http://stamps.example/tsa", "PEM")
    assert time_stamps_of(ProvenanceSettings()) == TimeStamps()


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_stamp_url": "http://stamps.example"},
        {"time_stamp_url": "ftp://stamps.example", "time_stamp_anchors_file": "a.pem"},
        {"leaf_days": 7, "renew_days": 7},
        {"pkcs11_module": "lib.so"},
        {"backbones": {"digest": {"licens": "MIT"}}},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"time_stamp|leaf_days|pkcs11|backbones"):
        ProvenanceSettings(**wrong)
