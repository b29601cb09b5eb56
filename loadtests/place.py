"""What is under load: a platform that the harness starts itself on the loopback, or one that runs somewhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import psutil

from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.local import config as configuration
from semblance.local import models, state
from semblance.local.demo.running import running_platform
from semblance.local.layout import Layout
from semblance.local.testing.members import LEAN
from semblance.synthetic_people import bundled

_STUB_PX = 256
# One machine plays thousands of people from one address, with one password hash a person: limits that keep one person
# from asking too often would be all that is measured.
WIDE: Mapping[str, str] = {
    "GATEWAY_READ_PER_MINUTE": "1000000",
    "GATEWAY_WRITE_PER_MINUTE": "1000000",
    "GATEWAY_UPLOAD_PER_MINUTE": "1000000",
    "GATEWAY_IMAGE_PER_MINUTE": "1000000",
    "GATEWAY_TRAINING_PER_HOUR": "1000000",
    "GATEWAY_ANONYMOUS_PER_MINUTE": "1000000",
    "GATEWAY_VERIFY_PER_MINUTE": "1000000",
    "GATEWAY_PASSWORD_PER_MINUTE": "1000000",
    "GATEWAY_GUESS_PER_MINUTE": "1000000",
    "GATEWAY_UPLOADS_PER_ADDRESS": "8",
    "GATEWAY_STREAMS_PER_SUBJECT": "10000",
    "GATEWAY_TOKEN_LIFE_S": "86400",
    "GENERATION_OPEN_IMAGES": "10000",
    "TRAINING_OPEN_RUNS": "1000",
    # Nobody sits there to decide; a picture in doubt is blocked.
    "SAFETY_REVIEW_BAND": "0",
}


@dataclass(frozen=True)
class Place:
    """`layout` None: not ours to look into, so nothing is measured but answers."""

    url: str
    bootstrap_servers: str
    layout: Layout | None

    def broker(self) -> Broker:
        """As another team's client sees it."""
        return KafkaBroker(BrokerSettings(self.bootstrap_servers, timeout_s=10, **_credentials()))


@contextmanager
def started(data: Path, settings: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Place]:
    """A platform of its own with LEAN and WIDE settings and the profile's; stopped at the end. Raises StepFailed."""
    before = dict(os.environ)
    if settings.get("GENERATION_ENGINE") == "stub":
        settings = {**settings, "GENERATION_STUB_DIR": str(stub_pictures(data / "stub"))}
    os.environ.update({name: value for name, value in {**LEAN, **WIDE, **settings}.items() if name not in before})
    try:
        with running_platform(data, models.default_directory(), lambda *_: None) as (layout, url):
            say(f"the platform is ready at {url}")
            port = configuration.read(layout.config).ports["broker"]
            yield Place(url, f"127.0.0.1:{port}", layout)
    finally:
        os.environ.clear()
        os.environ.update(before)


def stub_pictures(folder: Path) -> Path:
    """A portrait of each bundled person, as the stub sampler gives them out: faces that the filter looks at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in bundled.people():
        portrait = cv2.imread(str(bundled.person_photos(name, ("portrait",))[0].path))
        small = cv2.resize(portrait, (_STUB_PX, _STUB_PX), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{name}.png"), small)
    return folder.resolve()


def _credentials() -> dict[str, Any]:
    """LOADTEST_KAFKA_USERNAME and _PASSWORD, if the broker asks for them, and _MECHANISM, _PROTOCOL and _CAFILE."""
    told = {name: os.environ.get(f"LOADTEST_KAFKA_{name}") for name in ("USERNAME", "PASSWORD", "MECHANISM", "CAFILE")}
    if not told["USERNAME"]:
        return {}
    return {
        "security_protocol": os.environ.get("LOADTEST_KAFKA_PROTOCOL", "SASL_PLAINTEXT"),
        "sasl_mechanism": told["MECHANISM"] or "SCRAM-SHA-512",
        "sasl_username": told["USERNAME"],
        "sasl_password": told["PASSWORD"],
        "ssl_cafile": told["CAFILE"],
    }


@dataclass
class Meter:
    """Processor seconds and memory of a platform's processes, each second. `samples`: (Unix time, processor seconds
    since the start, resident bytes). What a process did after the last look before its end is not counted."""

    layout: Layout
    samples: list[tuple[float, float, int]] = field(default_factory=list)
    _spent: dict[tuple[int, float], float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Meter:
        self._thread = threading.Thread(target=self._measure, name="meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def cores(self, start: float, end: float) -> float | None:
        """Processors busy between two moments of Unix time; None if it was not looked often enough."""
        inside = [(at, spent) for at, spent, _ in self.samples if start <= at <= end]
        if len(inside) < 2:
            return None
        (first, before), (last, after) = inside[0], inside[-1]
        return (after - before) / (last - first)

    def core_s(self, start: float, end: float) -> float:
        """Processor seconds between two moments of Unix time."""
        inside = [spent for at, spent, _ in self.samples if start <= at <= end]
        return inside[-1] - inside[0] if len(inside) > 1 else 0.0

    def _measure(self) -> None:
        while not self._stop.wait(1.0):
            found = state.read(self.layout.state)
            if found is not None:
                self._look(found.pid)

    def _look(self, supervisor: int) -> None:
        resident = 0
        try:
            processes = [psutil.Process(supervisor), *psutil.Process(supervisor).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                with process.oneshot():
                    used = process.cpu_times()
                    self._spent[process.pid, process.create_time()] = used.user + used.system
                    resident += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self.samples.append((time.time(), sum(self._spent.values()), resident))
