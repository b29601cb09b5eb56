"""What the benchmark is judged by: truths, changed photos, copies, the classifier, the verdicts of the report."""

from pathlib import Path

import numpy as np
import pytest

from semblance.pocket import dataset, obedience, pictures
from semblance.pocket.copies import copies
from semblance.pocket.domains import DOMAINS
from semblance.pocket.gates import LEAST_PSNR_DB, LEAST_SFACE, Reconstruction
from semblance.pocket.obedience import WISHES
from semblance.pocket.report import binomial_spread, goal
from semblance.pocket.settings import Recipe
from semblance.pocket.truths import HEADS, Labelled, labelled


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    dataset.render_people(folder, range(1, 3), Recipe(), dataset.Share())
    return folder


def noise(count: int, seed: int) -> np.ndarray:
    """Smooth pictures: plain noise would average out in the small copies."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (count, 16, 16, 3)).astype(np.uint8).repeat(4, 1).repeat(4, 2)


def test_the_truth_told_from_the_seeds_is_what_the_captions_say(rendered: Path) -> None:
    stored = pictures.load_folder(rendered)
    truth = labelled(rendered, Recipe(), range(25))
    assert len(truth.pixels) == len(stored) == 12
    for row, captions in enumerate(stored.captions):
        style = HEADS["style"][truth.labels["style"][row]]
        assert all(f"{style} of" in caption for caption in captions)
        said = [place for place in HEADS["place"] for caption in captions if caption.endswith(place)]
        assert set(said) <= {HEADS["place"][truth.labels["place"][row]]}


def test_every_wish_has_an_answer_among_its_heads_words() -> None:
    assert {wish.group for wish in WISHES} == {"background", "light", "expression", "glasses", "style"}
    for wish in WISHES:
        assert wish.word in HEADS[wish.head]
        assert "{}" in wish.prompt


@pytest.mark.timeout(300)  # a minute of CPU: a machine with other work takes more than the usual two
def test_the_classifier_learns_what_can_be_seen_and_answers_wishes() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 2, 320)
    pixels = rng.integers(0, 255, (320, 64, 64, 3)).astype(np.uint8)
    pixels[grey == 1] = pixels[grey == 1][..., :1]
    word = HEADS["style"].index("black and white photo")
    labels = {head: np.zeros(320, np.int64) for head in HEADS} | {"style": grey * word}
    model, right = obedience.train_classifier(Labelled(pixels, np.arange(320), labels))
    assert right["style"] > 0.95
    wish = next(w for w in WISHES if w.word == "black and white photo")
    assert (obedience.obeyed(model, pixels[:40], wish) == (grey[:40] == 1)).mean() > 0.9


@pytest.mark.parametrize("name", DOMAINS)
def test_changed_photos_keep_their_shape_and_differ(name: str) -> None:
    photos = noise(3, 1)
    changed = DOMAINS[name](photos)
    assert changed.shape == photos.shape
    assert changed.dtype == np.uint8
    assert np.abs(changed.astype(int) - photos).mean() > 3
    assert np.array_equal(changed, DOMAINS[name](photos))


def test_a_copy_is_counted_also_mirrored_and_a_new_picture_is_not() -> None:
    learnt, other, new = noise(8, 1), noise(6, 2), noise(4, 3)
    assert copies([(learnt, other, new)]).copied == 0.0
    found = copies([(learnt, other, np.concatenate([learnt[:1], learnt[1:2, :, ::-1], new[:2]]))])
    assert found.copied == 0.5
    assert found.background_copied == 0.5


def test_goals_are_met_or_not_and_a_share_of_one_still_has_a_spread() -> None:
    assert goal("x", 0.9, 0.9, 0.0)["met"]
    assert not goal("x", 0.9, 0.899, 0.0)["met"]
    assert goal("x", 2, 1.9, 0.0, at_most=True) == {
        "goal": "x", "target": "<= 2", "value": 1.9, "spread": 0.0, "met": True,
    }  # fmt: skip
    assert 0.01 < binomial_spread(1.0, 100) < 0.03


def test_the_gate_needs_both_bounds() -> None:
    assert Reconstruction(LEAST_PSNR_DB, LEAST_SFACE, 1.0).passed
    assert not Reconstruction(LEAST_PSNR_DB - 0.1, 0.99, 1.0).passed
    assert not Reconstruction(40.0, LEAST_SFACE - 0.01, 1.0).passed
