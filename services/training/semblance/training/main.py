"""Puts the service together: `python -m semblance.training.main all`."""

from __future__ import annotations

from pathlib import Path

import grpc

from semblance.contracts.training.v1 import service_pb2_grpc
from semblance.diffusion import LoraSettings, lora_settings
from semblance.faces import SFACE, FaceEngine, OpenCvFaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import Unavailable
from semblance.objects import ADAPTERS, PHOTOS, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.pocket import weights_dir
from semblance.service_kit import rpc
from semblance.service_kit.database import Database
from semblance.service_kit.runtime import Application, Check, broker_of, consent_view_of, run
from semblance.training.adapters.identity_faces import IdentityFaces
from semblance.training.adapters.ingest_photos import IngestPhotos
from semblance.training.adapters.store import SqlTransactions, store_of
from semblance.training.adapters.work import work_kinds
from semblance.training.api.servicer import TrainingServicer
from semblance.training.consumers import subscriptions
from semblance.training.domain.dataset import DatasetRules
from semblance.training.domain.leak import LeakRules
from semblance.training.domain.likeness import LikenessRules
from semblance.training.ml.measuring import FacePhotoMeter
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.ports import Ports, Rules
from semblance.training.settings import TrainingSettings

MIGRATIONS_DIR = Path(__file__).parents[2] / "migrations"


class BackboneMissing(Unavailable):
    """No backbone lies where the settings say."""

    code = "backbone-missing"


def build(settings: TrainingSettings) -> Application:
    """The service on real stores, broker and neighbours."""
    clock = SystemClock()
    database = Database(
        settings.database_url, source="training", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    broker = broker_of(settings)
    consents = consent_view_of(settings, broker, clock)
    store = MinioStore(
        settings.s3_endpoint,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.s3_secure,
    )
    sealer = Sealer(FileKeyRing(settings.keyring_dir, settings.keyring_kek_file))
    lora_settings(LoraSettings(), **settings.lora)  # a wrong name or value must stop the start, not the first training
    backbone_dir = settings.backbone_dir or weights_dir()
    engine = TrainerSettings(
        backbone_dir=backbone_dir,
        torch_threads=settings.torch_threads,
        pictures_per_prompt=settings.pictures_per_prompt,
        lora=settings.lora,
        leak_pictures=settings.leak_pictures,
        leak_others=settings.leak_others,
        leak_rules=rules_of(settings).leak,
        cohort=settings.cohort,
        checkpoint_steps=settings.checkpoint_steps,
        allow_licences=settings.allow_licences,
    )
    faces = OpenCvFaceEngine(settings.models_dir)
    recogniser = recogniser_of(settings, faces)
    to_identity = rpc.connect(settings.identity_address, settings.internal_token)
    transactions = SqlTransactions(database)
    ports = Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        consents=consents,
        photos=IngestPhotos(rpc.connect(settings.ingest_address, settings.internal_token)),
        photo_bytes=SealedObjects(store, sealer, PHOTOS),
        adapter_bytes=SealedObjects(store, sealer, ADAPTERS),
        trainer=LoraTrainer(engine, faces, panel(), recogniser),
        meter=FacePhotoMeter(),
        identity=IdentityFaces(to_identity, face_model=recogniser.model.id, deadline_s=settings.match_deadline_s),
        rules=rules_of(settings),
    )

    def servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_TrainingServiceServicer_to_server(TrainingServicer(ports), server)

    def backbone() -> None:
        if not (backbone_dir / "model_index.json").is_file():
            raise BackboneMissing(f"no pipeline lies in {backbone_dir.name}")

    return Application(
        name="training",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=subscriptions(ports, store_of),
        work=work_kinds(ports, lease_s=settings.lease_s, max_attempts=settings.max_attempts, cohort=settings.cohort),
        grpc=[servicer],
        consent_view=consents,
        checks=[Check("backbone", backbone)],
        migrations_dir=MIGRATIONS_DIR,
        on_stop=[to_identity.close],
    )


def recogniser_of(settings: TrainingSettings, faces: FaceEngine) -> FaceEngine:
    """The engine whose numbers identity compares: the backbone's own where that is SFace. Raises FaceModelMissing."""
    model = model_named(settings.face_model)
    return faces if model == SFACE else load_engine(model, settings.models_dir)


def rules_of(settings: TrainingSettings) -> Rules:
    """The domain's numbers."""
    return Rules(
        likeness=LikenessRules(settings.likeness_floor),
        leak=LeakRules(
            excess_max=settings.leak_excess_max,
            shown_cosine=settings.leak_shown_cosine,
            shown_margin=settings.leak_shown_margin,
            shown_max=settings.leak_shown_max,
            swapped_max=settings.leak_swapped_max,
            other_margin=settings.leak_other_margin,
            others_max=settings.leak_others_max,
        ),
        min_photos=settings.min_photos,
        max_photos=settings.max_photos,
        open_runs=settings.open_runs,
        tick_s=settings.tick_s,
        dataset=DatasetRules(min_photos=settings.min_photos),
    )


if __name__ == "__main__":
    run(build, TrainingSettings)
