"""What a signature costs: ours with everything read back, against the library as it comes; and what a question costs.

Both sides state the same facts, with one identity, over one picture, in turn. The library's way differs in its settings
alone: a thumbnail, and its own verification after signing. Ours reads the result back and takes nothing but Trusted.
"""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
from PIL import Image

from semblance.kernel.clock import SystemClock
from semblance.kernel.consent import Consent
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, ManifestId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE, MemoryKeyRing, MemoryStore
from semblance.provenance import main
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.adapters.marks import fingerprint_of, watermark_of
from semblance.provenance.adapters.store import writing
from semblance.provenance.domain.claim import Claim, Generator, definition
from semblance.provenance.domain.models_used import Adapter, Backbone
from semblance.provenance.domain.publication import Publication, Signed
from semblance.provenance.domain.reading import ManifestState, Reading
from semblance.provenance.handlers import looking
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit import testing
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import person

NAME = "signing"
ROUNDS, QUESTIONS = 40, 60
SIDE_PX = 1024
GAIN, VERIFY_MS = 25.0, 150.0
_FLOOR = ("the library: build and sign alone", "the library: read alone, no trust")
TURN_MS = 60  # each way's turn in a round is about one signature of the library's, so that none begins with cold caches
_BACKBONE = "b" * 64
_JPEG = "image/jpeg"
_GENERATOR = Generator("Semblance", "0.1.0", "org.semblance", {_BACKBONE: Backbone("pocket-64", "0.4.0", "Apache-2.0")})
Row = dict[str, Any]


def measure(out: Path) -> Row:
    """Every way of signing in turn, over two pictures, then questions of two kinds."""
    with tempfile.TemporaryDirectory(prefix="bench-provenance-") as folder:
        authority = Authority(Path(folder) / "signing", SystemClock())
        consent = testing.FakeConsentView(SystemClock()).grant("a person")
        pictures = {"a photo": _grained(_photo()), "the same without grain": _photo()}
        return {
            "rounds": ROUNDS,
            "pictures": {name: _signing(authority, consent, _jpeg(image, 92)) for name, image in pictures.items()},
            "questions": _questions(Path(folder), consent),
        }


def goals(found: Row) -> list[Row]:
    """What was asked for and what was found."""
    gain, asked = found["pictures"]["a photo"]["gain"]["whole"], found["questions"]
    return [
        {
            "goal": "signing and reading back against the library's defaults, 1024 px JPEG, times faster (median)",
            "target": f">= {GAIN:g}",
            "value": gain["median"],
            "spread": f"{gain['p10']} to {gain['p90']}",
            "met": gain["median"] >= GAIN,
        },
        *(
            {
                "goal": f"CPU-ms of a question about a 2 MB JPEG {name} (95 % are below)",
                "target": f"< {VERIFY_MS:g}",
                "value": kind["p95"],
                "spread": f"median {kind['median']}",
                "met": kind["p95"] < VERIFY_MS,
            }
            for name, kind in asked["kinds"].items()
        ),
    ]


