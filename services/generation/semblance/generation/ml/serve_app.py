"""The engines as Ray Serve deployments: an ingress that admits and routes, and engines that draw.

Nothing of a person is in the clear where Ray keeps things: see `parcels`. There is no HTTP; callers hold a handle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import ray
from ray import serve
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ml.options import EngineOptions, ReplicaOptions, engine_options, replica_options
from semblance.generation.ml.parcels import Answer, Ask, Full
from semblance.generation.ml.scaling import FIRST_STEP_WAIT
from semblance.generation.ports import EngineLoad
from semblance.generation.settings import GenerationSettings
from semblance.service_kit import heap

if TYPE_CHECKING:
    from semblance.generation.ml.replica import Replica

APP: Final = "semblance"
ENGINE: Final = "Engine"
_HINTS: Final = 64  # adapters that one replica is known for; only where a request is sent first depends on it

Parcel = list[ray.ObjectRef]
"""None or one reference to sealed bytes; in a list, or Ray would fetch them for everyone whom they pass."""


class Engine:
    """One StepEngine. Ready once the backbone is loaded, and answering while it loads."""

    async def __init__(self, options: EngineOptions, drawings: int) -> None:  # type: ignore[misc]  # Serve awaits it
        self._replica = await asyncio.to_thread(_started, options, drawings)

    async def draw(self, ask: Ask, parcel: Parcel) -> AsyncIterator[tuple[Answer, Parcel]]:
        """Ticks, then one last answer, with the sealed picture in the store of objects."""
        await self._known_for(serve.get_multiplexed_model_id())
        sealed = await parcel[0] if parcel else None
        async for answer, picture in self._replica.draw(ask, sealed):
            yield answer, [] if picture is None else [ray.put(picture)]

    async def revoke(self, withdrawal: Withdrawal) -> None:
        """Wiped and refused here once this returns."""
        await self._replica.revoke(withdrawal)

    async def load(self) -> EngineLoad:
        """What it does now."""
        return self._replica.load()

    def check_health(self) -> None:
        """Serve's own question; a replica that raises is replaced."""
        self._replica.require_healthy()

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What the number of replicas is decided by, beside the queue."""
        return {FIRST_STEP_WAIT: self._replica.load().oldest_wait_s}

    def __del__(self) -> None:
        if hasattr(self, "_replica"):
            self._replica.close()

    @serve.multiplexed(max_num_models_per_replica=_HINTS)  # type: ignore[untyped-decorator]
    async def _hint(self, digest: str) -> str:
        return digest

    async def _known_for(self, digest: str) -> None:
        """Tell Serve that requests for this adapter had better come here: a hint, nothing depends on it."""
        if digest:
            await self._hint(digest)


def _started(options: EngineOptions, drawings: int) -> Replica:
    """An engine with its backbone loaded. Tensors are imported here alone: ingress and head start without."""
    from semblance.faces import OpenCvFaceEngine  # noqa: PLC0415
    from semblance.generation.ml.engine_renderer import EngineRenderer  # noqa: PLC0415
    from semblance.generation.ml.replica import Replica  # noqa: PLC0415

    renderer = EngineRenderer(options.renderer, OpenCvFaceEngine(options.models_dir))
    renderer.start()
    heap.settle()
    return Replica(renderer, drawings=drawings)


class Ingress:
    """Admits, and sends an adapter's requests to where it is, or to another engine when that one is busy."""

    def __init__(self, engine: DeploymentHandle) -> None:
        self._engine = engine

    async def draw(self, ask: Ask, parcel: Parcel) -> AsyncIterator[tuple[Answer, Parcel]]:
        """The engine's answers as they come; Full when too many wait already."""
        engine = self._engine.options(stream=True, multiplexed_model_id=ask.whose.digest)
        answers = engine.draw.remote(ask, parcel)
        try:
            async for answer in answers:
                yield answer
        except BackPressureError:
            yield Full(), []
        finally:
            answers.cancel()


def deployed(options: EngineOptions, replicas: ReplicaOptions) -> serve.Application:
    """The application with these numbers."""
    engine = serve.deployment(
        name=ENGINE,
        max_ongoing_requests=replicas.drawings,
        max_queued_requests=replicas.queue,
        autoscaling_config={
            "min_replicas": replicas.least,
            "max_replicas": replicas.most,
            "target_ongoing_requests": replicas.target,
            "upscale_delay_s": replicas.upscale_delay_s,
            "downscale_delay_s": replicas.downscale_delay_s,
            "policy": {"policy_function": "semblance.generation.ml.scaling:replicas"},
        },
        health_check_period_s=replicas.health_s,
        health_check_timeout_s=replicas.health_s * 3,
        # Ray's own default ends the old ones first: with one engine nobody would draw while the new one loads.
        max_surge_percent=replicas.surge_percent,
        # A replica that is to end finishes what it draws; nothing new is sent to it.
        graceful_shutdown_timeout_s=replicas.drain_s,
        graceful_shutdown_wait_loop_s=0.5,
        ray_actor_options={"num_cpus": replicas.cpus, "num_gpus": replicas.gpus},
    )(Engine)
    ingress = serve.deployment(
        name="Ingress",
        max_ongoing_requests=replicas.most * replicas.drawings + replicas.queue + 1,
        max_surge_percent=100,  # it needs no room
        graceful_shutdown_timeout_s=replicas.drain_s,
        ray_actor_options={"num_cpus": 0},
    )(Ingress)
    return ingress.bind(engine.bind(options, replicas.drawings))


def application(_arguments: dict[str, Any]) -> serve.Application:
    """What a cluster's configuration names (`import_path`): numbers from the environment, as the service's own.

    Only GENERATION_ variables of the engine are read: no keys, no store, no database.
    """
    settings = GenerationSettings()
    return deployed(engine_options(settings), replica_options(settings))
