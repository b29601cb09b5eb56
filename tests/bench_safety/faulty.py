"""What can go wrong in a look, as wrappers around the real ports; each is in force for one process's life."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from semblance.kernel.errors import Unavailable
from semblance.safety.ports import FaceScores, Ports

KILL = "process killed"
NONE = "nothing"


class Sabotage(Exception):
    """An error that no part of the service knows of: a bug, or a library's."""


@dataclass(frozen=True)
class Fault:
    """lasts: the service never gets well again for this picture. apply: the ports, spoilt."""

    name: str
    apply: Callable[[Ports, np.random.Generator], Ports]
    lasts: bool = False


@dataclass
class Eyes:
    """The real eyes, spoilt in one way."""

    real: Any
    how: str
    dice: np.random.Generator

    def open(self, png: bytes, **size: int) -> Any:
        if self.how == "decoder fails":
            raise Sabotage
        return self.real.open(png, **size)

    def faces(self, image: Any, go_on: Any) -> list[Any]:
        if self.how == "detector fails":
            raise cv2.error("spoilt")
        if self.how == "look takes for ever":
            while True:
                time.sleep(0.02)
                go_on()
        found = self.real.faces(image, go_on)
        if self.how == "detector sees nothing":
            return []
        if self.how == "detector sees noise":
            return [replace(face, embedding=self._noise()) for face in found]
        if self.how == "embedding not finite":
            return [replace(face, embedding=np.full(128, np.nan, np.float32)) for face in found]
        if self.how == "embedding zero":
            return [replace(face, embedding=np.zeros(128, np.float32)) for face in found]
        return found

    def nude_parts(self, image: Any) -> list[Any]:
        if self.how == "nudity model fails":
            raise Sabotage
        return list(self.real.nude_parts(image))

    def blur(self, image: Any, boxes: Any) -> Any:
        return self.real.blur(image, boxes)

    def _noise(self) -> Any:
        drawn = self.dice.standard_normal(128).astype(np.float32)
        return drawn / np.linalg.norm(drawn)


@dataclass
class Answers:
    """identity's real answers, spoilt in one way."""

    real: Any
    how: str

    def match(self, subject_id: Any, faces: Sequence[Any], **consent: Any) -> tuple[list[FaceScores], bool]:
        if self.how == "index stale":
            consent["consent_revision"] += 1
        if self.how == "index of nobody":
            raise Unavailable("spoilt: the gallery is empty")
        if self.how == "identity slow":
            time.sleep(0.2)
            raise Unavailable("spoilt: the deadline has passed")
        scores, enrolled = self.real.match(subject_id, faces, **consent)
        if self.how == "fewer scores than faces":
            return scores[:-1], enrolled
        if self.how == "scores not finite":
            return [FaceScores(float("nan"), float("nan"), s.protected) for s in scores], enrolled
        if self.how == "others not finite":
            return [FaceScores(s.own, float("nan"), s.protected) for s in scores], enrolled
        return scores, enrolled


@dataclass
class Quarantine:
    """The real quarantine, spoilt in one way."""

    real: Any
    how: str

    def get(self, subject_id: str, key: str) -> bytes:
        data = bytes(self.real.get(subject_id, key))
        if self.how == "half a picture":
            return data[: len(data) // 2]
        if self.how == "other bytes":
            return data[:-20] + os.urandom(20)
        if self.how == "store away":
            raise Unavailable("spoilt: the store is away")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@dataclass
class Consents:
    """The list of consents, spoilt in one way: behind, or withdrawn between the look and the verdict."""

    real: Any
    how: str
    asked: int = 0

    def require(self, consent_id: str, *told: Any, **named: Any) -> Any:
        self.asked += 1
        if self.how == "consents behind":
            raise Unavailable("spoilt: the list of consents is behind")
        if self.how == "withdrawn meanwhile" and self.asked > 1:
            self.real.revoke(consent_id)
        return self.real.require(consent_id, *told, **named)


def _eyes(how: str) -> Callable[[Ports, np.random.Generator], Ports]:
    return lambda ports, dice: replace(ports, eyes=Eyes(ports.eyes, how, dice))


def _answers(how: str) -> Callable[[Ports, np.random.Generator], Ports]:
    return lambda ports, _: replace(ports, matcher=Answers(ports.matcher, how))


def _quarantine(how: str) -> Callable[[Ports, np.random.Generator], Ports]:
    return lambda ports, _: replace(ports, quarantine=Quarantine(ports.quarantine, how))


def _consents(how: str) -> Callable[[Ports, np.random.Generator], Ports]:
    return lambda ports, _: replace(ports, consents=Consents(ports.consents, how))


def _unchanged(ports: Ports, _dice: np.random.Generator) -> Ports:
    return ports


FAULTS = (
    Fault(NONE, _unchanged),
    Fault(KILL, _unchanged),
    *(
        Fault(how, _eyes(how))
        for how in ("decoder fails", "detector fails", "nudity model fails", "look takes for ever")
    ),
    *(
        Fault(how, _eyes(how), lasts=True)
        for how in ("detector sees nothing", "detector sees noise", "embedding not finite", "embedding zero")
    ),
    *(Fault(how, _answers(how)) for how in ("index stale", "index of nobody", "identity slow")),
    *(
        Fault(how, _answers(how), lasts=True)
        for how in ("fewer scores than faces", "scores not finite", "others not finite")
    ),
    *(Fault(how, _quarantine(how)) for how in ("store away",)),
    *(Fault(how, _quarantine(how), lasts=True) for how in ("half a picture", "other bytes")),
    Fault("consents behind", _consents("consents behind")),
    Fault("withdrawn meanwhile", _consents("withdrawn meanwhile"), lasts=True),
)
"""A model that goes wrong silently (`lasts`) may block what it should let through, never the other way round."""
