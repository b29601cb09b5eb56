"""The watermark's key: made once, changed without losing the pictures that were marked before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semblance.provenance.adapters.marks import check_keys, watermark_of
from semblance.provenance.domain.errors import MarkKeyLost, MarkKeyMissing
from semblance.provenance.settings import ProvenanceSettings
from semblance.watermark import PictureId, RgbU8


def picture() -> RgbU8:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:256, :256] / 256
    waves = sum(rng.normal() * np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y) for _ in range(9))
    return np.clip(120 + 20 * waves[..., None] + rng.normal(0, 3, (256, 256, 3)), 0, 255).astype(np.uint8)


def settings(folder: Path, *older: Path) -> ProvenanceSettings:
    return ProvenanceSettings(signing_dir=folder, watermark_old_key_files=older)


def test_a_key_is_made_once_with_a_word_about_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watermark_of(settings(tmp_path / "signing"))
    made = (tmp_path / "signing" / "watermark.key").read_bytes()
    watermark_of(settings(tmp_path / "signing"))
    assert (tmp_path / "signing" / "watermark.key").read_bytes() == made
    assert [record.message for record in caplog.records if "watermark key was made" in record.message] != []
    assert len(caplog.records) == 1


def test_after_a_change_of_keys_older_marks_are_read_while_the_old_key_is_named(tmp_path: Path) -> None:
    before = watermark_of(settings(tmp_path))
    marked = before.mark(picture(), PictureId(7))
    old = (tmp_path / "watermark.key").rename(tmp_path / "old.key")

    assert watermark_of(settings(tmp_path)).read(marked) is None, "the new key alone knows nothing of it"
    both = watermark_of(settings(tmp_path, old))

    found = both.read(marked)
    assert found is not None
    assert found.picture_id == 7
    assert before.read(both.mark(picture(), PictureId(8))) is None, "new marks are the new key's"
    assert (both.algorithm, both.min_side_px) == (before.algorithm, before.min_side_px)


def test_an_old_key_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(MarkKeyMissing, match=r"gone\.key"):
        watermark_of(settings(tmp_path, tmp_path / "gone.key"))
    assert not (tmp_path / "gone.key").exists()


def start(house, chosen: ProvenanceSettings) -> None:
    """As the service does, before it marks anything."""
    watermark_of(chosen)
    with house.ports.transactions() as store:
        check_keys(chosen, store, house.ports.clock.now())


def test_a_lost_key_is_not_made_anew_without_a_word_from_the_operator(house, tmp_path: Path) -> None:
    chosen, key = settings(tmp_path / "keys"), tmp_path / "keys" / "watermark.key"
    start(house, chosen)
    start(house, chosen)
    made = key.read_bytes()
    key.unlink()
    for _ in range(2):
        with pytest.raises(MarkKeyLost) as lost:
            start(house, chosen)
    assert "PROVENANCE_WATERMARK_OLD_KEY_FILES" in lost.value.remedy

    key.write_bytes(made)
    start(house, chosen)

    key.unlink()
    start(house, chosen.model_copy(update={"watermark_forget_lost_keys": True}))
    start(house, chosen)
    with house.ports.reads() as store:
        (digest,) = store.mark_keys()
    assert made.hex() not in digest


def test_a_changed_key_is_taken_while_the_old_one_is_named_and_never_after(house, tmp_path: Path) -> None:
    start(house, settings(tmp_path))
    old = (tmp_path / "watermark.key").rename(tmp_path / "old.key")
    start(house, settings(tmp_path, old))
    with pytest.raises(MarkKeyLost):
        start(house, settings(tmp_path))
