"""Genuine and attacking sessions of synthetic people, judged by the service's own rules and models."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from semblance.identity.domain.challenge import draw_challenge
from semblance.identity.domain.illumination import ScreenColour, draw_colours, echo
from semblance.identity.domain.liveness import frontal
from semblance.identity.domain.matching import Embedding
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.sampling import spread
from semblance.identity.domain.session import Asked
from semblance.identity.domain.verdict import glows
from semblance.identity.handlers.capture import Finding, examine
from semblance.identity.ml.capture_reader import FaceCaptureReader
from semblance.identity.ports import Frame
from semblance.synthetic_people.glow import Lit, film
from semblance.synthetic_people.lit_attack import SPECIES, Session, Shot, elsewhere, genuine
from semblance.synthetic_people.people import person
from semblance.synthetic_people.relight import Tint, screen

GENUINE_EACH = 3
SCREENS = (0.4, 0.7, 1.0)
"""Brightness of the person's own screen, as shares of glow.WHITE; one genuine session at each."""
PLACES = {"dim room": (0.3, 0.0), "wall close behind": (1.0, 0.2)}
"""The room's light, and what a wall behind throws back of the screen, as shares; a white screen; one session each."""
WRONG_COLOURS_EACH = 100
_QUALITY = 86


@dataclass(frozen=True)
class Outcome:
    """One session: whose, of what kind ("genuine", a place or a species), whether it passed, and the first advice if
    not."""

    seed: int
    kind: str
    passed: bool
    advice: str
    cpu_s: float
    strength: float


@dataclass
class Measured:
    """Everything that the sessions of all people gave. enrolled: the frames that the templates are made of, for other
    engines."""

    outcomes: list[Outcome] = field(default_factory=list)
    templates: dict[int, tuple[Embedding, ...]] = field(default_factory=dict)
    enrolled: dict[int, list[Frame]] = field(default_factory=dict)
    right_light: list[float] = field(default_factory=list)
    wrong_light: list[float] = field(default_factory=list)

    def with_all_of(self, other: Measured) -> Measured:
        """Both together."""
        return Measured(
            self.outcomes + other.outcomes,
            self.templates | other.templates,
            self.enrolled | other.enrolled,
            self.right_light + other.right_light,
            self.wrong_light + other.wrong_light,
        )


class Judge:
    """The reader and the rules as the service runs them."""

    def __init__(self, reader: FaceCaptureReader, rules: Rules) -> None:
        self.reader = reader
        self.rules = rules

    def judge(self, shots: Sequence[Shot], asked: Asked, found: Measured | None = None) -> tuple[Finding, float]:
        """The finding and the CPU-seconds that it took. With `found`, notes what other colours would have scored."""
        frames = [Frame(shot.at_ms, _jpeg(shot)) for shot in shots]
        began_s = time.process_time()
        capture = self.reader.read(frames)
        finding = examine(capture, asked, self.rules)
        took_s = time.process_time() - began_s
        if found is not None:
            lit, dice = glows(capture.readings), random.Random(asked.nonce)  # noqa: S311 - an experiment, no secret
            latest_ms = self.rules.capture.light.lag_ms
            found.right_light.append(echo(lit, asked.colours, latest_ms).agreement)
            found.wrong_light += [
                echo(lit, draw_colours(dice.randrange), latest_ms).agreement for _ in range(WRONG_COLOURS_EACH)
            ]
        return finding, took_s

    def straight(self, shots: Sequence[Shot]) -> list[Frame]:
        """Some frames in which the face looks at the camera, as JPEGs."""
        frames = [Frame(shot.at_ms, _jpeg(shot)) for shot in shots]
        front = frontal(self.reader.read(frames).readings, self.rules.capture.liveness)
        return [frames[i] for i in spread(front, self.rules.matching.templates)]


def measure(judge: Judge, seeds: Sequence[int], attacker: int) -> Iterator[tuple[int, Measured]]:
    """One person after the other; each is attacked by the person before, the first by `attacker`. Yields the seed with
    everything until then."""
    found = Measured()
    before: list[Lit] = film(person(attacker), 3)
    for seed in seeds:
        own = film(person(seed), 3)
        _live(judge, seed, own, found)
        _attacks(judge, seed, (own, before), found)
        before = own
        yield seed, found


def _live(judge: Judge, seed: int, own: Sequence[Lit], found: Measured) -> None:
    dice = random.Random(seed)  # noqa: S311 - an experiment, no secret
    for number in range(GENUINE_EACH):
        strength = SCREENS[number % len(SCREENS)]
        asked, session = _asked(dice, strength)
        finding, cpu_s = judge.judge(genuine(own, session), asked, found if number == 0 else None)
        found.outcomes.append(_outcome(seed, "genuine", finding, cpu_s, strength))
        if finding.enrol and seed not in found.templates:
            found.templates[seed] = (*finding.enrol, *finding.turned)
            found.enrolled[seed] = judge.straight(genuine(own, session))
    for place, (room, wall) in PLACES.items():
        asked, session = _asked(dice, 1.0)
        finding, cpu_s = judge.judge(elsewhere(own, session, room=room, wall=wall), asked)
        found.outcomes.append(_outcome(seed, place, finding, cpu_s, 1.0))


def _attacks(judge: Judge, seed: int, films: tuple[Sequence[Lit], Sequence[Lit]], found: Measured) -> None:
    dice = random.Random(seed + 1)  # noqa: S311 - an experiment, no secret
    for number, (species, make) in enumerate(SPECIES.items()):
        asked, session = _asked(dice, 1.0)
        shots = make(films, session, person(seed), np.random.default_rng([seed, number]))
        finding, cpu_s = judge.judge(shots, asked)
        found.outcomes.append(_outcome(seed, species, finding, cpu_s, 1.0))


def _asked(dice: random.Random, strength: float) -> tuple[Asked, Session]:
    """What the server asks, and the same with another time's answers for the synthetic camera."""
    order, colours = draw_challenge(dice.randrange), draw_colours(dice.randrange)
    other = order
    while other == order:
        other = draw_challenge(dice.randrange)
    session = Session(
        order=tuple(m.value for m in order),
        tint=_tint(colours),
        old_order=tuple(m.value for m in other),
        old_tint=_tint(draw_colours(dice.randrange)),
        strength=strength,
        lag_ms=dice.choice((0, 60, 120, 180)),
    )
    return Asked(f"bench-{dice.random()}", order, colours), session


def _tint(colours: Sequence[ScreenColour]) -> Tint:
    return screen([(c.colour, c.for_ms) for c in colours])


def _outcome(seed: int, kind: str, finding: Finding, cpu_s: float, strength: float) -> Outcome:
    advice = finding.advice[0].name.lower() if finding.advice else ""
    return Outcome(seed, kind, not finding.advice, advice, cpu_s, strength)


def _jpeg(shot: Shot) -> bytes:
    bgr = np.ascontiguousarray(shot.pixels[:, :, ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
