"""What is under load: a platform that the harness starts itself on the loopback, or one that runs somewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
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
