"""Attacks on a capture that asks for movements and coloured light, made from films of two people.

What lies before the camera (paper, mask, tablet) reflects the screen as its surface would; what is injected (an old
recording, another person's frames) brings its own light. They show what a check notices and prove no error rate for
real attacks. Not drawn: an injected video whose face is lit to the second by a model of it; a mask in the round."""

# ruff: noqa: ARG001 - every species is made from the same things

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats
from semblance.synthetic_people.attack import bezel, displayed, facing, halftone, held, room_of, sheet
from semblance.synthetic_people.capture import FRAME_MS, HEIGHT_PX, POSES, WIDTH_PX
from semblance.synthetic_people.glow import WHITE, Lit
from semblance.synthetic_people.people import Person, Rgb
from semblance.synthetic_people.portrait import render
from semblance.synthetic_people.relight import Tint, encoded, linear, under

PAPER, GLASS = 0.8, 0.04
"""Shares of light that white paper and a display's glass throw back (Lambertian; Fresnel at right angles)."""
_UNLIT = 2e-3  # linear: what the screen adds to a background that was drawn without it
FILLERS = ("smile", "blink")
"""What a film goes on with when nothing more is asked for, until the screen has shown its colours."""


@dataclass(frozen=True)
class Shot:
    """pixels (240, 320, 3) sRGB at at_ms since the capture began."""

    at_ms: int
    pixels: Bytes


@dataclass(frozen=True)
class Session:
    """What is asked (`order`, `tint`), what was asked at another time, and the strength of the attacker's screen."""

    order: tuple[str, ...]
    tint: Tint
    old_order: tuple[str, ...]
    old_tint: Tint
    strength: float = 1.0
    lag_ms: int = 80

    def light(self, at_ms: int) -> Rgb:
        """The screen's light on things before the camera."""
        red, green, blue = (c * self.strength for c in self.tint(max(0, at_ms - self.lag_ms)))
        return red, green, blue

    def old_light(self, at_ms: int) -> Rgb:
        """The screen's light when the old recording was made."""
        red, green, blue = (c * self.strength for c in self.old_tint(max(0, at_ms - self.lag_ms)))
        return red, green, blue


Films = tuple[Sequence[Lit], Sequence[Lit]]
"""Of the target and of the attacker; `film` with every action."""


def actions(order: Sequence[str]) -> list[str]:
    """Everything that a film in this order shows."""
    return ["rest", *order, *(action for action in FILLERS if action not in order), "hold"]


def ordered(film: Sequence[Lit], order: Sequence[str]) -> list[Lit]:
    """The film's actions in this order and then the fillers that were not asked for, with times laid out anew."""
    parts: dict[str, list[Lit]] = {}
    for moment in film:
        parts.setdefault(moment.dark.action, []).append(moment)
    moments = [m for action in actions(order) for m in parts[action]]
    return [replace(m, dark=replace(m.dark, at_ms=k * FRAME_MS)) for k, m in enumerate(moments)]


def shown(moments: Sequence[Lit], light: Tint) -> list[Shot]:
    """The moments as a camera sees them under this light."""
    return [Shot(m.dark.at_ms, under(m.dark.pixels, m.white, light(m.dark.at_ms))) for m in moments]


def genuine(film: Sequence[Lit], asked: Session) -> list[Shot]:
    """A live person who does what is asked."""
    return shown(ordered(film, asked.order), asked.light)


def elsewhere(film: Sequence[Lit], asked: Session, *, room: float = 1.0, wall: float = 0.0) -> list[Shot]:
    """A live person in another place: `room` times its light, exposed anew, and a wall behind that the screen lights
    `wall` times as much as a white face."""
    shots = []
    for moment in ordered(film, asked.order):
        base, colour = linear(moment.dark.pixels), np.asarray(asked.light(moment.dark.at_ms), np.float32)
        added = np.maximum(linear(moment.white) - base, 0)
        behind = (cv2.blur(added.mean(axis=2), (5, 5)) < _UNLIT)[:, :, None]
        light = base * room + added * colour + behind * base * (wall * WHITE * colour)
        shots.append(Shot(moment.dark.at_ms, encoded(light / (room + (1 - room) * WHITE / 2))))
    return shots


def reflecting(image: Bytes, share: float, colour: Rgb) -> Bytes:
    """A flat thing under the room's light and the screen's; share 1 throws everything back."""
    light = linear(image)
    own = light / max(1e-3, float(np.quantile(light, 0.98)))  # how bright each spot is against its white
    return encoded(light + own * share * WHITE * np.asarray(colour, np.float32))


