"""A service as a process: what it is made of, which parts run, and how it stops."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
from fastapi import FastAPI

from semblance.contracts import registry
from semblance.eventbus import dead_letters
from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.kernel.clock import Clock
from semblance.kernel.errors import SemblanceError
from semblance.service_kit import heap, taking_back, telemetry
from semblance.service_kit.consent_view import ConsentView
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.http import Check
from semblance.service_kit.parts import ROLES, Parts
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.stopping import asked_to_stop
from semblance.service_kit.taken_back import Keep, Kind
from semblance.service_kit.work import WorkKind

__all__ = ["Application", "Check", "broker_of", "consent_view_of", "run"]

_log = logging.getLogger(__name__)
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


@dataclass(frozen=True)
class Application:
    """Everything a service is; its main.py builds one. `name` is the service's name everywhere."""

    name: str
    settings: ServiceSettings
    database: Database
    broker: Broker
    subscriptions: Sequence[Subscription] = ()
    work: Mapping[str, WorkKind] = field(default_factory=dict)
    kept: Mapping[Kind, Keep] = field(default_factory=dict)
    grpc: Sequence[Callable[[grpc.Server], None]] = ()
    http: FastAPI | None = None
    consent_view: ConsentView | None = None
    checks: Sequence[Check] = ()
    migrations_dir: Path = Path("migrations")
    on_start: Sequence[Callable[[], None]] = ()
    on_stop: Sequence[Callable[[], None]] = ()


def broker_of(settings: ServiceSettings) -> KafkaBroker:
    """The Kafka broker that the settings name; connects when first used."""
    password = settings.kafka_sasl_password
    return KafkaBroker(
        BrokerSettings(
            settings.kafka_bootstrap_servers,
            security_protocol=settings.kafka_security_protocol,
            ssl_cafile=_text(settings.kafka_ssl_cafile),
            ssl_certfile=_text(settings.kafka_ssl_certfile),
            ssl_keyfile=_text(settings.kafka_ssl_keyfile),
            sasl_mechanism=settings.kafka_sasl_mechanism,
            sasl_username=settings.kafka_sasl_username,
            sasl_password=password.get_secret_value() if password else None,
        )
    )


def consent_view_of(settings: ServiceSettings, broker: Broker, clock: Clock, *, patience_s: float = 1.0) -> ConsentView:
    """The view of consents that the settings describe; `patience_s` as there."""
    return ConsentView(
        broker,
        clock,
        settings.consent_max_age_s,
        fresh_s=settings.consent_fresh_s,
        wait_s=settings.consent_wait_s,
        patience_s=patience_s,
    )


def run(
    build: Callable[[SettingsT], Application], settings_class: type[SettingsT], argv: Sequence[str] | None = None
) -> None:
    """Be the process that the command line asks for; ends by sys.exit with 0, or 1 after a crash."""
    arguments = _parser().parse_args(argv)
    settings = settings_class()
    name = settings_class.__name__.removesuffix("Settings").lower()
    heap.keep(settings.heap_kept_mib)
    sending = telemetry.start(name, settings)
    code = 1
    try:
        code = _command(arguments, build(settings))
    except SemblanceError as error:
        # The tree's texts hold nothing of anybody, and an operator must read which file or setting is wrong.
        said = f"{error.detail}. {error.remedy or ''}".strip()
        _log.critical("process failed: %s", said, exc_info=error, extra={"error_code": error.code})
    except Exception as error:  # noqa: BLE001 - the process's last catch: logged, then exit 1
        _log.critical("process failed", exc_info=error)
    finally:
        sending.stop()
        sys.stdout.flush()
    if threading.active_count() > 1:
        os._exit(code)  # a thread that does not end must not keep a stopped process
    sys.exit(code)


def _command(arguments: argparse.Namespace, application: Application) -> int:
    if arguments.command == "migrate":
        application.database.migrate(application.migrations_dir)
        return 0
    if arguments.command == "replay":
        moved = dead_letters.replay(application.broker, arguments.topic, application.name, limit=arguments.limit)
        _log.info("dead letters moved back", extra={"topic": arguments.topic, "count": moved})
        return 0
    if arguments.command == "take-back":
        taken = taking_back.take_back_names(sys.stdin, application.settings)
        _log.info("taken back", extra={"count": taken})
        return 0
    if arguments.command in {"all", "behind"}:
        application.database.migrate(application.migrations_dir)
        application.broker.ensure_topics(registry.service_topics(application.name))
    heap.settle()
    return serve(application, ROLES[arguments.command])


def serve(application: Application, roles: frozenset[str], stop: threading.Event | None = None) -> int:
    """Run the parts until SIGTERM, SIGINT or `stop`; 0 after a clean stop, 1 when a part crashed."""
    stop = stop or threading.Event()
    in_main = threading.current_thread() is threading.main_thread()
    parts = Parts(application, roles, stop)
    with asked_to_stop(stop) if in_main else nullcontext():
        try:
            parts.start()
            _log.info("started", extra={"http_port": parts.http_port, "grpc_port": parts.grpc_port, "pid": os.getpid()})
            stop.wait()
        finally:
            stop.set()
            clean = parts.stop()
            _log.info("stopped", extra={"outcome": "clean" if clean else "not clean"})
    return 1 if parts.crashed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A service of the platform; configured by its environment.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in {
        "api": "answer HTTP and gRPC",
        "consume": "handle events",
        "work": "run queued work",
        "relay": "send the outbox",
        "behind": "as all, but answering nobody: the end of a restore",
        "all": "migrate, then everything in one process",
        "migrate": "bring the database to the newest schema",
        "take-back": "after a restore: what was taken back since, by its names in the log, one a line of the input",
    }.items():
        commands.add_parser(name, help=help_text)
    replay = commands.add_parser("replay", help="move this service's dead letters back to their topic")
    replay.add_argument("topic", choices=sorted(registry.TOPICS))
    replay.add_argument("--limit", type=int, default=10_000)
    return parser


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
