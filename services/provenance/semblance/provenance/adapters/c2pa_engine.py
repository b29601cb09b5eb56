"""C2PA by c2pa-python; the only module that imports it.

Its objects are not thread-safe, so every thread has its own. Nothing is fetched from the network, whatever a picture
asks for; the time-stamp authority of the settings is the one host that signing may speak to. No thumbnail is made: it
costs nearly all of a signature's time, and is a second copy of the picture. What is signed is not read again here:
whoever signs must read it back, and take nothing but Trusted.

Each elliptic-curve check costs the library as much as hashing half a megabyte. So what was just signed is read back
against the very leaf that signed it, and the chain above that leaf is checked in full once a minute, not per picture.
"""

from __future__ import annotations

import functools
import io
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import c2pa

from semblance.provenance.adapters.signers.identity import Identity, KeySource
from semblance.provenance.domain.claim import Claim, Generator, adapters_of, credential, definition, parent_ingredient
from semblance.provenance.domain.embedded import can_be_read
from semblance.provenance.domain.errors import ReadingStopped, SigningUnavailable
from semblance.provenance.domain.models_used import CARD_TYPE, Adapter, card
from semblance.provenance.domain.reading import READING_STOPPED, ManifestState, Reading

UNREADABLE = "asset.unreadable"
# A manifest store is tens of kilobytes; a compressed one that grows beyond this is a bomb.
DECOMPRESSED_MIB_MAX: Final = 4
_ALGORITHMS = {"es256": c2pa.C2paSigningAlg.ES256, "es384": c2pa.C2paSigningAlg.ES384}
_CREDENTIAL = "{}.c2pa"
_SIDECAR = "application/c2pa"
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_FAILURES_MAX = 50
_CHAIN_HOLDS_S = 60.0

# What reads a manifest store: by settings, media type and bytes; see report_of.
Report = dict[str, Any] | ManifestState
Reports = Callable[[str, str, bytes], Report]


@dataclass(frozen=True)
class TimeStamps:
    """An RFC 3161 authority and the PEM certificates that its tokens chain to; without a url nothing is stamped."""

    url: str = ""
    anchors_pem: str = ""


@dataclass(frozen=True)
class _Sidecar:
    """An adapter's manifest, and what reading it said."""

    store: bytes
    label: str
    validation_results: Mapping[str, object]