def _signing(authority: Authority, consent: Consent, picture: bytes) -> Row:
    ways = _ways(authority, consent, picture)
    for way in ways.values():  # warm
        way()
    calls = {name: max(1, round(TURN_MS / _cpu_ms(way))) for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(_cpu_ms(lambda way=way, n=calls[name]: [way() for _ in range(n)]) / calls[name])
    return {
        "picture_bytes": len(picture),
        "cpu_ms": {name: _spread(each) for name, each in times.items()},
        "gain": {
            "whole": _gain(times, "library's defaults", "ours: sign, read back"),
            "library's own verification": _gain(times, "library's defaults", "no thumbnail, verified by the library"),
            "floor: the library signs and reads, nothing around it, no chain": _gain_of_sum(
                times, "library's defaults", _FLOOR
            ),
            "with credential": _gain(times, "library's defaults, credential", "ours, credential: sign, read back"),
        },
    }


def section(found: Row) -> str:
    """Markdown."""
    first, second = found["pictures"].values()
    ways = "\n".join(
        f"| {name} | {_told(first['cpu_ms'][name])} | {_told(second['cpu_ms'][name])} |" for name in first["cpu_ms"]
    )
    asked = found["questions"]
    kinds = "\n".join(f"| {name} | {k['state']} | {k['median']} | {k['p95']} |" for name, k in asked["kinds"].items())
    gains = "\n".join(
        f"| {name} | {_told(first['gain'][name])} | {_told(second['gain'][name])} |" for name in first["gain"]
    )
    return f"""## Signing

A photo of a synthetic person, {SIDE_PX} px, JPEG: with a sensor's grain ({first["picture_bytes"] // 1000} kB) and without ({second["picture_bytes"] // 1000} kB); {found["rounds"]} rounds.
"Ours" is what publishing does: sign with c2pa-python, read the result back with our own reader, take nothing but Trusted. The
library's defaults verify too, and make a thumbnail, which is nearly all of their cost: it is left out here, and that is a loss
for viewers who show one. A picture also carries its adapter's signed credential, a second manifest that is signed, checked and
read ("credential").

| CPU-ms, median (10 % to 90 %) | a photo | without grain |
|---|---|---|
{ways}

| times faster than the library's defaults | a photo | without grain |
|---|---|---|
{gains}

Where the time of "ours: sign, read back" goes (a photo, medians): {first["cpu_ms"]["ours: sign alone"]["median"]} ms sign, of which the library takes
{first["cpu_ms"][_FLOOR[0]]["median"]}; {first["cpu_ms"]["ours: read back alone"]["median"]} ms read back, of which the library takes {first["cpu_ms"][_FLOOR[1]]["median"]} for hashing the file, parsing the manifest and checking one
signature. Checking the leaf's chain as well, as a stranger's picture is read, takes {first["cpu_ms"]["ours: read as a stranger's, the whole chain checked"]["median"]} ms in all: publishing does that once a
minute ([why](../decisions/0033-a-reader-that-may-be-killed.md)). The floor in the table is what no code around this library gets below with a P-256 key and this
manifest. Each way is called as often in its turn as fills {TURN_MS} ms, so that none begins with caches that another has emptied.

## A question about a picture

`looking.verify`, which `POST /v1/verify` asks over gRPC, with the process that reads manifests, about a JPEG of {asked["picture_bytes"] / 1e6:.1f} MB ({asked["side_px"]} px; CPU of this
service alone; {asked["rounds"]} questions of each kind).

| the picture | manifest | CPU-ms, median | 95 % below |
|---|---|---|---|
{kinds}
"""


def _told(spread: Row) -> str:
    return f"{spread['median']} ({spread['p10']} to {spread['p90']})"


def _ways(authority: Authority, consent: Consent, picture: bytes) -> Mapping[str, Callable[[], object]]:
    engine, now = C2paEngine(authority, _GENERATOR), dt.datetime.now(dt.UTC)
    plain = Claim(now, _JPEG, _BACKBONE, consent, b"0123456789abcdef")
    whole = dataclasses.replace(plain, adapter=Adapter("a" * 64, _BACKBONE, 12))
    defaults, without_thumbnail = _context(authority), _context(authority, builder={"thumbnail": {"enabled": False}})

    def ours(claim: Claim) -> None:
        if engine.read_back(engine.sign(picture, claim), _JPEG).state is not ManifestState.TRUSTED:
            raise AssertionError("a signature that is not trusted is not worth measuring")

    def theirs(context: Any, claim: Claim) -> bytes:
        return _builder_signs(context, authority, dict(definition(claim, _GENERATOR)), picture, {})

    identity, signed, ready = authority.identity(), engine.sign(picture, plain), dict(definition(plain, _GENERATOR))
    untrusting = c2pa.Context.from_json(json.dumps({"version": 1}))
    return {
        "library's defaults": lambda: theirs(defaults, plain),
        "ours: sign, read back": lambda: ours(plain),
        "no thumbnail, verified by the library": lambda: theirs(without_thumbnail, plain),
        "ours: sign alone": lambda: engine.sign(picture, plain),
        "library's defaults, credential": lambda: _with_credential(defaults, authority, engine, whole, picture),
        "ours, credential: sign, read back": lambda: ours(whole),
        "ours: read back alone": lambda: engine.read_back(signed, _JPEG),
        "ours: read as a stranger's, the whole chain checked": lambda: engine.read(signed, _JPEG),
        "the library: build and sign alone": lambda: _builder_signs(engine._signing(), authority, ready, picture, {}),
        "the library: read alone, no trust": lambda: c2pa.Reader(_JPEG, io.BytesIO(signed), context=untrusting).close(),
        "floor: SHA-256 of the picture and one ECDSA": lambda: identity.sign(hashlib.sha256(picture).digest()),
    }


def _context(authority: Authority, **settings: object) -> Any:
    """The library's own settings but for those; the root is named, so that all come to the same verdict."""
    return c2pa.Context.from_json(
        json.dumps({"version": 1, "trust": {"user_anchors": authority.anchor_pem()}, **settings})
    )


def _with_credential(context: Any, authority: Authority, engine: C2paEngine, claim: Claim, picture: bytes) -> bytes:
    """The same credential on both sides: made and read back by our engine, then embedded under the defaults."""
    assert claim.adapter is not None
    sidecar = engine._credential(claim, claim.adapter, authority.identity())
    manifest = dict(definition(claim, _GENERATOR))
    manifest["ingredients"] = [_hung_on(one, sidecar) for one in manifest["ingredients"]]  # type: ignore[attr-defined]
    return _builder_signs(context, authority, manifest, picture, {"adapter.c2pa": sidecar.store})


def _hung_on(ingredient: Row, sidecar: Any) -> Row:
    if ingredient["label"] != "adapter":
        return ingredient
    data = {"format": "application/c2pa", "identifier": "adapter.c2pa"}
    results = {"active_manifest": sidecar.label, "validation_results": sidecar.validation_results}
    return {**ingredient, "manifest_data": data, **results}


def _builder_signs(
    context: Any, authority: Authority, manifest: Row, picture: bytes, resources: Mapping[str, bytes]
) -> bytes:
    identity, output = authority.identity(), io.BytesIO()
    signer = c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None)
    with signer, c2pa.Builder(manifest, context=context) as builder:
        for name, data in resources.items():
            builder.add_resource(name, io.BytesIO(data))
        builder.sign(signer, _JPEG, io.BytesIO(picture), output)
    return output.getvalue()


