"""The watermark and the fingerprint that the settings name, and the watermark's key."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semblance.objects.durable_files import create_exclusively, make_private_directory, read
from semblance.provenance.domain.errors import MarkKeyLost, MarkKeyMissing
from semblance.provenance.ports import Store
from semblance.provenance.settings import ProvenanceSettings
from semblance.watermark import (
    LEAST_KEY_BYTES,
    Fingerprint,
    Found,
    IsccFingerprint,
    PictureId,
    RgbU8,
    SpreadWatermark,
    Watermark,
)
from semblance.watermark.trustmark_adapter import load_trustmark

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeysInTurn:
    """Holds the Watermark port: marks with the newest key and reads with each, as pictures outlive a key."""

    newest: Watermark
    older: Sequence[Watermark]

    @property
    def algorithm(self) -> str:
        """One, whatever the key."""
        return self.newest.algorithm

    @property
    def min_side_px(self) -> int:
        """One, whatever the key."""
        return self.newest.min_side_px

    def mark(self, image: RgbU8, picture_id: PictureId) -> RgbU8:
        """With the newest."""
        return self.newest.mark(image, picture_id)

    def read(self, image: RgbU8) -> Found | None:
        """By the newest that finds something; each key more costs an unmarked picture one more reading."""
        return next((found for each in (self.newest, *self.older) if (found := each.read(image)) is not None), None)


def watermark_of(settings: ProvenanceSettings) -> Watermark:
    """Raises Unavailable where a key cannot be read or made, or TrustMark's weights are not there."""
    make = load_trustmark if settings.watermark == "trustmark" else SpreadWatermark
    newest = make(_key(_key_file(settings)))
    older = [make(_old_key(file)) for file in settings.watermark_old_key_files]
    return KeysInTurn(newest, older) if older else newest


def check_keys(settings: ProvenanceSettings, store: Store, now: dt.datetime) -> None:
    """Remember the present key. Raises MarkKeyLost where pictures were marked with one that is gone, unless the
    settings say that it may be."""
    newest = _digest(_key(_key_file(settings)))
    here = {newest, *(_digest(_old_key(file)) for file in settings.watermark_old_key_files)}
    lost = [digest for digest in store.mark_keys() if digest not in here]
    if lost and not settings.watermark_forget_lost_keys:
        raise MarkKeyLost(len(lost))
    if lost:
        _log.error("watermark keys are given up: what was marked with them is not read", extra={"count": len(lost)})
        store.forget_mark_keys(lost)
    for digest in here:  # an old one may have marked before keys were remembered
        store.add_mark_key(digest, now)


def fingerprint_of() -> Fingerprint:
    """The one that there is."""
    return IsccFingerprint()


def _key_file(settings: ProvenanceSettings) -> Path:
    return settings.watermark_key_file or settings.signing_dir / "watermark.key"


def _digest(key: bytes) -> str:
    """Under the key itself: it tells one key from another, and nothing of either."""
    return hmac.digest(key, b"semblance watermark key", "sha256").hex()


def _key(file: Path) -> bytes:
    """Made at the first start; of two processes that make it at once, one wins."""
    known = read(file)
    if known is None:
        make_private_directory(file.parent)
        if create_exclusively(file, os.urandom(LEAST_KEY_BYTES)):
            _log.warning("a watermark key was made: marks made with another one are not read")
        known = read(file)
    assert known is not None, "it was just made"
    return known


def _old_key(file: Path) -> bytes:
    """Never made: an old key that is not there would be found missing by nobody."""
    known = read(file)
    if known is None:
        raise MarkKeyMissing(file.name)
    return known
