"""The real gateway over HTTP, in this process, with services behind it that bring everything to its end."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.ingest.v1 import events_pb2 as ingest
from semblance.contracts.platform.v1 import events_pb2 as platform_events
from semblance.contracts.provenance.v1 import events_pb2 as provenance
from semblance.contracts.safety.v1 import events_pb2 as safety
from semblance.contracts.training.v1 import events_pb2 as training
from semblance.gateway.domain.things import Leak
from semblance.gateway.testing.process import GatewayInProcess, gateway
from semblance.kernel.ids import new_id
from semblance.kernel.loopback import free_port


class Served:
    """A gateway that listens on a port of its own; `with` ends it."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.world: GatewayInProcess = gateway(
            directory, stream_poll_s=0.02, stream_life_s=5.0, pause=time.sleep, **settings
        )
        self.port = free_port()  # it listens there again after a restart
        self._listen(self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.world.database.close()

    def start(self) -> None:
        self._server = uvicorn.Server(uvicorn.Config(self.world.app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    def restart(self) -> None:
        """Every connection is lost; the rows are not."""
        self.stop()
        self._listen(self.port)
        self.start()

    def _listen(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))


@dataclass
class Services:
    """While it is open, photos, adapters, images and erasures come to their ends; `fates` says how, by kind."""

    world: GatewayInProcess
    fates: dict[str, str]
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Services:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _work(self) -> None:
        done: set[str] = set()
        while not self._stop.wait(0.02):
            fakes = self.world.platform
            for photo_id, (subject_id, photo, _) in list(fakes.ingest.owned.items()):
                if photo.state == "received" and photo_id not in done:
                    done.add(photo_id)
                    self._tell(ingest.PhotoAccepted, subject_id, photo_id=photo_id)
            for adapter_id, (subject_id, _) in list(fakes.training.owned.items()):
                if adapter_id not in done:
                    done.add(adapter_id)
                    tick = {"adapter_id": adapter_id, "phase": "training", "steps": 2}
                    self._tell(training.TrainingProgressed, subject_id, **tick, step=1)
                    self._tell(training.TrainingProgressed, subject_id, **tick, step=2)
                    self._adapter(subject_id, adapter_id)
            for image_id, (subject_id, _) in list(fakes.generation.owned.items()):
                if image_id not in done:
                    done.add(image_id)
                    self._image(subject_id, image_id)
            for subject_id, erasure_id in list(fakes.identity.erased.items()):
                if erasure_id not in done:
                    done.add(erasure_id)
                    event = platform_events.ErasureRequested(subject_id=subject_id, erasure_id=erasure_id)
                    self.world.deliver(event, 1)
                    fakes.identity.complete_erasure(erasure_id)

    def _adapter(self, subject_id: str, adapter_id: str) -> None:
        if self.fates.get("adapter") == "leaks":
            found = Leak(places=16, excess=0.25, shown_0_1=0.5, swapped_0_1=0.125, others_0_1=0.0)
            told = {"reason_code": "leaks", "advice": "Use more varied photos.", "leak": found}
            self.world.platform.training.become(adapter_id, "refused", **told)
            self._tell(training.AdapterRefused, subject_id, adapter_id=adapter_id, reason_code="leaks")
            return
        self.world.platform.training.become(adapter_id, "ready")
        self._tell(training.AdapterTrained, subject_id, adapter_id=adapter_id)

    def _image(self, subject_id: str, image_id: str) -> None:
        self._tell(generation.GenerationProgressed, subject_id, image_id=image_id, step=1, steps=2)
        if self.fates.get("image") == "failed":
            self.world.platform.generation.become(image_id, "failed")
            self._tell(generation.ImageFailed, subject_id, image_id=image_id, reason_code="no-likeness")
            return
        if self.fates.get("image") == "held":
            self.world.platform.generation.become(image_id, "in_review")
            self._tell(safety.ImageHeld, subject_id, image_id=image_id)
            return
        self.world.platform.generation.become(image_id, "published")
        self._tell(provenance.ImagePublished, subject_id, image_id=image_id, manifest_id=new_id())

    def _tell(self, message: Any, subject_id: str, **fields: Any) -> None:
        self.world.deliver(message(subject_id=subject_id, consent_id=new_id(), consent_revision=1, **fields), 1)
