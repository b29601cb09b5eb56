"""A service of one's own: a migrated SQLite, keys in memory, a fake clock, and captures that say what they show."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from semblance.identity import main
from semblance.identity.adapters.store import SqlTransactions
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.illumination import ScreenColour, shown_at
from semblance.identity.domain.liveness import Reading
from semblance.identity.domain.matching import Embedding
from semblance.identity.handlers import capture, consents, release
from semblance.identity.ports import Frame, Ports
from semblance.identity.settings import IdentitySettings
from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ReleaseId, SubjectId, new_id
from semblance.local.testing import databases
from semblance.objects import MemoryKeyRing, Sealer
from semblance.service_kit import testing
from semblance.service_kit.database import Database
from semblance.service_kit.migrations import downgrade

ALL = frozenset(Purpose)


def face(number: int, wobble: float = 0.05) -> Embedding:
    """A made-up person's embedding; the same number twice is about 0.99 alike, two numbers about 0."""
    base = np.random.default_rng(number).normal(size=128)
    noise = np.random.default_rng().normal(size=128) * wobble
    vector = base / np.linalg.norm(base) + noise / np.linalg.norm(base)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


ROOM = (0.3, 0.3, 0.3)


def shown(movements: Sequence[Movement], colours: Sequence[ScreenColour] = ()) -> list[Reading]:
    """Measurements of a clean capture of these movements before a screen that shows these colours 80 ms late."""
    poses = [(0.0, 0.0, 0.0)] * 4
    for movement in movements:
        yaw = {Movement.TURN_LEFT: 28.0, Movement.TURN_RIGHT: -28.0}.get(movement, 0.0)
        nod, shut = float(movement is Movement.NOD), float(movement is Movement.BLINK)
        poses += [(yaw * s, nod * s, shut * s) for s in (0.3, 0.7, 1.0, 1.0, 0.6, 0.2)]
        poses += [(0.0, 0.0, 0.0)] * 4
    return [
        Reading(
            at_ms=k * 120,
            digest=f"{k}",
            faces=1,
            yaw_deg=yaw,
            pitch_deg=5.0 + 12.0 * nod,
            eye_opening=0.3 - 0.25 * shut,
            face_width_px=120.0,
            eyes_x_px=160.0,
            eyes_y_px=120.0 + 40.0 * nod,
            skin=_skin(colours, k * 120 - 80),
            back=ROOM,
            body=np.array([_skin(colours, k * 120 - 80, 0.08)] * 12, np.float32),
            spots=_spots(colours, k * 120 - 80),
            patch=_patch(colours, k * 120 - 80),
            room=np.array([ROOM] * 8, np.float32),
        )
        for k, (yaw, nod, shut) in enumerate(poses)
    ]


def _spots(colours: Sequence[ScreenColour], at_ms: int) -> np.ndarray:
    """Light and dark skin in no order, under the screen from one side."""
    shares, albedo = np.linspace(0.05, 0.15, 35), np.random.default_rng(2).uniform(0.5, 1.0, 35)
    rows = [a * np.array(_skin(colours, at_ms, share)) for share, a in zip(shares, albedo, strict=True)]
    return np.array(rows, np.float32)


def _patch(colours: Sequence[ScreenColour], at_ms: int) -> np.ndarray:
    """The same, finer: (12, 12, 3)."""
    shares, albedo = np.linspace(0.02, 0.3, 12), np.random.default_rng(3).uniform(0.5, 1.0, (12, 12, 1))
    row = np.array([_skin(colours, at_ms, share) for share in shares])
    return (albedo * row[None]).astype(np.float32)


def _skin(colours: Sequence[ScreenColour], at_ms: int, share: float = 0.1) -> tuple[float, float, float]:
    """Skin under the room's light and this share as much of the screen's."""
    screen = shown_at(colours, at_ms).light if colours else (0.0, 0.0, 0.0)
    red, green, blue = (skin * (1 + share * c) for skin, c in zip((0.4, 0.25, 0.18), screen, strict=True))
    return red, green, blue


