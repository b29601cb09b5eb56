from __future__ import annotations

import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM, person
from semblance.synthetic_people.bundled import filmed
from semblance.synthetic_people.capture import ACTIONS, Frame, capture
from semblance.synthetic_people.glow import Lit, film, lit
from semblance.synthetic_people.lit_attack import SPECIES, Session
from semblance.synthetic_people.relight import encoded, linear, screen, under

ANA = HELD_OUT_FROM + 11
COLOURS = [("#ff0000", 400), ("#00ff00", 350), ("#0000ff", 450)]


@pytest.fixture(scope="module")
def filmed_once() -> list[Lit]:
    """To draw a film takes ten seconds, so there is one."""
    return film(person(ANA), 1)


def skin(frame: Frame) -> np.ndarray:
    x, y, w, h = (int(v) for v in frame.truth.box_px)
    return frame.pixels[y + h // 3 : y + 2 * h // 3, x + w // 3 : x + 2 * w // 3].reshape(-1, 3).mean(0)


def test_the_dark_twin_is_the_capture_itself(filmed_once: list[Lit]) -> None:
    plain = capture(person(ANA), 1)
    asked, held = filmed_once[: len(plain)], filmed_once[len(plain) :]
    assert all((a.pixels == b.dark.pixels).all() for a, b in zip(plain, asked, strict=True))
    assert [f.at_ms for f in plain] == [m.dark.at_ms for m in asked]
    assert {m.dark.action for m in held} == {"hold"}
    with pytest.raises(ValueError, match="wink"):
        film(person(ANA), 1, ("wink",))


def test_light_of_no_colour_changes_nothing_and_white_gives_the_twin(filmed_once: list[Lit]) -> None:
    moment = filmed_once[0]
    dark = under(moment.dark.pixels, moment.white, (0.0, 0.0, 0.0))
    white = under(moment.dark.pixels, moment.white, (1.0, 1.0, 1.0))
    assert np.abs(dark.astype(int) - moment.dark.pixels).max() <= 1
    # Grain may make a pixel of the twin darker than the dark one: light cannot.
    assert np.quantile(np.abs(white.astype(int) - moment.white), 0.99) <= 1


def test_linear_light_comes_back_as_the_pixels_it_was_made_from() -> None:
    steps = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    assert np.abs(encoded(linear(steps)).astype(int) - steps).max() <= 1


def test_a_screen_shows_each_colour_in_its_time_and_starts_over() -> None:
    tint = screen(COLOURS)
    assert [tint(t) for t in (0, 399, 400, 749, 750, 1199, 1200)] == [
        *[(1.0, 0.0, 0.0)] * 2,
        *[(0.0, 1.0, 0.0)] * 2,
        *[(0.0, 0.0, 1.0)] * 2,
        (1.0, 0.0, 0.0),
    ]
    assert screen([])(5) == (0.0, 0.0, 0.0)


def test_the_face_takes_the_screens_colour_late(filmed_once: list[Lit]) -> None:
    frames = lit(filmed_once[:8], screen(COLOURS), lag_ms=100)
    red, green = skin(frames[1]), skin(frames[4])
    assert red[0] / red[1] > 1.2 * green[0] / green[1]
    assert frames[3].screen == (1.0, 0.0, 0.0)


def test_the_bundled_are_filmed_before_any_screen() -> None:
    frames = filmed("bo", ("nod", "turn_left"), screen(COLOURS))
    assert tuple(dict.fromkeys(f.action for f in frames)) == ("rest", "nod", "turn_left", "smile", "blink")
    assert len({f.jpeg for f in frames}) == len(frames)
    assert filmed("bo", ("nod",), screen([]))[0].jpeg != frames[0].jpeg


@pytest.mark.parametrize("species", SPECIES)
def test_every_species_is_a_whole_film(species: str, filmed_once: list[Lit]) -> None:
    """Whoever attacks: how long it is and when its frames come depends on nobody's face."""
    asked = Session(
        order=ACTIONS[:3],
        tint=screen(COLOURS),
        old_order=ACTIONS[2::-1],
        old_tint=screen(COLOURS[::-1]),
    )
    shots = SPECIES[species]((filmed_once, filmed_once), asked, person(ANA), np.random.default_rng(1))
    times = [shot.at_ms for shot in shots]
    assert len(shots) == 38
    assert times == sorted(set(times))
    assert all(shot.pixels.shape == (240, 320, 3) for shot in shots)
