"""What the engines' cluster is told, and what generation is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from semblance.generation.ml import ray_head
from semblance.generation.ml.options import engine_options, replica_options
from semblance.generation.settings import GenerationSettings
from semblance.local import config as configuration
from semblance.local.environment import asking_engines, of_engines
from semblance.local.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "data")
    made.make()
    return made


def test_the_engines_know_no_secrets(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configuration.load_or_make(layout.config)
    monkeypatch.setenv("GENERATION_S3_SECRET_KEY", "a secret")
    monkeypatch.setenv("GENERATION_INTERNAL_TOKEN", "a secret")
    monkeypatch.setenv("GENERATION_RAY_REPLICAS_MAX", "3")
    monkeypatch.setenv("GENERATION_ALLOW_LICENCES", '["a-backbone"]')
    told = of_engines(layout, Path("models"))
    secrets = {
        config.internal_token,
        config.operator_token,
        "a secret",
        *(key for _, key in config.store_keys.values()),
    }
    assert not secrets & set(told.values())
    assert (told["GENERATION_RAY_REPLICAS_MAX"], told["GENERATION_MODELS_DIR"]) == ("3", "models")
    assert told["GENERATION_ALLOW_LICENCES"] == '["a-backbone"]'  # else the engines refuse what generation allows
    assert not any(name.startswith(("GENERATION_KEYRING", "GENERATION_S3")) for name in told)


class Noting:
    """Settings that note which of their fields were asked for."""

    def __init__(self, settings: GenerationSettings) -> None:
        self._settings = settings
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._settings, name)


def test_the_engines_are_told_every_setting_that_they_are_made_of(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting: Any = Noting(GenerationSettings())
    engine_options(noting)
    replica_options(noting)
    assert {"device", "precision", "source_max_pixels", "ray_gpus"} < noting.asked
    for name in noting.asked:
        monkeypatch.setenv(f"GENERATION_{name.upper()}", f"the operator's {name}")
    told = of_engines(layout, Path("models"))
    lost = {name for name in noting.asked if told.get(f"GENERATION_{name.upper()}") != f"the operator's {name}"}
    assert lost == {"models_dir"}  # this machine's own, which up was told


def test_generation_is_told_of_this_machines_cluster(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    config = configuration.load_or_make(layout.config)
    told = asking_engines("generation", config, layout)
    assert told["GENERATION_ENGINE"] == "ray"
    assert told["GENERATION_RAY_ADDRESS"] == f"127.0.0.1:{config.ports['engine.ray']}"
    head = ray_head.environment(layout.ray_token)
    assert {name: head[name] for name in told if name in head} == {name: told[name] for name in told if name in head}
    assert told["RAY_AUTH_TOKEN_PATH"] == str(layout.ray_token)
    assert told["RAY_ENABLE_AUTO_CONNECT"] == "0"
    learning = asking_engines("training", config, layout)
    assert (learning["TRAINING_ENGINE"], learning["TRAINING_RAY_ADDRESS"]) == ("ray", told["GENERATION_RAY_ADDRESS"])


def test_or_of_the_cluster_that_ray_address_names(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "head.example:6379")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "theirs")
    told = asking_engines("generation", configuration.load_or_make(layout.config), layout)
    assert (told["GENERATION_ENGINE"], told["RAY_ADDRESS"], told["RAY_AUTH_TOKEN"]) == (
        "ray",
        "head.example:6379",
        "theirs",
    )
    assert "GENERATION_RAY_ADDRESS" not in told


def test_a_configuration_of_an_older_version_gets_the_ports_it_lacks(layout: Layout) -> None:
    first = configuration.load_or_make(layout.config)
    older = json.loads(layout.config.read_text())
    older["ports"] = {name: port for name, port in older["ports"].items() if not name.startswith("engine.")}
    layout.config.write_text(json.dumps(older))
    second = configuration.load_or_make(layout.config)
    assert second.ports.keys() == first.ports.keys()
    assert second.gateway_url == first.gateway_url


def test_the_clusters_folder_is_empty_at_the_start_and_its_path_short(tmp_path: Path) -> None:
    near = Path("/tmp") / f"sb{tmp_path.name[-8:]}"
    (near / "of a run before").mkdir(parents=True)
    with ray_head.short_folder(near) as folder:
        assert folder == near
        assert not list(folder.iterdir())
        assert folder.stat().st_mode & 0o077 == 0
    near.rmdir()
    with ray_head.short_folder(tmp_path / ("a" * 60)) as folder:
        assert len(str(folder)) < 40
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_the_token_is_made_once_and_is_private(tmp_path: Path) -> None:
    token = tmp_path / "secrets" / "ray-token"
    ray_head.make_token(token)
    first = token.read_text()
    ray_head.make_token(token)
    assert token.read_text() == first
    assert len(first) >= 32
    assert token.stat().st_mode & 0o777 == 0o600


def test_a_token_that_others_may_read_is_closed_and_half_a_one_of_a_killed_start_is_none(tmp_path: Path) -> None:
    token = tmp_path / "ray-token"
    (tmp_path / "ray-token.part").write_text("ha")
    ray_head.make_token(token)
    assert len(token.read_text()) >= 32
    token.chmod(0o644)
    ray_head.make_token(token)
    assert token.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ray-token"]
