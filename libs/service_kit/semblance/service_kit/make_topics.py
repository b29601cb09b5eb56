"""Make every topic of the platform on a broker: `python -m semblance.service_kit.make_topics`, settings TOPICS_KAFKA_*.

For deployments where services may not make topics themselves. Topics that are there are left as they are.
"""

from __future__ import annotations

import logging
import sys
import time

from pydantic_settings import SettingsConfigDict

from semblance.contracts import registry
from semblance.eventbus.broker import Broker
from semblance.eventbus.errors import BrokerUnavailable
from semblance.service_kit import logs
from semblance.service_kit.runtime import broker_of
from semblance.service_kit.settings import ServiceSettings

_log = logging.getLogger(__name__)
_PAUSE_S = 3.0


class TopicSettings(ServiceSettings):
    """How to reach the broker, and how long to wait for one that is not there yet."""

    model_config = SettingsConfigDict(env_prefix="TOPICS_", frozen=True, extra="ignore")

    wait_s: float = 600.0


def make(broker: Broker, wait_s: float, pause_s: float = _PAUSE_S) -> int:
    """Make them, trying again for `wait_s`; how many topics the platform has. Raises BrokerUnavailable."""
    deadline_s = time.monotonic() + wait_s
    topics = list(registry.TOPICS.values())
    while True:
        try:
            broker.ensure_topics(topics)
            return len(topics)
        except BrokerUnavailable as error:
            if time.monotonic() >= deadline_s:
                raise
            _log.info("the broker is waited for", extra={"error_code": error.code})
            time.sleep(pause_s)


def main() -> int:
    """0 when all are there, 1 when the broker did not answer in time."""
    settings = TopicSettings()
    logs.configure("topics", settings.log_level)
    try:
        _log.info("topics are there", extra={"count": make(broker_of(settings), settings.wait_s)})
    except BrokerUnavailable as error:
        _log.critical("topics were not made: %s", error.detail, extra={"error_code": error.code})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