def _questions(folder: Path, consent: Consent) -> Row:
    """One whose manifest answers, and one whose pixels are looked at, by the real watermark and fingerprint."""
    clock, settings = (
        SystemClock(),
        ProvenanceSettings(
            database_url=f"sqlite:///{folder}/provenance.sqlite",
            signing_dir=folder / "signing",
            keyring_dir=folder / "keys",
        ),
    )
    database = testing.database(folder, main.MIGRATIONS, source="provenance", clock=clock)
    readers = main.readers_of(settings)
    ports = main.ports_of(
        settings,
        database,
        MemoryStore([QUARANTINE, PUBLISHED]),
        MemoryKeyRing(),
        consents=testing.FakeConsentView(clock),
        clock=clock,
        watermark=watermark_of(settings),
        fingerprint=fingerprint_of(),
        reports=readers,
    )
    large = _jpeg_of(2_000_000)
    claim = Claim(clock.now(), _JPEG, _BACKBONE, consent, os.urandom(16), adapter=Adapter("a" * 64, _BACKBONE, 12))
    ours = ports.signer.sign(large, claim)
    with writing(database) as store:
        store.save(_published(ports.signer.read(ours, _JPEG), ours, consent, claim))
    kinds = {"that was published here": ours, "without a manifest": large}
    found: Row = {}
    for name, data in kinds.items():
        state = looking.verify(data, ports).reading.state.value
        times = [_cpu_ms_of_all(lambda data=data: looking.verify(data, ports)) for _ in range(QUESTIONS)]
        found[name] = {**_spread(times), "p95": round(float(np.percentile(times, 95)), 1), "state": state}
    readers.stop()
    database.close()
    side_px = Image.open(io.BytesIO(large)).width
    return {"picture_bytes": len(large), "side_px": side_px, "rounds": QUESTIONS, "kinds": found}


def _published(reading: Reading, data: bytes, consent: Consent, claim: Claim) -> Publication:
    """The row that publishing would have left."""
    ids = ImageId(new_id()), SubjectId(consent.subject_id), ConsentId(consent.id), consent.revision, AdapterId(new_id())
    sha256, manifest_id = hashlib.sha256(data).hexdigest(), ManifestId(reading.manifest_id)
    signed = Signed(manifest_id, "key", sha256, len(data), _JPEG, reading.manifest_json, claim.made_at)
    return Publication(*ids, "key", sha256, _BACKBONE).publish(signed)


def _photo() -> Image.Image:
    shot = next(iter(photo_library(person(7), 1, 7, SIDE_PX)))
    return Image.fromarray(shot.picture.pixels)


def _grained(image: Image.Image) -> Image.Image:
    """With noise as a sensor in good light has it: 3 of 255."""
    pixels = np.asarray(image, np.float32)
    noisy = pixels + np.random.default_rng(0).normal(0, 3, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _jpeg_of(size_bytes: int) -> bytes:
    """The photo, enlarged, with grain, at the quality that comes nearest."""
    image = _grained(_photo().resize((2048, 2048), Image.Resampling.BICUBIC))
    tried = [_jpeg(image, quality=quality) for quality in range(84, 99)]
    return min(tried, key=lambda data: abs(len(data) - size_bytes))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    output = io.BytesIO()
    image.save(output, "JPEG", quality=quality)
    return output.getvalue()


def _cpu_ms(way: Callable[[], object]) -> float:
    began = time.process_time()
    way()
    return (time.process_time() - began) * 1000


def _cpu_ms_of_all(way: Callable[[], object]) -> float:
    """With what the processes that read manifests spend meanwhile."""
    before = _children_ms()
    spent = _cpu_ms(way)
    return spent + _children_ms() - before


def _children_ms() -> float:
    """On the processor so far, of each child's first thread (Linux, nanoseconds in /proc/PID/schedstat)."""
    pids = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


def _gain(times: Mapping[str, list[float]], slow: str, fast: str) -> Row:
    return _spread([a / b for a, b in zip(times[slow], times[fast], strict=True)])


def _gain_of_sum(times: Mapping[str, list[float]], slow: str, fast: tuple[str, ...]) -> Row:
    return _spread([a / sum(b) for a, *b in zip(times[slow], *(times[name] for name in fast), strict=True)])


def _spread(values: list[float]) -> Row:
    low, middle, high = np.percentile(values, (10, 50, 90))
    return {"median": round(float(middle), 2), "p10": round(float(low), 2), "p90": round(float(high), 2)}
