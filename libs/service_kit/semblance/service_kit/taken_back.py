"""What people took back, written down where no backup reaches: a restore brings it back, this says what must go.

An entry is a file that is wholly there or not there, and its name says everything: `<kind>.<subject id>.<thing's id>`,
random ids and nothing else. In it is the time, which only those kinds need that a person can undo. Who is erased needs
no entries any more: the tombstone of their key covers them all (semblance.objects.file_keyring).

The taking back commits with queued work that owes the entry (Unit.take_back), and whoever answers writes it at once
after the commit. A log that cannot be written refuses nobody: the work waits for it, loudly, in the database.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
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
from semblance.kernel.errors import Invalid, Unavailable
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

    @property
    def for_good(self) -> bool:
        """Whether nothing brings it back."""
        return self in {Kind.CONSENT, Kind.PHOTO, Kind.ADAPTER, Kind.IMAGE, Kind.TAKEDOWN}


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


class TakenBackLog:
    """A service's own folder of the log. Safe for many processes at once; nothing in it is ever changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, entry: TakenBack, at: dt.datetime) -> None:
        """On the disk when this returns. An entry that is there stays, but for what was undone meanwhile and is done
        anew: its time is the newest. Raises TakenBackUnavailable."""
        path = self._folder / entry.name
        try:
            if path.exists() and not entry.kind.for_good and (_time_in(path) or at) < at:
                path.unlink(missing_ok=True)  # a crash before the next line is what the queued work is for
            if not path.exists():
                durable_files.make_private_directory(self._folder)
                durable_files.create_exclusively(path, json.dumps({"at": at.isoformat()}).encode())
        except OSError as e:
            raise TakenBackUnavailable(
                "the log of what people took back cannot be written",
                remedy="Until it can be, a restore would bring back what is not in it.",
            ) from e

    def write_at_once(self, entry: TakenBack, at: dt.datetime) -> None:
        """As write, but a log that is away is only said: the entry is owed by queued work."""
        try:
            self.write(entry, at)
        except TakenBackUnavailable as e:
            _log.critical("what was taken back is not in the log yet", extra={"error_code": e.code})

    def forget(self, subject_id: str) -> None:
        """Remove the entries of somebody whose tombstone covers them. What stays costs a restore a question."""
        with suppress(OSError):
            for path in self._folder.glob(f"*.{subject_id}.*"):
                path.unlink(missing_ok=True)

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
