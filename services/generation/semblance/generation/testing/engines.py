"""A tiny backbone, adapters for it, and a Ray cluster that serves it: for tests, and to try what an engine does."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from semblance.diffusion import TrainingPicture, load_backbone, train_lora
from semblance.diffusion.testing import RESOLUTION_PX
from semblance.generation.domain.withdrawn import Whose
from semblance.generation.ml import ray_head
from semblance.generation.ml.options import RendererSettings
from semblance.generation.ports import OpenAdapter
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId, new_id
from semblance.kernel.loopback import free_ports
from semblance.service_kit.cluster.testing import TOKEN, end, first_that_starts

_READY_S = 240.0


def small(backbone_dir: Path, *, best_of: int = 2, batches: int = 1) -> RendererSettings:
    """An engine of two rows with guidance, pictures of 64 px."""
    return RendererSettings(
        backbone_dir,
        torch_threads=1,
        best_of=best_of,
        batches=batches,
        good_enough=0.4,
        upscale_to_px=64,
        lanes=(4, 8),
        slots=4,
    )


def trained(backbone_dir: Path) -> OpenAdapter:
    """Somebody's adapter, learnt from one picture of noise in the backbone's few steps."""
    backbone = load_backbone(backbone_dir)
    reference = np.eye(1, 128, dtype=np.float32)[0] if backbone.reference_size else None
    picture = np.random.default_rng(0).integers(0, 256, (RESOLUTION_PX, RESOLUTION_PX, 3), dtype=np.uint8)
    lora = train_lora(
        backbone,
        [TrainingPicture(picture, backbone.config.caption)],
        backbone.config.lora,
        reference=reference,
        progress=lambda _done, _of: None,
        cancelled=lambda: False,
    )
    return opened(lora, b"" if reference is None else reference.tobytes(), backbone.digest)


def opened(lora: bytes, reference: bytes, backbone_digest: str, flat: bytes = b"") -> OpenAdapter:
    """These bytes as a new person's adapter."""
    digest = hashlib.sha256(lora).hexdigest()
    whose = Whose(AdapterId(new_id()), SubjectId(new_id()), ConsentId(new_id()), digest)
    return OpenAdapter(whose, lora, flat, reference, backbone_digest)


def somebody_else(adapter: OpenAdapter, seed: int) -> OpenAdapter:
    """Another person's adapter: other numbers in the same layers, another reference."""
    dice = np.random.default_rng(seed)
    layers = {
        name: numbers + dice.normal(0, 0.3, numbers.shape).astype(numbers.dtype)
        for name, numbers in load(adapter.lora).items()
    }
    reference = dice.normal(size=128).astype(np.float32)
    reference /= np.linalg.norm(reference)
    return opened(save(layers), reference.tobytes(), adapter.backbone_digest)


def wider(adapter: OpenAdapter) -> OpenAdapter:
    """Another person's, of twice the rank, as those are that were learnt before a backbone's `lora` became narrower."""
    layers = load(adapter.lora)
    doubled = {name: np.concatenate([own, own], axis=int("lora_B" in name)) for name, own in layers.items()}
    return opened(save(doubled), adapter.reference, adapter.backbone_digest, flat=b"of another layout")


@dataclass(frozen=True)
class Cluster:
    """A running one. pid: of its head, whose children all else is. environment: what a process that speaks to it needs
    before it imports Ray."""

    address: str
    pid: int
    environment: Mapping[str, str]


@contextlib.contextmanager
def cluster(folder: Path, settings: Mapping[str, str]) -> Iterator[Cluster]:
    """A cluster of this machine in a process of its own, stopped at the end. settings: GENERATION_... variables.

    Raises TimeoutError with the end of its output when it does not become ready.
    """
    with first_that_starts(lambda: _started(folder, settings)) as found:
        yield found


@contextlib.contextmanager
def _started(folder: Path, settings: Mapping[str, str]) -> Iterator[Cluster]:
    port, ready_port = free_ports(2)
    token, log = folder / "token", folder / "head.log"
    folder.mkdir(parents=True, exist_ok=True)
    token.write_text(TOKEN)
    command = [sys.executable, "-m", "semblance.generation.ml.ray_head", "--folder", str(folder / "ray")]
    command += ["--token", str(token), "--port", str(port), "--ready-port", str(ready_port)]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_ready(process, ready_port, log)
        yield Cluster(f"127.0.0.1:{port}", process.pid, ray_head.environment(token))
    finally:
        end(process)


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + _READY_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"the cluster did not become ready: {log.read_text(errors='replace')[-3000:]}")
