"""Generated from protos/topics by semblance.contracts.generate; do not edit."""
# fmt: off
# ruff: noqa: I001

from __future__ import annotations

from semblance.contracts.generation.v1 import events_pb2 as generation_v1
from semblance.contracts.identity.v1 import events_pb2 as identity_v1
from semblance.contracts.ingest.v1 import events_pb2 as ingest_v1
from semblance.contracts.platform.v1 import events_pb2 as platform_v1
from semblance.contracts.provenance.v1 import events_pb2 as provenance_v1
from semblance.contracts.safety.v1 import events_pb2 as safety_v1
from semblance.contracts.training.v1 import events_pb2 as training_v1
from semblance.contracts.topic import Topic

EVENT_MODULES = (
    generation_v1,
    identity_v1,
    ingest_v1,
    platform_v1,
    provenance_v1,
    safety_v1,
    training_v1,
)

TOPIC_TABLE: tuple[Topic, ...] = (
    Topic(
        name="generation.image.v1",
        owner="generation",
        key="image_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "generation",
        ),
        consumers=(
            "gateway",
            "safety",
            "provenance",
        ),
        messages=(
            "semblance.contracts.generation.v1.ImageRequested",
            "semblance.contracts.generation.v1.ImageRendered",
            "semblance.contracts.generation.v1.ImageFailed",
            "semblance.contracts.generation.v1.ImageRevoked",
            "semblance.contracts.generation.v1.ImageRemoved",
        ),
        dead_letters=True,
        description="The life of a picture up to quarantine.",
    ),
    Topic(
        name="generation.progress.v1",
        owner="generation",
        key="image_id",
        partitions=6,
        retention_hours=1,
        compacted=False,
        producers=(
            "generation",
        ),
        consumers=(
            "gateway",
        ),
        messages=(
            "semblance.contracts.generation.v1.GenerationProgressed",
        ),
        dead_letters=False,
        description="Ticks while a picture is made; losing one costs nothing.",
    ),
    Topic(
        name="identity.consent.v1",
        owner="identity",
        key="consent_id",
        partitions=6,
        retention_hours=-1,
        compacted=True,
        producers=(
            "identity",
        ),
        consumers=(
            "gateway",
            "ingest",
            "training",
            "generation",
            "safety",
            "provenance",
        ),
        messages=(
            "semblance.contracts.identity.v1.ConsentGranted",
            "semblance.contracts.identity.v1.ConsentRevoked",
        ),
        dead_letters=True,
        description="Consents, the whole state in every event; the last one for a key is the truth.",
    ),
    Topic(
        name="ingest.photo.v1",
        owner="ingest",
        key="photo_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "ingest",
        ),
        consumers=(
            "gateway",
        ),
        messages=(
            "semblance.contracts.ingest.v1.PhotoReceived",
            "semblance.contracts.ingest.v1.PhotoAccepted",
            "semblance.contracts.ingest.v1.PhotoRefused",
            "semblance.contracts.ingest.v1.PhotoRemoved",
        ),
        dead_letters=True,
        description="What became of a person's photos.",
    ),
    Topic(
        name="platform.erasure.v1",
        owner="identity",
        key="subject_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "identity",
            "gateway",
            "ingest",
            "training",
            "generation",
            "safety",
            "provenance",
        ),
        consumers=(
            "identity",
            "gateway",
            "ingest",
            "training",
            "generation",
            "safety",
            "provenance",
        ),
        messages=(
            "semblance.contracts.platform.v1.ErasureRequested",
            "semblance.contracts.platform.v1.ServiceErased",
            "semblance.contracts.platform.v1.ErasureCompleted",
        ),
        dead_letters=True,
        description="Requests to be forgotten, the services' answers, and the end.",
    ),
    Topic(
        name="provenance.manifest.v1",
        owner="provenance",
        key="image_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "provenance",
        ),
        consumers=(
            "gateway",
            "generation",
        ),
        messages=(
            "semblance.contracts.provenance.v1.ImagePublished",
            "semblance.contracts.provenance.v1.PublicationRefused",
        ),
        dead_letters=True,
        description="Pictures signed and published.",
    ),
    Topic(
        name="safety.verdict.v1",
        owner="safety",
        key="image_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "safety",
        ),
        consumers=(
            "gateway",
            "generation",
            "provenance",
        ),
        messages=(
            "semblance.contracts.safety.v1.ImageAllowed",
            "semblance.contracts.safety.v1.ImageBlocked",
        ),
        dead_letters=True,
        description="What the likeness filter decided.",
    ),
    Topic(
        name="training.adapter.v1",
        owner="training",
        key="adapter_id",
        partitions=6,
        retention_hours=168,
        compacted=False,
        producers=(
            "training",
        ),
        consumers=(
            "gateway",
            "generation",
        ),
        messages=(
            "semblance.contracts.training.v1.AdapterRequested",
            "semblance.contracts.training.v1.AdapterTrained",
            "semblance.contracts.training.v1.AdapterRefused",
            "semblance.contracts.training.v1.AdapterFailed",
            "semblance.contracts.training.v1.AdapterRevoked",
            "semblance.contracts.training.v1.AdapterRemoved",
        ),
        dead_letters=True,
        description="The life of an adapter.",
    ),
    Topic(
        name="training.progress.v1",
        owner="training",
        key="adapter_id",
        partitions=6,
        retention_hours=1,
        compacted=False,
        producers=(
            "training",
        ),
        consumers=(
            "gateway",
        ),
        messages=(
            "semblance.contracts.training.v1.TrainingProgressed",
        ),
        dead_letters=False,
        description="Ticks while an adapter trains; losing one costs nothing.",
    ),
)
