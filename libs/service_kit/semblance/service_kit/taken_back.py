"""What people took back, written down where no backup reaches: a restore brings it back, this says what must go.

An entry is a file that is wholly there or not there, and its name says everything: `<kind>.<subject id>.<thing's id>`,
random ids and nothing else. In it is the time, which only those kinds need that a person can undo. Who is erased needs
no entries any more: the tombstone of their key covers them all (semblance.objects.file_keyring).

A few kinds (Kind.kept) cannot be said by an id alone: what the register protects, a person's limits, a new password.
Their files also hold what brings it back, sealed by the service that notes it, with keys that the log does not have;
that service reads it at its own start (of, content).

The taking back commits with queued work that owes the entry (Unit.take_back), and whoever answers writes it at once
after the commit. A log that cannot be written refuses nobody: the work waits for it, loudly, in the database.
"""

from __future__ import annotations

import base64
import datetime as dt
import enum
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message

from semblance.contracts.generation.v1.events_pb2 import ImageRemoved
from semblance.contracts.identity.v1.events_pb2 import ConsentRevoked
from semblance.contracts.ingest.v1.events_pb2 import PhotoRemoved
from semblance.contracts.provenance.v1.events_pb2 import ImageTakenDown
from semblance.contracts.training.v1.events_pb2 import AdapterRemoved
from semblance.kernel import durable_files
from semblance.kernel.consent import ENDED_BY_ERASURE
from semblance.kernel.errors import Invalid, SemblanceError, Unavailable
from semblance.kernel.ids import parse_id

_log = logging.getLogger(__name__)
OWED = "note_taken_back"
"""The kind of work that writes an entry which could not be written at once."""


class Kind(enum.Enum):
    """What was taken back, and so who takes it back again."""

    CONSENT = "consent"  # also one given to somebody else
    PHOTO = "photo"
    ADAPTER = "adapter"
    IMAGE = "image"
    TAKEDOWN = "takedown"
    # What can be undone: an entry counts for a backup from before it. A level's "thing" is an id of its own.
    HIDDEN = "hidden"
    ONLY_ME = "level-only_me"
    PEOPLE = "level-people"
    APPS = "level-apps"
    # What the service that noted it does again at its start, each by the times in its own rows. In place of a person a
    # protected entry has its key's id, so that the tombstone of the one covers the other. All but a protected entry
    # have an id of their own for a thing.
    PROTECTED = "protected"
    LIMITS = "limits"
    PASSWORD = "password"  # noqa: S105 - a kind's name
    UNMARKED = "unmarked"  # an app is none any more

    @property
    def for_good(self) -> bool:
        """Whether nothing brings it back."""
        return self in {Kind.CONSENT, Kind.PHOTO, Kind.ADAPTER, Kind.IMAGE, Kind.TAKEDOWN}

    @property
    def at_the_start(self) -> bool:
        """Whether the service that noted it needs nobody to ask for it."""
        return self.kept or self is Kind.UNMARKED

    @property
    def kept(self) -> bool:
        """Whether its files hold more than a time."""
        return self in {Kind.PROTECTED, Kind.LIMITS, Kind.PASSWORD}


class TakenBackUnavailable(Unavailable):
    """The log cannot be written; what was taken back holds all the same."""

    code = "taken-back-log-unavailable"


class UnknownEntry(Invalid):
    """A file that is no entry: of a newer version, or not of this log."""

    code = "taken-back-log-damaged"


@dataclass(frozen=True, order=True)
class TakenBack:
    """One thing of one person."""

    kind: Kind
    subject_id: str
    thing_id: str

    @property
    def name(self) -> str:
        """The entry's file."""
        return f"{self.kind.value}.{self.subject_id}.{self.thing_id}"


def parse(name: str) -> TakenBack:
    """An entry by its file's name. Raises UnknownEntry."""
    kind, *ids = name.split(".")
    try:
        subject_id, thing_id = (parse_id(text, "an entry's id") for text in ids)
        return TakenBack(Kind(kind), subject_id, thing_id)
    except (ValueError, Invalid) as e:
        raise UnknownEntry(
            "the log of what was taken back holds a file that is no entry",
            remedy="It may be of a newer version. Move away what does not belong there.",
        ) from e


