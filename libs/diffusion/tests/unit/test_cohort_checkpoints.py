"""A training that is killed goes on where its last checkpoint left off, and ends with the very same weights."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semblance.diffusion import Backbone, TrainingPicture, load_backbone, lora_settings
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.loop import train_cohort

STEPS = 8
Spoil = Callable[[bytes], bytes]


class OnDisk:
    """Replaced whole or not at all, as an object store does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> bytes | None:
        return self.path.read_bytes() if self.path.is_file() else None

    def save(self, state: bytes) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(state)
        fresh.replace(self.path)


def learner(backbone: Backbone, path: Path, steps: list[int], *, die_at: int = 0, seed: int = 1) -> Learner:
    pixels = np.random.default_rng(3).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)

    def progress(done: int, _of: int) -> None:
        steps.append(done)
        if done == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return Learner(
        pictures=[TrainingPicture(image, backbone.config.caption) for image in pixels],
        settings=lora_settings(backbone.config.lora, steps=STEPS, seed=seed, candidates=(0.25, 1.0)),
        reference=None,
        progress=progress,
        cancelled=lambda: False,
        checkpoint=OnDisk(path),
        checkpoint_steps=3,
    )


def learn(backbone: Backbone, path: Path, **how: int) -> tuple[list[int], tuple[bytes, ...]]:
    """The steps that were done, and what was learnt."""
    steps: list[int] = []
    return steps, train_cohort(backbone, [learner(backbone, path, steps, **how)])[0].or_raise()


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why checkpoints were thrown away."""
    return [vars(record)["reason"] for record in caplog.records if "checkpoint" in record.message]


@pytest.fixture(scope="module")
def left_behind(plain_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The checkpoint of a process that was killed at its fifth step."""
    path = tmp_path_factory.mktemp("killed") / "state"
    script = f"""
        import importlib.util, pathlib, torch
        torch.set_num_threads(1)
        spec = importlib.util.spec_from_file_location("resuming", {__file__!r})
        tests = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tests)
        backbone = tests.load_backbone(pathlib.Path({str(plain_dir)!r}))
        tests.learn(backbone, pathlib.Path({str(path)!r}), die_at=5)
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL
    return path.read_bytes()


@pytest.fixture(scope="module")
def plain(plain_dir: Path) -> Backbone:
    return load_backbone(plain_dir)


@pytest.fixture(scope="module")
def uninterrupted(plain: Backbone, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    return learn(plain, tmp_path_factory.mktemp("whole") / "state")[1]


def test_a_killed_training_goes_on_and_ends_bit_for_bit_alike(
    plain: Backbone, left_behind: bytes, uninterrupted: tuple[bytes, ...], tmp_path: Path
) -> None:
    (tmp_path / "state").write_bytes(left_behind)
    steps, candidates = learn(plain, tmp_path / "state")
    assert steps == [4, 5, 6, 7, 8]
    assert candidates == uninterrupted
    assert len(candidates) == 2  # the first was put aside before the kill


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda _data: b"",
        lambda _data: b"\x80\x04nonsense" * 20,
    ],
)
def test_a_damaged_checkpoint_is_thrown_away(
    plain: Backbone, left_behind: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Spoil
) -> None:
    (tmp_path / "state").write_bytes(spoil(left_behind))
    steps, _candidates = learn(plain, tmp_path / "state")
    assert steps[0] == 1
    assert reasons(caplog) == ["damaged"]


def test_another_trainings_checkpoint_is_thrown_away(
    plain: Backbone, left_behind: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_bytes(left_behind)
    steps, _ = learn(plain, tmp_path / "state", seed=2)
    assert steps[0] == 1
    assert reasons(caplog) == ["another training's"]
