from __future__ import annotations

import json
import socket
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from semblance.kernel.errors import Unavailable
from semblance.local import config as configuration
from semblance.local.config import PortTaken
from semblance.local.environment import of_service
from semblance.local.layout import Layout
from semblance.local.rights import RIGHTS, SERVICES, actions


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "data")
    made.make()
    return made


def test_ports_and_secrets_are_made_once_and_are_private(layout: Layout) -> None:
    first = configuration.load_or_make(layout.config)
    assert layout.config.stat().st_mode & 0o777 == 0o600
    assert configuration.load_or_make(layout.config) == first
    assert configuration.read(layout.config) == first
    ports = [*first.ports.values(), *range(first.store_port, first.store_port + 5)]
    assert len(set(ports)) == len(ports)
    assert all(port < 32_768 for port in first.ports.values()), "Linux may give it to an outgoing connection"
    secrets = {first.internal_token, first.store_admin_secret, *(secret for _, secret in first.store_keys.values())}
    assert len(secrets) == 2 + len(SERVICES) + 1
    assert all(len(secret) >= 32 for secret in secrets)
    assert not any(secret in repr(first) for secret in secrets)


def test_the_folders_are_their_owners(layout: Layout) -> None:
    for folder in (layout.secrets, layout.log.parent, layout.traces.parent, layout.database("x").parent):
        assert folder.stat().st_mode & 0o077 == 0
    assert layout.data.stat().st_mode & 0o066 == 0


def test_a_directory_keeps_its_kind_of_database(layout: Layout) -> None:
    assert configuration.load_or_make(layout.config, postgres=True).postgres
    assert configuration.load_or_make(layout.config).postgres
    with pytest.raises(Unavailable, match="PostgreSQL"):
        configuration.load_or_make(layout.config, postgres=False)


def test_an_internal_port_that_was_taken_meanwhile_is_picked_anew_and_the_gateways_is_not(layout: Layout) -> None:
    first = configuration.load_or_make(layout.config)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["broker"]))
        other.listen()
        second = configuration.load_or_make(layout.config)
    assert second.ports["broker"] != first.ports["broker"]
    assert second.gateway_url == first.gateway_url
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["gateway.http"]))
        other.listen()
        with pytest.raises(PortTaken):
            configuration.load_or_make(layout.config)


def test_the_gateways_port_can_be_chosen(layout: Layout) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert configuration.load_or_make(layout.config, gateway_port=port).ports["gateway.http"] == port


def test_a_directory_that_was_never_started_says_so(layout: Layout) -> None:
    with pytest.raises(Unavailable, match="nothing was started"):
        configuration.read(layout.config)


def test_every_service_gets_its_own_settings_and_no_other_secret(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_OTHER_SECRET", "s3cret")
    config = configuration.load_or_make(layout.config)
    for service in SERVICES:
        environment = of_service(service, config, layout, Path("/models"))
        assert environment[f"{service.upper()}_INTERNAL_TOKEN"] == config.internal_token
        assert environment["MALLOC_ARENA_MAX"] == "2"
        given = set(environment.values())
        for other, (_, secret) in config.store_keys.items():
            assert (secret in given) == (other == service and bool(RIGHTS[service]))
        assert config.store_admin_secret not in given
        assert "s3cret" not in given


def test_the_gateway_holds_no_key_to_the_store_or_the_key_ring(layout: Layout) -> None:
    environment = of_service("gateway", configuration.load_or_make(layout.config), layout, Path("/models"))
    assert not [name for name in environment if "S3" in name or "KEYRING" in name or "KEK" in name]
    assert actions("gateway") == ()


def test_our_own_variables_win_over_the_generated(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING_LOG_LEVEL", "DEBUG")
    config = configuration.load_or_make(layout.config)
    assert of_service("training", config, layout, Path("/m"))["TRAINING_LOG_LEVEL"] == "DEBUG"
    assert "TRAINING_LOG_LEVEL" not in of_service("ingest", config, layout, Path("/m"))


def test_only_the_filter_the_signer_and_the_maker_touch_quarantine() -> None:
    touching = {name for name, rights in RIGHTS.items() if "quarantine" in rights}
    assert touching == {"generation", "safety", "provenance"}
    assert "Read" not in RIGHTS["generation"]["quarantine"]
    assert {name for name, rights in RIGHTS.items() if "published" in rights} == {"provenance"}


def test_a_changed_configuration_is_another(layout: Layout) -> None:
    config = configuration.load_or_make(layout.config)
    assert replace(config, store_port=1) != config


def test_only_those_who_ask_for_it_and_the_operator_know_the_operators_token(layout: Layout) -> None:
    first = configuration.load_or_make(layout.config)
    assert len(first.operator_token) >= 32
    assert first.operator_token not in repr(first)
    knowing = [s for s in SERVICES if first.operator_token in str(of_service(s, first, layout, Path("/m")).values())]
    assert knowing == ["identity", "provenance"]


def test_a_configuration_of_before_there_were_operators_gets_a_token(layout: Layout) -> None:
    old = json.loads(json.dumps(asdict(configuration.load_or_make(layout.config))))
    del old["operator_token"]
    configuration.write_private(layout.config, json.dumps(old))
    assert configuration.read(layout.config).operator_token == ""
    token = configuration.load_or_make(layout.config).operator_token
    assert token
    assert configuration.read(layout.config).operator_token == token


def test_one_variable_sets_the_face_model_of_all_who_must_agree(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configuration.load_or_make(layout.config)

    def models() -> dict[str, str | None]:
        return {s: of_service(s, config, layout, Path("/m")).get(f"{s.upper()}_FACE_MODEL") for s in SERVICES}

    assert set(models().values()) == {None}
    monkeypatch.setenv("SEMBLANCE_FACE_MODEL", "deepface:Dlib")
    chosen = {s for s, model in models().items() if model == "deepface:Dlib"}
    assert chosen == {"identity", "ingest", "safety", "training"}
