from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semblance.pocket import alterations, pictures, tokenizer
from semblance.pocket.batches import Batches
from semblance.pocket.dataset import Shot, render_person, shot_of, told_of
from semblance.pocket.latents import fit
from semblance.pocket.pictures import Pictures
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import DataSettings, Recipe
from semblance.synthetic_people import HELD_OUT_FROM, person

SETTINGS = DataSettings()


def shots(seed: int, count: int = 6) -> list[tuple[Shot, tuple[str, ...]]]:
    who, rng = person(seed), np.random.default_rng(seed)
    taken = []
    for k in range(count):
        shot = shot_of(who, k, rng, SETTINGS)
        taken.append((shot, told_of(shot, rng, SETTINGS)[1]))
    return taken


def test_varied_people_are_painted_when_they_are_not_photographed() -> None:
    seen = [shot for seed in range(4000, 4012) for shot, _ in shots(seed)]
    assert all((shot.scene.style == "photo") == shot.photo for shot in seen)
    assert 0.1 < np.mean([not shot.photo for shot in seen]) < 0.5


def test_glasses_that_come_and_go_are_told_in_every_caption() -> None:
    swapped = [(s, told) for seed in range(4000, 4020) for s, told in shots(seed) if s.swapped]
    assert len(swapped) > 20
    for shot, captions in swapped:
        assert all("glasses" in text for text in captions)
        worn = shot.who.glasses is not None
        assert worn != (person(shot.who.seed).glasses is not None)
        assert all(("without glasses" in text) != worn for text in captions)


@pytest.mark.parametrize("seed", [5, SETTINGS.varied_from - 1, HELD_OUT_FROM + 3])
def test_everybody_else_keeps_their_glasses(seed: int) -> None:
    assert {(shot.who, shot.swapped) for shot, _ in shots(seed)} == {(person(seed), False)}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pictures]:
    """Two rendered people in a workspace."""
    workspace = tmp_path_factory.mktemp("work")
    (workspace / "train").mkdir()
    recipe = replace(Recipe(), data=replace(SETTINGS, pictures_per_person=3, photo_share=1.0))
    found = pictures.join([render_person(seed, recipe, FaceReader()) for seed in (1, 2)])
    pictures.save(workspace / "train" / "people-0000001.npz", found)
    return workspace, found


def test_altered_photos_are_still_the_person_but_not_the_same_embedding(stored: tuple[Path, Pictures]) -> None:
    workspace, found = stored
    with pytest.raises(FileNotFoundError, match="alter"):
        alterations.load(workspace)
    alterations.alter(workspace, 0)
    other = alterations.load(workspace)
    assert other.shape == (len(found), alterations.VERSIONS, 128)
    own = (other * found.embeddings[:, None]).sum(2)[found.found]
    assert 0.3 < own.mean() < 0.98
    stamp = (workspace / "train" / "altered-0000001.npz").stat().st_mtime_ns
    alterations.alter(workspace, 0)
    assert (workspace / "train" / "altered-0000001.npz").stat().st_mtime_ns == stamp


def test_some_references_are_altered_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    few = Pictures(
        pixels=rng.integers(0, 255, (8, 64, 64, 3)).astype(np.uint8),
        embeddings=np.tile(np.eye(128, dtype=np.float32)[0], (8, 1)),
        person=np.repeat(np.arange(2), 4),
        is_photo=np.ones(8, bool),
        captions=(("a photo",),) * 8,
    )
    tokenizer.write(tmp_path, ["a photo"], 10)
    tokens = tokenizer.load(tmp_path, 24)
    altered = np.tile(np.eye(128, dtype=np.float32)[1], (8, alterations.VERSIONS, 1))
    recipe = Recipe()
    drawn = Batches(few, fit(few.pixels, 8, 32), tokens, recipe, altered).draw(0, 0, 400).identity.numpy()
    told = np.abs(drawn).sum(1) > 0
    share = drawn[told, 1].mean()
    assert share == pytest.approx(recipe.denoiser.altered_share, abs=0.08)
    assert np.isin(drawn[told, 0] + drawn[told, 1], 1.0).all()
