"""A restore's withdrawals and deletions: what people took back after the backup is taken back again, by whoever does it
in ordinary life.

Consents and sharing levels come first, with identity alone: queued work asks for consent, and must not find one that
was withdrawn. Everything is asked again however often a restore is run; what is gone or was never there costs a
question.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from semblance.contracts.generation.v1 import service_pb2 as generation_pb
from semblance.contracts.generation.v1.service_pb2_grpc import GenerationServiceStub
from semblance.contracts.identity.v1 import service_pb2 as identity_pb
from semblance.contracts.identity.v1.service_pb2_grpc import IdentityServiceStub
from semblance.contracts.ingest.v1 import service_pb2 as ingest_pb
from semblance.contracts.ingest.v1.service_pb2_grpc import IngestServiceStub
from semblance.contracts.provenance.v1 import service_pb2 as provenance_pb
from semblance.contracts.provenance.v1.service_pb2_grpc import ProvenanceServiceStub
from semblance.contracts.training.v1 import service_pb2 as training_pb
from semblance.contracts.training.v1.service_pb2_grpc import TrainingServiceStub
from semblance.kernel.errors import Gone, NotFound, Unavailable
from semblance.service_kit import rpc
from semblance.service_kit.taken_back import Kind, TakenBack, parse

if TYPE_CHECKING:
    from semblance.service_kit.settings import ServiceSettings

_DEADLINE_S = 60.0
_PAUSE_S = 1.0
_STILL_S = 900.0
T = TypeVar("T")
_LEVELS = ("only_me", "people", "apps", "everyone")  # each allows what the one before does
FIRST = frozenset({Kind.CONSENT, Kind.ONLY_ME, Kind.PEOPLE, Kind.APPS, Kind.PROTECTED, Kind.LIMITS, Kind.UNMARKED})
"""What must be taken back before anything else runs: identity's."""

_STUBS: Mapping[str, Callable[[Any], Any]] = {
    "identity": IdentityServiceStub,
    "ingest": IngestServiceStub,
    "training": TrainingServiceStub,
    "generation": GenerationServiceStub,
    "provenance": ProvenanceServiceStub,
}


@dataclass(frozen=True)
class Doors:
    """Every service's stub, by its name."""

    stubs: Mapping[str, Any]

    def __getitem__(self, service: str) -> Any:
        return self.stubs[service]


class NotTakenBack(Unavailable):
    """A service did not answer for a long time, or a picture did not go."""

    code = "not-taken-back"


@contextmanager
def doors(addresses: Mapping[str, str], internal_token: SecretStr) -> Iterator[Doors]:
    """To the services at these (name to host:port). Channels connect when first used."""
    with ExitStack() as open_channels:
        channels = {
            service: open_channels.enter_context(
                rpc.connect(addresses[service], internal_token, deadline_s=_DEADLINE_S)
            )
            for service in _STUBS
        }
        yield Doors({service: stub(channels[service]) for service, stub in _STUBS.items()})


def owed(entries: Mapping[TakenBack, dt.datetime | None], made_at: dt.datetime | None) -> list[TakenBack]:
    """What a restore has to take back, of a backup made then; None: not known. What people may have undone before the
    backup is passed over."""
    return sorted(
        (
            entry
            for entry, at in entries.items()
            if entry.kind.for_good or at is None or made_at is None or at >= made_at
        ),
        key=lambda entry: entry.name,
    )


def take_back(entry: TakenBack, to: Doors) -> bool:
    """Once more; whether it is done, else it must be asked again. Raises Unavailable.

    Somebody or something that the backup does not know, and somebody who is erased, needs nothing; nor does what the
    service that noted it brings back at its start, since nobody is asked before all have started."""
    try:
        return entry.kind.at_the_start or _DOERS[entry.kind](entry, to)
    except (NotFound, Gone):
        return True


