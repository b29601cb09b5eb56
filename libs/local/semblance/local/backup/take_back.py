"""A restore's withdrawals and deletions: what people took back after the backup is taken back again, by whoever does it
in ordinary life.

Consents and sharing levels come first, with identity alone: queued work asks for consent, and must not find one that
was withdrawn. Everything is asked again however often a restore is run; what is gone or was never there costs a
question.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

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
from semblance.kernel.errors import Gone, NotFound
from semblance.local.config import Config
from semblance.service_kit import rpc
from semblance.service_kit.taken_back import Kind, TakenBack

_DEADLINE_S = 60.0
_LEVELS = ("only_me", "people", "apps", "everyone")  # each allows what the one before does
FIRST = frozenset({Kind.CONSENT, Kind.ONLY_ME, Kind.PEOPLE, Kind.APPS})
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


@contextmanager
def doors(config: Config) -> Iterator[Doors]:
    """To the platform of this machine. Channels connect when first used."""
    with ExitStack() as open_channels:
        yield Doors(
            {service: stub(open_channels.enter_context(_channel(config, service))) for service, stub in _STUBS.items()}
        )


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

    Somebody or something that the backup does not know, and somebody who is erased, needs nothing."""
    try:
        return _DOERS[entry.kind](entry, to)
    except (NotFound, Gone):
        return True


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


def _channel(config: Config, service: str) -> Any:
    address = f"127.0.0.1:{config.ports[f'{service}.grpc']}"
    return rpc.connect(address, SecretStr(config.internal_token), deadline_s=_DEADLINE_S)
