"""Run by test_absent_trainers.py: trainings for a cluster whose head is not there."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from semblance.service_kit.cluster.testing import LATE
from semblance.training.adapters.ray_trainer import ClusterSettings, RayTrainer
from semblance.training.domain.errors import TrainerAway
from semblance.training.main import trainer_options
from semblance.training.settings import TrainingSettings

door = socket.socket()
door.bind(("127.0.0.1", 0))  # nobody else's, and closed
numbers = ClusterSettings(f"127.0.0.1:{door.getsockname()[1]}", gpus=0, silence_s=20, leave_s=5, idle_s=0, join_s=2)
trainer = RayTrainer(trainer_options(TrainingSettings()), numbers)
trainer.healthy()  # who never trains needs no place


class Nothing:
    """No state of an earlier try."""

    def load(self) -> bytes | None:
        return None

    def save(self, state: bytes) -> None:
        raise AssertionError("nothing was learnt")


def trains(checkpoint: Any) -> str:
    try:
        trainer.train([], 0, lambda *_: None, checkpoint)
    except TrainerAway as error:
        return error.detail
    return "trained"


begun_s = time.monotonic()
with ThreadPoolExecutor(2) as threads:
    said = [each.result() for each in [threads.submit(trains, Nothing()) for _ in range(2)]]
assert said == ["the cluster of trainers does not answer"] * 2, said
with pytest.raises(TrainerAway) as unready:
    trainer.healthy()
assert "TRAINING_RAY_ADDRESS" in (unready.value.remedy or "")
trainer.close()
print("bounded" if time.monotonic() - begun_s < 10 else LATE)
