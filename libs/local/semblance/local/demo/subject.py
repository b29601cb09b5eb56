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
from semblance.synthetic_people import bundled

BUNDLED = "ana"
IMPOSTOR = "cleo"
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}
_REST_S = 1.0
_ACTION_S = 2.5
_FRAMES_PER_S = 8.0
_WIDTH_PX = 480
_SAY = {
    "turn_left": "turn your head to your left and back",
    "turn_right": "turn your head to your right and back",
    "nod": "nod down and back up",
}


@dataclass(frozen=True)
class DemoPhoto:
    """A file to upload; `expected` is "used", "refused" or "" when nobody can say beforehand."""

    name: str
    data: bytes
    expected: str


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
        """Her committed capture, put in the order that the session asks for."""
        frames = bundled.capture(BUNDLED, session.challenge)
        return [CaptureFrame(at_ms=frame.at_ms, jpeg=frame.read()) for frame in frames]

    def impostor(self, session: CaptureSession) -> list[CaptureFrame]:
        """A capture that must fail: another person takes over in the middle."""
        own = bundled.capture(BUNDLED, session.challenge)
        other = bundled.capture(IMPOSTOR, session.challenge)
        half = len(own) // 2
        return [
            CaptureFrame(at_ms=mine.at_ms, jpeg=(mine if number < half else theirs).read())
            for number, (mine, theirs) in enumerate(zip(own, other, strict=True))
        ]

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
        """Ask for each movement in turn while filming. Raises Unavailable without a camera."""
        camera = cv2.VideoCapture(self._camera)
        if not camera.isOpened():
            raise Unavailable(
                "no camera opened, and opting in needs a live capture",
                remedy="Attach a camera or choose one with --camera, or run the demo without PHOTOS.",
            )
        try:
            self._say("Look at the camera, face well lit, nobody else in the picture.")
            frames = self._record(camera, 0.0, _REST_S)
            for action in session.challenge:
                self._say(f"Now {_SAY.get(action, action.replace('_', ' '))}.")
                frames += self._record(camera, frames[-1].at_ms / 1000 if frames else 0.0, _ACTION_S)
            return frames
        finally:
            camera.release()

    def impostor(self, session: CaptureSession) -> None:
        """A user is not asked to fail on purpose."""

    def photos(self) -> list[DemoPhoto]:
        """Every photo in the folder."""
        return [DemoPhoto(path.name, path.read_bytes(), "") for path in self._paths]

    def _record(self, camera: cv2.VideoCapture, start_s: float, seconds: float) -> list[CaptureFrame]:
        began_s, frames = time.monotonic(), list[CaptureFrame]()
        while (passed_s := time.monotonic() - began_s) < seconds:
            read, picture = camera.read()
            if not read:
                raise Unavailable("the camera stopped sending pictures", remedy="Try again, or choose another camera.")
            height_px = round(picture.shape[0] * _WIDTH_PX / picture.shape[1])
            small = cv2.resize(picture, (_WIDTH_PX, height_px), interpolation=cv2.INTER_AREA)
            encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            frames.append(CaptureFrame(at_ms=round((start_s + passed_s) * 1000) + 1, jpeg=encoded))
            time.sleep(max(0.0, len(frames) / _FRAMES_PER_S - (time.monotonic() - began_s)))
        return frames