@dataclass
class FakeCapture:
    """What the reader will say about the next frames, whatever they hold."""

    readings: Sequence[Reading] = ()
    person: int = 1
    persons: dict[int, int] = field(default_factory=dict)
    broken: Exception | None = None

    def read(self, frames: Sequence[Frame]) -> FakeCapture:
        if self.broken is not None:
            raise self.broken
        return self

    def embeddings(self, indices: Sequence[int]) -> list[Embedding]:
        return [face(self.persons.get(i, self.person)) for i in indices]


@dataclass
class FakePhotos:
    """Each photo is the number of the person it shows."""

    def read(self, photos: Sequence[bytes]) -> list[Embedding]:
        return [face(int(photo)) for photo in photos]


class Desk:
    """The service with its handlers, and shortcuts through the opt-in."""

    face = staticmethod(face)
    shown = staticmethod(shown)

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.clock = FakeClock()
        self.database: Database = testing.database(
            folder, main.MIGRATIONS, source="identity", clock=self.clock, url=url
        )
        self.keyring = MemoryKeyRing()
        self.reader = FakeCapture()
        self.settings = IdentitySettings(receipt_key_file=folder / "receipts.key", models_dir=folder)
        ports = main.ports_of(
            self.settings,
            self.database,
            self.keyring,
            Sealer(self.keyring),
            readers=(self.reader, FakePhotos()),
            clock=self.clock,
        )
        # The same challenges in every run: a capture that fails by the draw would fail once in so many runs.
        self.ports: Ports = dataclasses.replace(ports, below=random.Random(1).randrange)
        self.store_of = SqlTransactions(self.database, self.clock).of_unit

    def released(self, subject_id: SubjectId, purposes: frozenset[Purpose] = ALL) -> ReleaseId:
        command = release.SignRelease(
            subject_id=subject_id,
            notice_sha256=self.ports.notice.sha256,
            adult=True,
            purposes=purposes,
            signed_name="Ada Example",
        )
        return release.sign_release(command, self.ports).id

    def opened(self, subject_id: SubjectId, *, device: str = "phone", purposes: frozenset[Purpose] = ALL):
        command = capture.CreateSession(subject_id, self.released(subject_id, purposes), device)
        return capture.create_session(command, self.ports)

    def submitted(self, session, *, person: int = 1, readings: Sequence[Reading] | None = None, nonce: str = ""):
        self.reader.readings = shown(session.challenge, session.colours) if readings is None else readings
        self.reader.person = person
        frames = [Frame(r.at_ms, b"jpeg") for r in self.reader.readings]
        command = capture.SubmitCapture(session.subject_id, session.id, nonce or session.nonce, frames)
        return capture.submit_capture(command, self.ports)

    def opted_in(self, person: int = 1, *, device: str = "phone") -> tuple[SubjectId, Consent]:
        subject_id = SubjectId(new_id())
        session = self.submitted(self.opened(subject_id, device=device), person=person)
        assert session.state.value == "succeeded", session.advice
        command = consents.GrantConsent(subject_id, session.id, ALL, 0)
        return subject_id, consents.grant_consent(command, self.ports)

    def with_rules(self, **changes: object) -> None:
        """Replace some rules for the rest of the test."""
        self.ports = dataclasses.replace(self.ports, rules=dataclasses.replace(self.ports.rules, **changes))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database on a real PostgreSQL."""
    with databases.postgres() as server:
        yield server.url("identity")


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """On SQLite, or on PostgreSQL for modules that ask for both."""
    on_postgres = getattr(request, "param", "sqlite") == "postgres"
    made = Desk(tmp_path, request.getfixturevalue("postgres_url") if on_postgres else None)
    yield made
    if on_postgres:  # one database for all tests: they leave it empty
        downgrade(made.database.engine, main.MIGRATIONS)
    made.database.close()


@pytest.fixture
def subject_id() -> SubjectId:
    return SubjectId(new_id())


@pytest.fixture
def shown_readings():
    """`shown`, for tests that judge readings without a service."""
    return shown