def until_done(
    things: Iterable[T], is_done: Callable[[T], bool], *, pause_s: float = _PAUSE_S, still_s: float = _STILL_S
) -> list[T]:
    """Ask for each until it is done; those that were not when nothing more got done for `still_s`."""
    waiting = list(things)
    since_s = time.monotonic()
    while waiting:
        left = _ask(waiting, is_done)
        if len(left) < len(waiting):
            since_s = time.monotonic()
        elif time.monotonic() - since_s > still_s:
            return left
        waiting = left
        if waiting:
            time.sleep(pause_s)
    return []


def take_back_names(lines: Iterable[str], settings: ServiceSettings) -> int:
    """The entries with these names, consents first, at the services that the settings name; how many. For a cluster's
    restore. Raises UnknownEntry before anything is asked, NotTakenBack."""
    things = sorted({parse(line.strip()) for line in lines if line.strip()}, key=lambda entry: entry.kind not in FIRST)
    with doors({service: getattr(settings, f"{service}_address") for service in _STUBS}, settings.internal_token) as to:
        left = until_done(things, lambda entry: take_back(entry, to))
    if left:
        raise NotTakenBack(f"{len(left)} of {len(things)} are not taken back", remedy="Ask again.")
    return len(things)


def _ask(waiting: list[T], is_done: Callable[[T], bool]) -> list[T]:
    """Those that are not done yet; a service that is away leaves the rest for the next time."""
    left = []
    for number, thing in enumerate(waiting):
        try:
            if not is_done(thing):
                left.append(thing)
        except Unavailable:
            return [*left, *waiting[number:]]
    return left


def _consent(entry: TakenBack, to: Doors) -> bool:
    to["identity"].RevokeConsent(
        identity_pb.RevokeConsentRequest(subject_id=entry.subject_id, consent_id=entry.thing_id, reason="withdrawn")
    )
    return True


def _level(entry: TakenBack, to: Doors) -> bool:
    sharing = to["identity"].GetSharing(identity_pb.GetSharingRequest(subject_id=entry.subject_id))
    level = entry.kind.value.removeprefix("level-")
    if _LEVELS.index(level) < _LEVELS.index(sharing.level):
        sharing.level = level
        to["identity"].SetSharing(identity_pb.SetSharingRequest(sharing=sharing))
    return True


def _photo(entry: TakenBack, to: Doors) -> bool:
    to["ingest"].RemovePhoto(ingest_pb.RemovePhotoRequest(subject_id=entry.subject_id, photo_id=entry.thing_id))
    return True


def _adapter(entry: TakenBack, to: Doors) -> bool:
    to["training"].RemoveAdapter(
        training_pb.RemoveAdapterRequest(subject_id=entry.subject_id, adapter_id=entry.thing_id)
    )
    return True


def _picture(entry: TakenBack, to: Doors) -> bool:
    """One that is taken down ends as one that its person removed, in generation and, once it has heard, provenance."""
    ids = {"subject_id": entry.subject_id, "image_id": entry.thing_id}
    to["generation"].RemoveImage(generation_pb.RemoveImageRequest(**ids))
    try:
        to["provenance"].GetManifest(provenance_pb.GetManifestRequest(**ids))
    except NotFound:
        return True
    return False


def _hidden(entry: TakenBack, to: Doors) -> bool:
    to["generation"].SetVisibility(
        generation_pb.SetVisibilityRequest(subject_id=entry.subject_id, image_id=entry.thing_id, shown=False)
    )
    return True


_DOERS: Mapping[Kind, Callable[[TakenBack, Doors], bool]] = {
    Kind.CONSENT: _consent,
    Kind.ONLY_ME: _level,
    Kind.PEOPLE: _level,
    Kind.APPS: _level,
    Kind.PHOTO: _photo,
    Kind.ADAPTER: _adapter,
    Kind.IMAGE: _picture,
    Kind.TAKEDOWN: _picture,
    Kind.HIDDEN: _hidden,
}
