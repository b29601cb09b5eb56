"""What the topics' files promise, checked against the services as their mains build them.

Every consumer named in a topic's file handles each of its messages or says there that it leaves it alone, and every
sample that is delivered twice has one effect.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf import text_format
from google.protobuf.message import Message
from pydantic import SecretStr

from semblance.contracts import registry
from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.contracts.platform.v1.events_pb2 import ErasureRequested
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing
from semblance.service_kit import rpc, testing
from semblance.service_kit.runtime import Application

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "ingest", "identity", "training", "generation", "safety", "provenance")
TOKEN = SecretStr("between services")
# The consent view reads this one, in every process and in no group.
CONSENTS = "identity.consent.v1"
# Samples that answer what nobody asked: dead letters, twice, without an effect.
REFUSED = {("identity", "semblance.contracts.platform.v1.ServiceErased"): "not-found"}
DELIVERIES = [
    (service, name)
    for service in SERVICES
    for topic in registry.TOPICS.values()
    for name in topic.handled_by(service)
    if topic.name != CONSENTS
]


class Erasing(service_pb2_grpc.IdentityServiceServicer):
    """Identity, while it erases whom the sample names."""

    def GetErasure(self, request: Any, context: Any) -> Any:
        asked = sample(registry.ce_type_of(ErasureRequested))
        assert request.erasure_id == asked.erasure_id
        return service_pb2.Erasure(erasure_id=asked.erasure_id, subject_id=asked.subject_id, state="running")


@pytest.fixture(scope="module")
def identity() -> Iterator[str]:
    """Where it listens."""
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_IdentityServiceServicer_to_server(Erasing(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, identity: str):
    """A service's application, built once as its main builds it, on a database of its own; whose erasure the sample
    asks for has no key any more."""

    @functools.cache
    def build(service: str) -> Application:
        home = tmp_path_factory.mktemp(service)
        main = importlib.import_module(f"semblance.{service}.main")
        settings = importlib.import_module(f"semblance.{service}.settings")
        settings_class = getattr(settings, f"{service.capitalize()}Settings")
        keys = {"keyring_dir": home / "keys", "keyring_kek_file": home / "kek", "signing_dir": home / "signing"}
        others = {"identity_address": identity, "internal_token": TOKEN}
        application = main.build(settings_class(database_url=f"sqlite:///{home}/rows.sqlite", **keys, **others))
        if service != "identity":
            asked = sample(registry.ce_type_of(ErasureRequested))
            FileKeyRing(keys["keyring_dir"], keys["keyring_kek_file"]).destroy(asked.subject_id)
        application.database.migrate(application.migrations_dir)
        return application

    return build


def handled(application: Application) -> set[str]:
    return {registry.ce_type_of(message) for s in application.subscriptions for message in s.handlers}


def sample(name: str) -> Message:
    text = (ROOT / "protos" / "samples" / f"{name}.txtpb").read_text()
    return text_format.Parse(text, registry.message_class(name)())


def rows(application: Application) -> dict[str, list[str]]:
    """Everything in the database, but for the inbox, whose job it is to differ."""
    with application.database.read() as session:
        tables = sa.inspect(session.get_bind()).get_table_names()
        return {t: sorted(map(repr, session.execute(sa.text(f"SELECT * FROM {t}")))) for t in tables if t != "inbox"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_consumer_handles_what_its_topics_say_and_nothing_else(build, service: str) -> None:
    application = build(service)
    expected = {name for topic in registry.TOPICS.values() for name in topic.handled_by(service)}
    consents = set(registry.TOPICS[CONSENTS].messages)
    if expected & consents:
        assert application.consent_view is not None, f"{service} is named as a reader of {CONSENTS}"
    assert handled(application) - consents == expected - consents


@pytest.mark.parametrize("service", SERVICES)
def test_groups_are_named_after_their_service(build, service: str) -> None:
    groups = [s.group for s in build(service).subscriptions]
    assert all(group.startswith(f"{service}.") for group in groups)
    assert len(set(groups)) == len(groups)


@pytest.mark.parametrize(("service", "name"), DELIVERIES, ids=[f"{s}-{n.rsplit('.', 1)[1]}" for s, n in DELIVERIES])
def test_a_sample_delivered_twice_has_one_effect(build, service: str, name: str) -> None:
    application, message, event_id = build(service), sample(name), new_id()
    for subscription in application.subscriptions:
        if type(message) not in subscription.handlers:
            continue
        if (service, name) in REFUSED:
            before = rows(application)
            for _ in range(2):
                with pytest.raises(SemblanceError) as refused:
                    testing.deliver(subscription, application.database, message, 1, event_id=event_id)
                assert refused.value.code == REFUSED[service, name]
            assert rows(application) == before
            continue
        first = testing.deliver(subscription, application.database, message, 1, event_id=event_id)
        once = rows(application)
        second = testing.deliver(subscription, application.database, message, 1, event_id=event_id)
        assert (first, second) == (["handled"], ["duplicate"])
        assert rows(application) == once
