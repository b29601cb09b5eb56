"""The people of a run, as the workers read them: made and settled before the first arrival."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from loadtests.calling import Starved

T = TypeVar("T")
Film = Callable[[str, Sequence[str], Sequence[tuple[str, int]]], list[tuple[int, bytes]]]
"""(face, challenge, [(colour, ms)]) to [(at_ms, jpeg)]: what the camera would see."""


@dataclass
class Somebody:
    """An account. `face`: whose photos and film they have, "" without a consent. `sent`: photos sent so far."""

    handle: str
    password: str = field(repr=False)
    subject_id: str
    token: str = field(repr=False)
    face: str = ""
    consent_id: str = ""
    adapter_id: str = ""
    sent: int = 0


@dataclass
class World:
    """What one worker may use. `faces` are its own: one that is enrolled can be enrolled nowhere else. `joined` is told
    of everybody who makes an account, before they enrol one."""

    accounts: list[Somebody]
    ready: list[Somebody]
    faces: list[str]
    photos: dict[str, list[Path]]
    pictures: list[bytes]
    film: Film
    dice: Random
    joined: Callable[[Somebody], object] = lambda _: None

    def anybody(self) -> Somebody:
        """An account, with a consent or without. Raises Starved."""
        return self._one([*self.accounts, *self.ready], "account")

    def somebody_ready(self) -> Somebody:
        """With a consent, photos and an adapter. Raises Starved."""
        return self._one(self.ready, "account with an adapter")

    def free_face(self) -> str:
        """A face that is enrolled nowhere; give it back when it is erased. Raises Starved."""
        if not self.faces:
            raise Starved("no face is free")
        return self.faces.pop(0)

    def give_back(self, face: str) -> None:
        """It is erased everywhere."""
        self.faces.append(face)

    def next_photo(self, who: Somebody) -> bytes:
        """A photo they have not sent yet; with none left the first again, which the platform calls a duplicate."""
        held = self.photos[who.face]
        data = held[who.sent % len(held)].read_bytes()
        who.sent += 1
        return data

    def picture(self) -> bytes:
        """One that was published, to ask about. Raises Starved."""
        return self._one(self.pictures, "published picture")

    def _one(self, among: list[T], what: str) -> T:
        if not among:
            raise Starved(f"no {what} is there")
        return self.dice.choice(among)


@dataclass
class Roster:
    """World's serialisable part, shared by all workers."""

    accounts: list[Somebody]
    ready: list[Somebody]
    faces: list[str]
    photos: dict[str, list[str]]
    pictures: list[str]

    def write(self, path: Path) -> None:
        """Mode 600: it holds tokens and passwords of people who do not exist."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def read(cls, path: Path) -> Roster:
        """What `write` wrote."""
        row = json.loads(path.read_text())
        people = {name: [Somebody(**each) for each in row[name]] for name in ("accounts", "ready")}
        return cls(**(row | people))

    def world(self, worker: int, workers: int, film: Film, seed: int) -> World:
        """What worker number `worker` may use."""
        return World(
            accounts=self.accounts,
            ready=self.ready,
            faces=self.faces[worker::workers],
            photos={face: [Path(p) for p in paths] for face, paths in self.photos.items()},
            pictures=[base64.b64decode(p) for p in self.pictures],
            film=film,
            dice=Random(seed * 1000 + worker),  # noqa: S311 - who comes, not a secret
        )