class C2paEngine:
    """Signs with the present identity of `keys`; trusts its root, and `other_anchors_pem` for others' pictures.

    `reports` reads strangers' pictures: here, or where they can do no harm (reading_apart).
    """

    def __init__(
        self,
        keys: KeySource,
        generator: Generator,
        *,
        other_anchors_pem: str = "",
        time_stamps: TimeStamps = TimeStamps(),
        reports: Reports | None = None,
    ) -> None:
        self._keys = keys
        self._generator = generator
        self._other_anchors_pem = other_anchors_pem
        self._time_stamps = time_stamps
        self._reports = reports or report_of
        self._signers = _Signers()
        # Per leaf's chain and root: until when (monotonic seconds) the chain need not be checked again.
        self._chain_holds: dict[tuple[str, str], float] = {}

    def sign(self, data: bytes, claim: Claim) -> bytes:
        """See Signer."""
        identity = self._keys.identity()
        try:
            sidecars = {
                label: self._credential(one, one.adapter, identity)
                for label, one in adapters_of(claim).items()
                if one.adapter is not None
            }
            return self._signed(data, claim, identity, sidecars)
        except c2pa.C2paError as error:
            raise SigningUnavailable(f"the picture could not be signed: {type(error).__name__}") from error

    def adapter_credential(self, claim: Claim, adapter: Adapter) -> bytes:
        """The manifest (JUMBF) that a picture of this claim carries for its adapter. Raises SigningUnavailable."""
        try:
            return self._credential(claim, adapter, self._keys.identity()).store
        except c2pa.C2paError as error:
            raise SigningUnavailable(f"the adapter could not be signed: {type(error).__name__}") from error

    def read(self, data: bytes, media_type: str) -> Reading:
        """See Signer."""
        own = self._keys.anchor_pem()
        if not can_be_read(data, media_type):
            return Reading(ManifestState.INVALID, failures=(UNREADABLE,))
        try:
            report = self._reports(self._settings(own + self._other_anchors_pem), media_type, data)
            if not isinstance(report, dict):
                return Reading(report, failures=(UNREADABLE,) if report is ManifestState.INVALID else ())
            return self._told(report, signed_here=_is_trusted(report) and self._is_ours(data, media_type, own))
        except ReadingStopped:
            return Reading(ManifestState.INVALID, failures=(READING_STOPPED,))

    def read_back(self, data: bytes, media_type: str) -> Reading:
        """See Signer."""
        report = self._own_report(media_type, data)
        if not isinstance(report, dict):
            return Reading(report, failures=(UNREADABLE,))
        return self._told(report, signed_here=_is_trusted(report))

    def crjson(self, data: bytes, media_type: str) -> Mapping[str, Any]:
        """The manifest store in C2PA's own JSON (crJSON), which conformance is judged by. Raises SigningUnavailable."""
        anchors = self._keys.anchor_pem() + self._other_anchors_pem
        try:
            with c2pa.Reader(media_type, io.BytesIO(data), context=_CONTEXTS.of(self._settings(anchors))) as reader:
                found: dict[str, Any] = json.loads(reader.crjson())
        except c2pa.C2paError as error:
            raise SigningUnavailable(f"there is no manifest to read: {type(error).__name__}") from error
        return found

    def read_credential(self, adapter_card: bytes, store: bytes) -> Reading:
        """What is in an adapter's manifest, held against the card that was made from the adapter's bytes."""
        report = report_of(self._settings(self._keys.anchor_pem()), CARD_TYPE, adapter_card, store)
        if not isinstance(report, dict):
            return Reading(report, failures=(UNREADABLE,))
        return Reading(
            ManifestState(report["validation_state"]),
            report.get("active_manifest") or "",
            json.dumps(report, separators=(",", ":"), sort_keys=True),
            _failures(report),
        )

    def _credential(self, claim: Claim, adapter: Adapter, identity: Identity) -> _Sidecar:
        """Signed beside the card, then read back: a generator states what it found about its ingredients."""
        context, asset = self._signing(), card(adapter, claim.salt)
        with c2pa.Builder(dict(credential(claim, adapter, self._generator)), context=context) as builder:
            builder.set_no_embed()
            store = bytes(builder.sign(self._signer(identity), CARD_TYPE, io.BytesIO(asset), io.BytesIO()))
        report = self._own_report(CARD_TYPE, asset, store)
        if not isinstance(report, dict) or report["validation_state"] != ManifestState.TRUSTED.value:
            raise SigningUnavailable("the adapter's credential is not trusted by our own reader")
        results = {"activeManifest": report["validation_results"]["activeManifest"]}
        return _Sidecar(store, report["active_manifest"], results)

    def _signed(self, data: bytes, claim: Claim, identity: Identity, sidecars: Mapping[str, _Sidecar]) -> bytes:
        manifest, output = dict(definition(claim, self._generator)), io.BytesIO()
        manifest["ingredients"] = [_with_credential(one, sidecars) for one in manifest["ingredients"]]  # type: ignore[attr-defined]
        with c2pa.Builder(manifest, context=self._signing()) as builder:
            for label, sidecar in sidecars.items():
                builder.add_resource(_CREDENTIAL.format(label), io.BytesIO(sidecar.store))
            if claim.parent:
                builder.add_ingredient(parent_ingredient(), claim.parent.media_type, io.BytesIO(claim.parent.data))
            builder.sign(self._signer(identity), claim.media_type, io.BytesIO(data), output)
        return output.getvalue()

    def _own_report(self, media_type: str, data: bytes, store: bytes | None = None) -> Report:
        """What was signed here just now, held against its leaf; against the whole chain when that was last done a while
        ago, and whenever the leaf alone does not say Trusted."""
        chain, anchors = self._keys.identity().chain_pem, self._keys.anchor_pem()
        if time.monotonic() < self._chain_holds.get((chain, anchors), 0.0):
            report = report_of(self._settings(anchors, leaf_pem=_first(chain)), media_type, data, store)
            if isinstance(report, dict) and report["validation_state"] == ManifestState.TRUSTED.value:
                return report
        report = report_of(self._settings(anchors), media_type, data, store)
        if isinstance(report, dict) and report["validation_state"] == ManifestState.TRUSTED.value:
            self._chain_holds = {(chain, anchors): time.monotonic() + _CHAIN_HOLDS_S}
        return report

    def _told(self, report: dict[str, Any], *, signed_here: bool) -> Reading:
        return Reading(
            state=ManifestState(report["validation_state"]),
            manifest_id=report.get("active_manifest") or "",
            manifest_json=json.dumps(report, separators=(",", ":"), sort_keys=True),
            failures=_failures(report),
            signed_here=signed_here,
            development_signer=signed_here and self._keys.is_development(),
        )

    def _signer(self, identity: Identity) -> Any:
        return self._signers.of(identity, self._time_stamps.url or None)

    def _is_ours(self, data: bytes, media_type: str, own: str) -> bool:
        """Whether a trusted signature chains to our own root, and not only to somebody else's on the list."""
        if not self._other_anchors_pem:
            return True
        report = self._reports(self._settings(own), media_type, data)
        return isinstance(report, dict) and "signingCredential.trusted" in _codes(_active(report), "success")

    def _signing(self) -> Any:
        host = urlsplit(self._time_stamps.url).hostname
        return _CONTEXTS.of(self._settings(self._keys.anchor_pem(), hosts=(host,) if host else ()))

    def _settings(self, anchors_pem: str, *, hosts: tuple[str, ...] = (), leaf_pem: str = "") -> str:
        return _settings(anchors_pem, self._time_stamps.anchors_pem, hosts, leaf_pem)


