"""Puts the service together: `python -m semblance.training.main all`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from semblance.contracts.training.v1 import service_pb2_grpc
from semblance.diffusion import LoraSettings, lora_settings
from semblance.faces import model_named
from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import Unavailable
from semblance.objects import ADAPTERS, PHOTOS, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.pocket import weights_dir
from semblance.service_kit import rpc
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import key_is_destroyed, only_asked
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
from semblance.training.ml.starting import TrainerOptions, started
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings, require_trainable
from semblance.training.ports import Ports, Rules
from semblance.training.settings import TrainingSettings

if TYPE_CHECKING:
    from semblance.training.adapters.ray_trainer import RayTrainer

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
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file)
    sealer = Sealer(keyring)
    lora_settings(LoraSettings(), **settings.lora)  # a wrong name or value must stop the start, not the first training
    trainer = trainer_of(settings)
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
        trainer=trainer,
        meter=FacePhotoMeter(),
        identity=IdentityFaces(
            to_identity, face_model=model_named(settings.face_model).id, deadline_s=settings.match_deadline_s
        ),
        rules=rules_of(settings),
    )

    def servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_TrainingServiceServicer_to_server(TrainingServicer(ports), server)

    return Application(
        name="training",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=only_asked(subscriptions(ports, store_of), key_is_destroyed(keyring)),
        work=work_kinds(
            ports,
            lease_s=settings.lease_s,
            max_attempts=settings.max_attempts,
            patience_s=settings.patience_s,
            cohort=settings.cohort,
        ),
        grpc=[servicer],
        consent_view=consents,
        checks=checks_of(settings, trainer),
        migrations_dir=MIGRATIONS_DIR,
        on_stop=[trainer.close, to_identity.close],
    )


def trainer_options(settings: TrainingSettings) -> TrainerOptions:
    """Of a trainer, wherever it runs."""
    trainer = TrainerSettings(
        backbone_dir=settings.backbone_dir or weights_dir(),
        torch_threads=settings.torch_threads,
        pictures_per_prompt=settings.pictures_per_prompt,
        lora=settings.lora,
        leak_pictures=settings.leak_pictures,
        leak_others=settings.leak_others,
        leak_rules=rules_of(settings).leak,
        cohort=settings.cohort,
        checkpoint_steps=settings.checkpoint_steps,
        allow_licences=settings.allow_licences,
        device=settings.device,
    )
    return TrainerOptions(trainer, settings.models_dir, settings.face_model)


def trainer_of(settings: TrainingSettings) -> LoraTrainer | RayTrainer:
    """The trainer that the settings name. Raises FaceModelMissing; BackboneUnusable where none learns to its end."""
    options = trainer_options(settings)
    require_trainable(options.trainer)
    if settings.engine == "local":
        return started(options)
    # Only here: the trainer in this process needs none of Ray.
    from semblance.training.adapters.ray_trainer import ClusterSettings, RayTrainer  # noqa: PLC0415

    cluster = ClusterSettings(
        address=settings.ray_address,
        gpus=settings.ray_gpus,
        silence_s=settings.ray_silence_s,
        leave_s=settings.ray_leave_s,
        idle_s=settings.ray_idle_s,
        join_s=settings.ray_join_s,
    )
    return RayTrainer(options, cluster)


def checks_of(settings: TrainingSettings, trainer: LoraTrainer | RayTrainer) -> list[Check]:
    """What else must hold for this process to be ready."""
    folder = settings.backbone_dir or weights_dir()

    def backbone() -> None:
        if settings.engine == "local" and not (folder / "model_index.json").is_file():
            raise BackboneMissing(f"no pipeline lies in {folder.name}")

    return [Check("backbone", backbone), Check("trainer", trainer.healthy)]


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
