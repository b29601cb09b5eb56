"""What is under load: a platform that the harness starts itself on the loopback, or one that runs somewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from loadtests.prometheus import Prometheus
from loadtests.teams.inlet import KafkaInlet
from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.kafka_options import client_options
from semblance.eventbus.settings import BrokerSettings
from semblance.local import config as configuration
from semblance.local import models
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
    "GENERATION_OPEN_IMAGES_BY_OTHERS": "10000",
    "TRAINING_OPEN_RUNS": "1000",
    # Nobody sits there to decide; a picture in doubt is blocked.
    "SAFETY_REVIEW_BAND": "0",
}


@dataclass(frozen=True)
class Place:
    """`layout` None: not ours to look into; what it uses is known if its `prometheus` is."""

    url: str
    bootstrap_servers: str
    layout: Layout | None
    prometheus: Prometheus | None = None

    def broker(self) -> Broker:
        """As the watcher reads it."""
        return KafkaBroker(reached_by(self.bootstrap_servers))

    def team(self, group: str, topics: Sequence[str]) -> KafkaInlet:
        """As another team's client reads it."""
        return KafkaInlet(client_options(reached_by(self.bootstrap_servers)), group, topics)


def reached_by(bootstrap_servers: str) -> BrokerSettings:
    """LOADTEST_KAFKA_USERNAME and _PASSWORD, if the broker asks for them, and _MECHANISM; _PROTOCOL and _CAFILE, with
    them or, for a broker that knows its clients by nothing or by _CERTFILE and _KEYFILE, without."""
    names = ("USERNAME", "PASSWORD", "MECHANISM", "PROTOCOL", "CAFILE", "CERTFILE", "KEYFILE")
    told = {name: os.environ.get(f"LOADTEST_KAFKA_{name}") or None for name in names}
    protocol = told["PROTOCOL"] or ("SASL_PLAINTEXT" if told["USERNAME"] else "PLAINTEXT")
    mechanism = (told["MECHANISM"] or "SCRAM-SHA-512") if told["USERNAME"] else None
    return BrokerSettings(
        bootstrap_servers, timeout_s=10, security_protocol=protocol, sasl_mechanism=mechanism,
        sasl_username=told["USERNAME"], sasl_password=told["PASSWORD"], ssl_cafile=told["CAFILE"],
        ssl_certfile=told["CERTFILE"], ssl_keyfile=told["KEYFILE"],
    )  # fmt: skip


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


def keep_logs(data: Path, folder: Path) -> None:
    """What the platform and its servers wrote into their logs, beside the report: a verdict asks why."""
    layout = Layout(data)
    folder.mkdir(parents=True, exist_ok=True)
    for log in (layout.log, layout.broker_log, layout.store / "weed.log"):
        for part in sorted(log.parent.glob(f"{log.name}*")):  # and what was turned over
            shutil.copyfile(part, folder / part.name)


def stub_pictures(folder: Path) -> Path:
    """A portrait of each bundled person, as the stub sampler gives them out: faces that the filter looks at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in bundled.people():
        portrait = cv2.imread(str(bundled.person_photos(name, ("portrait",))[0].path))
        small = cv2.resize(portrait, (_STUB_PX, _STUB_PX), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{name}.png"), small)
    return folder.resolve()
