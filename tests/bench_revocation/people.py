"""The people of the benchmark, and what every process knows about them: plain values that cross process borders."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import multiprocessing as mp
from dataclasses import dataclass
from typing import Any

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.kernel.ids import new_id

CONSENT_DAYS, PHOTOS = 30, 8
BACKBONE = "sha256:" + "0" * 64


class Phase(enum.IntEnum):
    """IDLE people are load; WATCHED ones are about to be, or were just, withdrawn; AFTER: the deadline has passed."""

    IDLE = 0
    WATCHED = 1
    AFTER = 2


@dataclass(frozen=True)
class Person:
    """Somebody with one consent to everything and one adapter."""

    number: int
    subject_id: str
    consent_id: str
    adapter_id: str

    @property
    def lora_key(self) -> str:
        """Where the adapter lies."""
        return f"{self.subject_id}/{self.adapter_id}"

    @property
    def lora(self) -> bytes:
        """Stands for an adapter's weights: 64 KiB that are nobody else's."""
        return hashlib.shake_256(self.adapter_id.encode()).digest(65_536)

    @property
    def lora_sha256(self) -> str:
        """Its digest, as training tells it."""
        return hashlib.sha256(self.lora).hexdigest()

    def granted(self, now: dt.datetime) -> identity_pb.ConsentGranted:
        """The event that gives the consent."""
        state = identity_pb.ConsentState(
            subject_id=self.subject_id,
            consent_id=self.consent_id,
            revision=1,
            purposes=[identity_pb.PURPOSE_PHOTOS, identity_pb.PURPOSE_TRAIN, identity_pb.PURPOSE_GENERATE],
        )
        state.granted_at.FromDatetime(now)
        state.expires_at.FromDatetime(now + dt.timedelta(days=CONSENT_DAYS))
        return identity_pb.ConsentGranted(
            subject_id=self.subject_id, consent_id=self.consent_id, consent_revision=1, state=state
        )

    def trained(self) -> training_pb.AdapterTrained:
        """The event that tells of the adapter; the signer waits for it."""
        return training_pb.AdapterTrained(
            subject_id=self.subject_id,
            consent_id=self.consent_id,
            consent_revision=1,
            adapter_id=self.adapter_id,
            lora_key=self.lora_key,
            lora_sha256=self.lora_sha256,
            backbone_digest=BACKBONE,
            photo_count=PHOTOS,
        )


def people(count: int) -> list[Person]:
    """New ones."""
    return [Person(number, new_id(), new_id(), new_id()) for number in range(count)]


@dataclass
class Shared:
    """Memory that all processes see: each person's phase, and for each station the last time it would have said yes and
    how many attempts it made after people's deadlines.

    Times are time.monotonic() seconds, one clock for the whole machine.
    """

    phases: Any
    last_yes_s: dict[str, Any]
    after: dict[str, Any]
    ready: dict[str, Any]
    stop: Any

    @classmethod
    def of(cls, context: mp.context.BaseContext, stations: tuple[str, ...], count: int) -> Shared:
        """Everybody idle."""
        return cls(
            phases=context.Array("b", count, lock=False),
            last_yes_s={name: context.Array("d", count, lock=False) for name in stations},
            after={name: context.Value("l", 0, lock=False) for name in stations},
            ready={name: context.Event() for name in stations},
            stop=context.Event(),
        )
