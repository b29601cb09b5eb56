"""What travels between a training and the process that learns elsewhere: plain values, and nothing of a person in the
clear.

A job's key goes inside the call itself, which neither rests nor spills; photos, states and the adapter pass through a
store of objects, which does both, and are ciphertext there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import Final

import numpy as np

from semblance.service_kit.cluster import sealing
from semblance.service_kit.cluster.answers import Refused
from semblance.training.domain.errors import TrainerAway
from semblance.training.domain.leak import OwnPicture, Place
from semblance.training.domain.likeness import Measured
from semblance.training.ports import Photo, Trained

_PHOTOS: Final = b"photos"
_STATE: Final = b"state"
_ADAPTER: Final = b"adapter"


@dataclass(frozen=True)
class Job:
    """One training. Small enough that it is sent inside the call. `repr` shows no key."""

    id: str
    held_out: int
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Tick:
    """So far it is."""

    phase: str
    step: int
    steps: int


@dataclass(frozen=True)
class Kept:
    """A state to go on from; it came by the store of objects."""


@dataclass(frozen=True)
class Done:
    """Learnt and judged; the adapter came by the store of objects."""


Answer = Tick | Kept | Refused | Done


def seal_photos(job: Job, photos: Sequence[Photo], state: bytes | None) -> bytes:
    """What is learnt from, and what a killed training of the same person would go on from."""
    landmarks = json.dumps([photo.landmarks for photo in photos]).encode()
    kept = [state] if state is not None else []
    parts = [landmarks, *(photo.data for photo in photos), *kept]
    return sealing.seal(job.key, sealing.join(parts), _PHOTOS)


def open_photos(job: Job, sealed: bytes) -> tuple[list[Photo], bytes | None]:
    """The same on the other side. Raises TrainerAway for what was not sealed for this job."""
    points, *rest = sealing.split(_unseal(job, sealed, _PHOTOS))
    landmarks = [tuple((float(x), float(y)) for x, y in own) for own in json.loads(points)]
    photos = [Photo(data, own) for data, own in zip(rest, landmarks, strict=False)]
    return photos, rest[len(photos)] if len(rest) > len(photos) else None


def seal_state(job: Job, state: bytes) -> bytes:
    """A state under the job's key."""
    return sealing.seal(job.key, state, _STATE)


def open_state(job: Job, sealed: bytes) -> bytes:
    """Raises TrainerAway for what was not sealed for this job."""
    return _unseal(job, sealed, _STATE)


def seal_trained(job: Job, trained: Trained) -> bytes:
    """The adapter and all that judges it. Numbers come back to the bit: JSON keeps a double, embeddings are raw."""
    facts = {
        "backbone_digest": trained.backbone_digest,
        "measured": asdict(trained.measured),
        "places": [astuple(place) for place in trained.places],
        "own": [astuple(picture) for picture in trained.own],
    }
    faces = [np.ascontiguousarray(face, np.float32).tobytes() for face in trained.faces]
    parts = [json.dumps(facts).encode(), trained.lora, trained.reference, trained.flat, *faces]
    return sealing.seal(job.key, sealing.join(parts), _ADAPTER)


def open_trained(job: Job, sealed: bytes) -> Trained:
    """The same on the other side. Raises TrainerAway for what was not sealed for this job."""
    told, lora, reference, flat, *faces = sealing.split(_unseal(job, sealed, _ADAPTER))
    facts = json.loads(told)
    return Trained(
        lora=lora,
        reference=reference,
        flat=flat,
        backbone_digest=facts["backbone_digest"],
        measured=Measured(**facts["measured"]),
        places=tuple(Place(*numbers) for numbers in facts["places"]),
        own=tuple(OwnPicture(*numbers) for numbers in facts["own"]),
        faces=tuple(np.frombuffer(face, np.float32) for face in faces),
    )


def _unseal(job: Job, sealed: bytes, way: bytes) -> bytes:
    try:
        return sealing.unseal(job.key, sealed, way)
    except sealing.NotSealedForThis as error:
        raise TrainerAway("what came from the store of objects was not sealed for this training") from error