@functools.lru_cache(maxsize=32)
def _settings(anchors_pem: str, time_stamp_anchors_pem: str, hosts: tuple[str, ...], leaf_pem: str) -> str:
    """The library's settings as JSON. `leaf_pem` is trusted as it is, without a chain."""
    leaf = {"allowed_list": leaf_pem} if leaf_pem else {}
    anchors = [{"trust_kind": "manifest", "trust_anchors": anchors_pem, **leaf}]
    if time_stamp_anchors_pem:
        anchors.append({"trust_kind": "tsa", "trust_anchors": time_stamp_anchors_pem})
    settings = {
        "version": 1,
        "trust": {"anchors": anchors},
        "core": {
            "allowed_network_hosts": list(hosts),
            "max_decompressed_manifest_size_in_mb": DECOMPRESSED_MIB_MAX,
        },
        "verify": {
            "verify_trust": True,
            "verify_after_sign": False,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "builder": {"thumbnail": {"enabled": False}},
    }
    return json.dumps(settings)


class _Contexts:
    """Per thread a few: making one costs as much as a signature."""

    _MOST = 8

    def __init__(self) -> None:
        self._mine = threading.local()

    def of(self, settings: str) -> Any:
        """The calling thread's context for these settings."""
        held: dict[str, Any] = self._mine.__dict__.setdefault("held", {})
        if settings not in held:
            if len(held) >= self._MOST:  # leaves and roots change over the weeks
                held.clear()
            held[settings] = c2pa.Context.from_json(settings)
        return held[settings]


_CONTEXTS = _Contexts()


class _Signers:
    """Per thread the one of the present identity. What its `sign` raises is lost in the library, and comes back as the
    library's own error."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def of(self, identity: Identity, time_stamp_url: str | None) -> Any:
        """Made anew where the identity is another one."""
        held: tuple[Identity, Any] | None = self._mine.__dict__.get("held")
        if held is None or held[0] is not identity:
            algorithm = _ALGORITHMS[identity.algorithm]
            signer = c2pa.Signer.from_callback(identity.sign, algorithm, identity.chain_pem, time_stamp_url)
            self._mine.held = held = identity, signer
        return held[1]


def _with_credential(ingredient: dict[str, object], sidecars: Mapping[str, _Sidecar]) -> dict[str, object]:
    label = str(ingredient["label"])
    sidecar = sidecars.get(label)
    if sidecar is None:
        return ingredient
    return {
        **ingredient,
        "manifest_data": {"format": _SIDECAR, "identifier": _CREDENTIAL.format(label)},
        "active_manifest": sidecar.label,
        "validation_results": sidecar.validation_results,
    }


def report_of(settings: str, media_type: str, data: bytes, store: bytes | None = None) -> Report:
    """The reader's report; NONE without a manifest, INVALID where the reader gives up. `store` lies beside the data."""
    try:
        with c2pa.Reader(media_type, io.BytesIO(data), store, context=_CONTEXTS.of(settings)) as reader:
            report: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return ManifestState.NONE
    except c2pa.C2paError:
        return ManifestState.INVALID
    return report


def _first(chain_pem: str) -> str:
    """The leaf, which comes first."""
    end = "-----END CERTIFICATE-----"
    return chain_pem.partition(end)[0] + end + "\n"


def _is_trusted(report: dict[str, Any]) -> bool:
    return {"signingCredential.trusted", "claimSignature.validated"} <= set(_codes(_active(report), "success"))


def _active(report: dict[str, Any]) -> dict[str, Any]:
    active: dict[str, Any] = report.get("validation_results", {}).get("activeManifest", {})
    return active


def _failures(report: dict[str, Any]) -> tuple[str, ...]:
    """What is wrong with the picture's manifest, then with those of what went into it: codes of the specification's
    form, and not endlessly many, because a stranger's file chooses them."""
    results = report.get("validation_results", {})
    deltas = [each["validationDeltas"] for each in results.get("ingredientDeltas", [])]
    found = [code for part in (results.get("activeManifest", {}), *deltas) for code in _codes(part, "failure")]
    return tuple(dict.fromkeys(code for code in found if _CODE.fullmatch(code)))[:_FAILURES_MAX]


def _codes(results: dict[str, Any], kind: str) -> list[str]:
    return [str(entry["code"]) for entry in results.get(kind, [])]
