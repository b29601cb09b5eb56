"""The watermark and the fingerprint that the settings name, and the watermark's key."""

from __future__ import annotations

import os
from pathlib import Path

from semblance.objects.durable_files import create_exclusively, make_private_directory, read
from semblance.provenance.settings import ProvenanceSettings
from semblance.watermark import LEAST_KEY_BYTES, Fingerprint, IsccFingerprint, SpreadWatermark, Watermark
from semblance.watermark.trustmark_adapter import load_trustmark


def watermark_of(settings: ProvenanceSettings) -> Watermark:
    """Raises Unavailable where its key cannot be read or made, or TrustMark's weights are not there."""
    key = _key(settings.watermark_key_file or settings.signing_dir / "watermark.key")
    return load_trustmark(key) if settings.watermark == "trustmark" else SpreadWatermark(key)


def fingerprint_of() -> Fingerprint:
    """The one that there is."""
    return IsccFingerprint()


def _key(file: Path) -> bytes:
    """Made at the first start; of two processes that make it at once, one wins."""
    known = read(file)
    if known is None:
        make_private_directory(file.parent)
        create_exclusively(file, os.urandom(LEAST_KEY_BYTES))
        known = read(file)
    assert known is not None, "it was just made"
    return known