def of_message(message: Message) -> TakenBack | None:
    """What an event says was taken back; what ends with an erasure has the key's tombstone."""
    match message:
        case ConsentRevoked():
            erased = message.reason == ENDED_BY_ERASURE
            return None if erased else TakenBack(Kind.CONSENT, message.subject_id, message.consent_id)
        case PhotoRemoved():
            return TakenBack(Kind.PHOTO, message.subject_id, message.photo_id)
        case AdapterRemoved():
            return TakenBack(Kind.ADAPTER, message.subject_id, message.adapter_id)
        case ImageRemoved():
            return TakenBack(Kind.IMAGE, message.subject_id, message.image_id)
        case ImageTakenDown():
            return TakenBack(Kind.TAKEDOWN, message.subject_id, message.image_id)
        case _:
            return None


_KEPT = tuple(f"{kind.value}." for kind in Kind if kind.kept)
Keep = Callable[[TakenBack], bytes | None]
"""What a file has to hold, sealed, read when it is written; None: there is nothing left to note."""


class TakenBackLog:
    """A service's own folder of the log. Safe for many processes at once; nothing in it is ever changed."""

    def __init__(self, folder: Path, keep: Mapping[Kind, Keep] | None = None) -> None:
        """`keep`: for each kind whose files hold more than a time."""
        self._folder = folder
        self._keep = keep or {}

    def write(self, entry: TakenBack, at: dt.datetime) -> None:
        """On the disk when this returns. An entry that is there stays, but for what was undone meanwhile and is done
        anew: its time is the newest. Raises TakenBackUnavailable."""
        path, said = self._folder / entry.name, {"at": at.isoformat()}
        try:
            if entry.kind.kept:
                kept = None if path.exists() or self._is_said_since(entry, at) else self._keep[entry.kind](entry)
                if kept is None:
                    return
                said["kept"] = base64.b64encode(kept).decode()
            if path.exists() and not entry.kind.for_good and (_time_in(path) or at) < at:
                path.unlink(missing_ok=True)  # a crash before the next line is what the queued work is for
            if not path.exists():
                durable_files.make_private_directory(self._folder)
                durable_files.create_exclusively(path, json.dumps(said).encode())
                if entry.kind in {Kind.LIMITS, Kind.PASSWORD}:
                    self._drop_older(entry, at)
        except OSError as e:
            raise TakenBackUnavailable(
                "the log of what people took back cannot be written",
                remedy="Until it can be, a restore would bring back what is not in it.",
            ) from e

    def _is_said_since(self, entry: TakenBack, at: dt.datetime) -> bool:
        return any((_time_in(path) or at) > at for path in self._same(entry))

    def _drop_older(self, entry: TakenBack, at: dt.datetime) -> None:
        """Of what a person says again and again the newest is enough."""
        for path in self._same(entry):
            if (_time_in(path) or at) < at:
                path.unlink(missing_ok=True)

    def _same(self, entry: TakenBack) -> Iterator[Path]:
        return self._folder.glob(f"{entry.kind.value}.{entry.subject_id}.*")

    def write_at_once(self, entry: TakenBack, at: dt.datetime) -> None:
        """As write, but a log that is away is only said: the entry is owed by queued work."""
        try:
            self.write(entry, at)
        except SemblanceError as e:  # also that what has to be kept cannot be read just now
            _log.critical("what was taken back is not in the log yet", extra={"error_code": e.code})

    def forget(self, subject_id: str) -> None:
        """Remove the entries of somebody whose tombstone covers them. What stays costs a restore a question."""
        with suppress(OSError):
            for path in self._folder.glob(f"*.{subject_id}.*"):
                durable_files.shred(path) if path.name.lstrip(".").startswith(_KEPT) else path.unlink(missing_ok=True)

    def of(self, kind: Kind) -> list[TakenBack]:
        """Every entry of a kind. Raises UnknownEntry, TakenBackUnavailable: what cannot be read is not nothing."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as e:
            raise TakenBackUnavailable("the log of what people took back cannot be read") from e
        return [parse(name) for name in sorted(names) if name.startswith(f"{kind.value}.")]

    def content(self, entry: TakenBack) -> tuple[dt.datetime, bytes] | None:
        """When it was, and what is kept of it, sealed; None for a file that is damaged."""
        path = self._folder / entry.name
        at = _time_in(path)
        try:
            kept = base64.b64decode(json.loads(path.read_bytes()).get("kept", ""), validate=True)
        except (OSError, ValueError, AttributeError, TypeError):
            return None
        return None if at is None or (entry.kind.kept and not kept) else (at, kept)

    def entries(self) -> dict[TakenBack, dt.datetime | None]:
        """Every entry, with its time where that can be read. Raises UnknownEntry."""
        files = [path for path in self._folder.glob("*") if not path.name.startswith(".")]  # those are being written
        return {parse(path.name): _time_in(path) for path in sorted(files)}


def _time_in(path: Path) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(json.loads(path.read_bytes())["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return at if at.tzinfo is not None else None