def flat_print(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """A printed photo of the target, turned by hand."""
    still = facing(who, 3)
    item = sheet(halftone(render(who, still, 300).pixels, rng))
    room, sway, shots = room_of(3 + who.seed, still.place), np.zeros(2), []
    poses = [pose for action in actions(asked.order) for pose in POSES[action]]
    for k, pose in enumerate(poses):
        sway = sway * 0.8 + rng.normal(0, 1.6, 2)
        lit_item = reflecting(item, PAPER, asked.light(k * FRAME_MS))
        shots.append(Shot(k * FRAME_MS, grain(held(lit_item, room, pose, sway)[0], rng)))
    return shots


def screen_replay(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """An old recording of the target in the right order, on a tablet before the camera."""
    room, sway, shots = room_of(4 + who.seed, facing(who, 3).place), np.zeros(2), []
    for shot in shown(ordered(films[0], asked.order), asked.old_light):
        sway = sway * 0.8 + rng.normal(0, 1.0, 2)
        item = reflecting(bezel(displayed(shot.pixels, rng)), GLASS, asked.light(shot.at_ms))
        shots.append(Shot(shot.at_ms, grain(held(item, room, {}, sway)[0], rng)))
    return shots


def worn_mask(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """The target's printed face with holes for the eyes, worn by an attacker who does what is asked."""
    picture = render(who, facing(who, 3), 320)
    paper, cut = cut_out(halftone(picture.pixels, rng), picture.truth.landmarks_px, picture.truth.box_px)
    source, shots = np.array(picture.truth.landmarks_px, np.float32), []
    for moment in ordered(films[1], asked.order):
        at_ms = moment.dark.at_ms
        goal = np.array(moment.dark.truth.landmarks_px, np.float32)
        matrix, _ = cv2.estimateAffinePartial2D(source, goal, method=cv2.LMEDS)
        worn = cv2.warpAffine(reflecting(paper, PAPER, asked.light(at_ms)), matrix, (WIDTH_PX, HEIGHT_PX))
        alpha = cv2.warpAffine(cut, matrix, (WIDTH_PX, HEIGHT_PX))[:, :, None] / 255.0
        behind = under(moment.dark.pixels, moment.white, asked.light(at_ms))
        shots.append(Shot(at_ms, np.asarray(worn * alpha + behind * (1 - alpha), np.uint8)))
    return shots


def cut_out(
    image: Bytes, landmarks: Sequence[tuple[float, float]], box: tuple[float, float, float, float]
) -> tuple[Bytes, Bytes]:
    """A face cut from a print with a white edge and holes for the eyes, and what is paper, (320, 320), 0 to 255."""
    x, y, w, h = box
    cut = np.zeros((320, 320), np.uint8)
    cv2.ellipse(cut, (int(x + w / 2), int(y + h * 0.5)), (int(w * 0.5), int(h * 0.55)), 0, 0, 360, 255, -1, cv2.LINE_AA)
    for eye in landmarks[:2]:
        cv2.ellipse(cut, (int(eye[0]), int(eye[1])), (int(w * 0.12), int(w * 0.06)), 0, 0, 360, 0, -1, cv2.LINE_AA)
    edge = cv2.dilate(cut, np.ones((3, 3), np.uint8)) - cut
    return np.where(edge[:, :, None] > 60, 238, image).astype(np.uint8), np.asarray(np.maximum(cut, edge), np.uint8)


def splice(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """A live attacker, and from the middle on the target: both as asked, and under the right colours."""
    mine, theirs = (genuine(film, asked) for film in (films[1], films[0]))
    return mine[: len(mine) // 2] + theirs[len(mine) // 2 :]


def injected(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """A live attacker moves; wherever the head is straight the target's frames are put in, under the right colours."""
    moments = ordered(films[1], asked.order)
    pairs = zip(moments, genuine(films[1], asked), genuine(films[0], asked), strict=True)
    straight = ("rest", "hold", *FILLERS)
    return [theirs if moment.dark.action in straight else mine for moment, mine, theirs in pairs]


def reordered(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """An old recording of the target, cut up and put in the order asked for: its colours are those of then."""
    old = ordered(films[0], asked.old_order)
    light = {(m.dark.action, m.dark.truth.landmarks_px): asked.old_light(m.dark.at_ms) for m in old}
    return [
        Shot(m.dark.at_ms, under(m.dark.pixels, m.white, light[m.dark.action, m.dark.truth.landmarks_px]))
        for m in ordered(films[0], asked.order)
    ]


def looped(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """The first movement of an old recording in the right order, over and over, with fresh noise."""
    whole = shown(ordered(films[0], asked.order), asked.old_light)
    return [Shot(k * FRAME_MS, grain(whole[k % 8].pixels, rng)) for k in range(len(whole))]


def wrong_order(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """The target, live and under the right colours, in another order: a recording that knew the colours."""
    return shown(ordered(films[0], asked.old_order), asked.light)


def old_session(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """An old recording of the target, injected; it happens to have the right order."""
    return shown(ordered(films[0], asked.order), asked.old_light)


def tinted(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """A recording in the right order, made without colours and tinted as a whole with the right ones."""
    shots = []
    for moment in ordered(films[0], asked.order):
        gain = 1 + 0.25 * np.asarray(asked.light(moment.dark.at_ms), np.float32)
        shots.append(Shot(moment.dark.at_ms, encoded(linear(moment.dark.pixels) * gain)))
    return shots


def tinted_face(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """The same with an oval over the face tinted alone, evenly, to the second, with soft edges."""
    shots = []
    for moment in ordered(films[0], asked.order):
        x, y, w, h = moment.dark.truth.box_px
        oval = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        centre, axes = (int(x + w / 2), int(y + h * 0.45)), (int(w * 0.6), int(h * 0.65))
        cv2.ellipse(oval, centre, axes, 0, 0, 360, 1.0, -1)
        oval = cv2.GaussianBlur(oval, (0, 0), 4)[:, :, None]
        gain = 1 + 0.25 * np.asarray(asked.light(moment.dark.at_ms), np.float32) * oval
        shots.append(Shot(moment.dark.at_ms, encoded(linear(moment.dark.pixels) * gain)))
    return shots


def face_swap(films: Films, asked: Session, who: Person, rng: np.random.Generator) -> list[Shot]:
    """A live attacker who does what is asked, wearing the target's inner face: laid on by its landmarks, with soft
    edges, each frame's colours matched in mean and spread to the attacker's face under the screen. No light is
    modelled."""
    shots = []
    for mine, theirs in zip(ordered(films[1], asked.order), ordered(films[0], asked.order), strict=True):
        at_ms = mine.dark.at_ms
        frame = under(mine.dark.pixels, mine.white, asked.light(at_ms))
        source = np.array(theirs.dark.truth.landmarks_px, np.float32)
        goal = np.array(mine.dark.truth.landmarks_px, np.float32)
        matrix, _ = cv2.estimateAffinePartial2D(source, goal, method=cv2.LMEDS)
        worn = cv2.warpAffine(theirs.dark.pixels, matrix, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        inner = _inner_face(goal)
        shots.append(Shot(at_ms, _blended(_matched(worn, frame, inner), frame, inner)))
    return shots


def _inner_face(landmarks: Floats) -> Floats:
    """(240, 320, 1), 0 to 1: from the brows to below the mouth, with soft edges."""
    between, down = float(np.hypot(*(landmarks[1] - landmarks[0]))), landmarks[3:].mean(0) - landmarks[:2].mean(0)
    middle = landmarks[:2].mean(0) + 0.55 * down
    axes = (max(1, int(between * 1.0)), max(1, int(float(np.hypot(*down)) * 1.05)))
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    cv2.ellipse(mask, (int(middle[0]), int(middle[1])), axes, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 4)[:, :, None], np.float32)


def _matched(face: Bytes, frame: Bytes, inner: Floats) -> Floats:
    """The face with the frame's mean and spread of each channel there (Reinhard et al., 2001, in sRGB)."""
    within = inner[:, :, 0] > 0.5
    mine, theirs = frame[within].astype(np.float32), face[within].astype(np.float32)
    scale = mine.std(0) / np.maximum(theirs.std(0), 1.0)
    return np.asarray((face - theirs.mean(0)) * scale + mine.mean(0), np.float32)


def _blended(face: Floats, frame: Bytes, inner: Floats) -> Bytes:
    return np.asarray(np.clip(face * inner + frame * (1 - inner), 0, 255), np.uint8)


def grain(image: Bytes | Floats, rng: np.random.Generator) -> Bytes:
    """With a camera's noise."""
    return np.asarray(np.clip(image + rng.normal(0, 2.0, image.shape), 0, 255), np.uint8)


Maker = Callable[[Films, Session, Person, np.random.Generator], list[Shot]]
SPECIES: dict[str, Maker] = {
    "print": flat_print,
    "screen replay": screen_replay,
    "mask": worn_mask,
    "splice": splice,
    "injected other person": injected,
    "re-ordered": reordered,
    "looped": looped,
    "wrong order": wrong_order,
    "old session": old_session,
    "tinted": tinted,
    "tinted face": tinted_face,
    "face swap": face_swap,
}
"""By name; each takes the two films, the session, the target and a random generator."""
