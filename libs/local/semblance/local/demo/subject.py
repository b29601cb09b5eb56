"""Whose pictures the demo makes: the bundled person who does not exist, or the user before their own camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from semblance.client.models import CaptureFrame, CaptureSession
from semblance.kernel.errors import Invalid, Unavailable
from semblance.local.demo.screen import TerminalScreen
from semblance.synthetic_people import bundled
from semblance.synthetic_people.relight import screen

BUNDLED = "ana"
IMPOSTOR = "cleo"
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}
_REST_S = 1.0
_ACTION_S = 2.5
_HOLD_S = 1.8
_FRAMES_PER_S = 8.0
_WIDTH_PX = 480
_READ_S = 3.0
_SAY = {
    "turn_left": "turn your head to your left and back",
    "turn_right": "turn your head to your right and back",
    "nod": "nod down and back up",
    "blink": "close both eyes for a second, then open them",
}


@dataclass(frozen=True)
class DemoPhoto:
    """A file to upload; `expected` is "used", "refused" or "" when nobody can say beforehand."""

    name: str
    data: bytes
    expected: str


def _filmed(name: str, session: CaptureSession) -> list[CaptureFrame]:
    tint = screen([(c.colour, c.for_ms) for c in session.colours])
    return [CaptureFrame(at_ms=f.at_ms, jpeg=f.jpeg) for f in bundled.filmed(name, session.challenge, tint)]


class DemoSubject(Protocol):
    """Somebody who can be filmed and has photos."""

    name: str

    def film(self, session: CaptureSession) -> list[CaptureFrame]: ...

    def impostor(self, session: CaptureSession) -> list[CaptureFrame] | None: ...

    def photos(self) -> Sequence[DemoPhoto]: ...


class BundledSubject:
    """Ana, made by the project; the photos hold a group picture, a duplicate and an unreadable file."""

    name = "Ana Demo"

    def film(self, session: CaptureSession) -> list[CaptureFrame]:
        """Her committed capture, in the order and under the colours that the session asks for."""
        return _filmed(BUNDLED, session)

    def impostor(self, session: CaptureSession) -> list[CaptureFrame]:
        """A capture that must fail: another person takes over in the middle."""
        own, other = _filmed(BUNDLED, session), _filmed(IMPOSTOR, session)
        half = len(own) // 2
        swapped = [theirs.model_copy(update={"at_ms": mine.at_ms}) for mine, theirs in zip(own, other, strict=True)]
        return own[:half] + swapped[half:]

    def photos(self) -> list[DemoPhoto]:
        """Nine portraits, one group picture, an unreadable file and a duplicate: twelve."""
        expected = {"portrait": "used", "group": "used", "duplicate": "refused", "unreadable": "refused"}
        chosen = [
            *bundled.person_photos(BUNDLED, ("portrait",))[:9],
            *bundled.person_photos(BUNDLED, ("group", "unreadable", "duplicate")),
        ]
        return [DemoPhoto(photo.path.name, photo.read(), expected[photo.kind]) for photo in chosen]


class OwnSubject:
    """The user: photos from a folder; filmed by a camera (a number, or a video file for rehearsals)."""

    name = "Demo User"

    def __init__(self, folder: Path, camera: str, say: Callable[[str], None]) -> None:
        self._camera = int(camera) if camera.isdigit() else camera
        self._say = say
        self._paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
        if not self._paths:
            raise Invalid(f"{folder} holds no photos", remedy="Name a folder with at least 6 photos of yourself.")

    def film(self, session: CaptureSession) -> list[CaptureFrame]:
        """Ask for each movement while filming and colouring the terminal. Raises Unavailable without a camera."""
        camera = cv2.VideoCapture(self._camera)
        if not camera.isOpened():
            raise Unavailable(
                "no camera opened, and opting in needs a live capture",
                remedy="Attach a camera or choose one with --camera, or run the demo without PHOTOS.",
            )
        self._say("Make this window as large as the screen, and the screen bright. Face well lit, nobody else in view.")
        self._say("Sit so that your head, neck and shoulders are in the picture, hair behind your ears.")
        self._say("If flashing colours can harm you, stop here (Ctrl-C).")
        time.sleep(_READ_S)
        try:
            with TerminalScreen(session.colours) as shown:
                frames = self._record(camera, shown, [], _REST_S)
                for action in session.challenge:
                    self._say(f"Now {_SAY.get(action, action.replace('_', ' '))}.")
                    frames = self._record(camera, shown, frames, _ACTION_S)
                self._say("Now hold still and look at the camera.")
                return self._record(camera, shown, frames, _HOLD_S)
        finally:
            camera.release()

    def impostor(self, session: CaptureSession) -> None:
        """A user is not asked to fail on purpose."""

    def photos(self) -> list[DemoPhoto]:
        """Every photo in the folder."""
        return [DemoPhoto(path.name, path.read_bytes(), "") for path in self._paths]

    def _record(
        self, camera: cv2.VideoCapture, shown: TerminalScreen, before: list[CaptureFrame], seconds: float
    ) -> list[CaptureFrame]:
        """The frames before, with those of the next seconds; times are those of the screen's clock."""
        frames, until_ms = list(before), shown.now_ms() + round(seconds * 1000)
        while (at_ms := shown.now_ms()) < until_ms:
            shown.show(at_ms)
            read, picture = camera.read()
            if not read:
                raise Unavailable("the camera stopped sending pictures", remedy="Try again, or choose another camera.")
            height_px = round(picture.shape[0] * _WIDTH_PX / picture.shape[1])
            small = cv2.resize(picture, (_WIDTH_PX, height_px), interpolation=cv2.INTER_AREA)
            encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            taken_ms = max(shown.now_ms(), frames[-1].at_ms + 1 if frames else 0)
            frames.append(CaptureFrame(at_ms=taken_ms, jpeg=encoded))
            time.sleep(max(0.0, (at_ms - shown.now_ms()) / 1000 + 1 / _FRAMES_PER_S))
        return frames
