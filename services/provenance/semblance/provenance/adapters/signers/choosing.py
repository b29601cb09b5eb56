"""Which keys, time-stamps and models the settings name."""

from __future__ import annotations

from pathlib import Path

from semblance.kernel.clock import Clock
from semblance.provenance.adapters.authority import Authority, Life
from semblance.provenance.adapters.c2pa_engine import TimeStamps
from semblance.provenance.adapters.signers.identity import KeySource
from semblance.provenance.adapters.signers.pkcs11 import Pkcs11KeySource, Token
from semblance.provenance.domain.claim import Generator
from semblance.provenance.domain.embedded_backbone import EMBEDDED
from semblance.provenance.domain.errors import SigningUnavailable
from semblance.provenance.domain.models_used import Backbone
from semblance.provenance.settings import ProvenanceSettings


def keys_of(settings: ProvenanceSettings, clock: Clock) -> KeySource:
    """The signing folder's, or a token's whose certificates lie in that folder."""
    folder = settings.signing_dir
    if settings.pkcs11_module is None:
        return Authority(folder, clock, life_of(settings))
    token = Token(
        settings.pkcs11_module,
        settings.pkcs11_token_label,
        settings.pkcs11_key_label,
        settings.pkcs11_pin.get_secret_value(),
    )
    return Pkcs11KeySource(token, folder / "leaf.pem", folder / "root.pem", clock)


def life_of(settings: ProvenanceSettings) -> Life:
    """How long a development leaf signs, and how long it is valid: with time-stamps hardly longer than it signs."""
    renew_days = settings.renew_days
    if settings.leaf_days is not None:
        return Life(settings.leaf_days, renew_days)
    return Life(renew_days + 1 if settings.time_stamp_url else Life.LONGEST_DAYS, renew_days)


def time_stamps_of(settings: ProvenanceSettings) -> TimeStamps:
    """Raises SigningUnavailable where the authority's certificates cannot be read."""
    if not settings.time_stamp_url:
        return TimeStamps()
    anchors = settings.time_stamp_anchors_file
    return TimeStamps(settings.time_stamp_url, _read(anchors) if anchors else "")


def generator_of(settings: ProvenanceSettings) -> Generator:
    """The software and the backbones, as the manifest names them; the embedded one is known."""
    given = {digest: Backbone(**facts.model_dump()) for digest, facts in settings.backbones.items()}
    backbones = {**EMBEDDED, **given}
    return Generator(settings.generator_name, settings.generator_version, settings.label_namespace, backbones)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise SigningUnavailable(f"{file.name} cannot be read") from error
