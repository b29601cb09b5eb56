"""How an operator says what the engine computes in and where, and what is refused before anything is loaded."""

from pathlib import Path
from typing import Any

import pytest

from semblance.diffusion import BackboneOptions
from semblance.generation.main import renderer_of
from semblance.generation.ml.engine_renderer import backbone_options
from semblance.generation.ml.options import (
    EngineSettingsRefused,
    concurrency,
    engine_options,
    renderer_settings,
    replica_options,
)
from semblance.generation.settings import GenerationSettings


def test_what_an_operator_sets_reaches_the_backbone_here_and_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DEVICE": "cuda:1",
        "PRECISION": "float16",
        "OFFLOAD": "true",
        "ALLOW_LICENCES": '["a-backbone"]',
    }.items():
        monkeypatch.setenv(f"GENERATION_{name}", value)
    expected = BackboneOptions(device="cuda:1", precision="float16", offload=True, allow_licences=("a-backbone",))
    assert backbone_options(renderer_settings(GenerationSettings())) == expected
    assert backbone_options(engine_options(GenerationSettings(engine="ray")).renderer) == expected
    compiled = GenerationSettings(precision="bfloat16", offload=False, compiled=True)
    assert backbone_options(renderer_settings(compiled)).compiled
    assert backbone_options(renderer_settings(compiled)).precision == "bfloat16"


def test_without_a_word_it_is_as_it_always_was() -> None:
    assert backbone_options(renderer_settings(GenerationSettings())) == BackboneOptions()


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"offload": True}, "GENERATION_OFFLOAD needs a GPU"),
        ({"precision": "float16"}, "float16"),
        ({"device": "cuda", "offload": True, "compiled": True}, "not compiled"),
        ({"engine_slots": 3, "people_max": 4}, "no picture of 4 people"),
    ],
)
def test_what_no_machine_can_do_ends_the_start(told: dict[str, Any], says: str) -> None:
    with pytest.raises(EngineSettingsRefused, match=says):
        renderer_of(GenerationSettings(**told))
    asking = GenerationSettings(engine="ray", **told)  # whoever only asks engines elsewhere starts all the same
    with pytest.raises(EngineSettingsRefused, match=says):
        engine_options(asking)


def test_slots_are_counted_against_people_only_where_a_picture_shows_several(tmp_path: Path) -> None:
    with pytest.raises(EngineSettingsRefused) as refused:
        renderer_settings(GenerationSettings(engine_slots=3))
    assert refused.value.remedy == "Set GENERATION_ENGINE_SLOTS=4 or more, or GENERATION_PEOPLE_MAX=3."
    assert renderer_settings(GenerationSettings(engine_slots=3, people_max=3)).slots == 3
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')  # which keeps nobody to a part
    assert renderer_settings(GenerationSettings(engine_slots=1, backbone_dir=tmp_path)).slots == 1


def test_slots_that_no_adapter_of_the_backbone_fits_into_are_refused(tmp_path: Path) -> None:
    (tmp_path / "semblance.json").write_text('{"lora": {"rank": 16}}')
    told = GenerationSettings(engine_rank=15, backbone_dir=tmp_path)
    with pytest.raises(EngineSettingsRefused, match=r"rank 15 \(GENERATION_ENGINE_RANK\)") as refused:
        renderer_settings(told)
    assert refused.value.remedy == "Set GENERATION_ENGINE_RANK=16 or more, or leave it unset."
    for fits in (16, None):
        assert renderer_settings(told.model_copy(update={"engine_rank": fits})).rank == fits
    elsewhere = told.model_copy(update={"backbone_dir": tmp_path / "of another machine"})
    assert renderer_settings(elsewhere).rank == 15, "the engine looks there"


@pytest.mark.parametrize(
    ("told", "held", "given"),
    [
        ({}, 2, 3),
        ({"engine_lanes": 64}, 8, 12),
        ({"engine_lanes": 64, "best_of": 1}, 32, 48),
        ({"best_of": 16}, 1, 2),
    ],
)
def test_an_engine_is_given_what_its_lanes_hold_and_half_as_many_again(
    told: dict[str, Any], held: int, given: int
) -> None:
    settings = GenerationSettings(**told)
    replicas = replica_options(settings)
    assert (concurrency(settings), replicas.drawings, replicas.target) == (given, given, held)
    assert concurrency(GenerationSettings(engine="ray", **told)) == max(given, 4), "there may be several engines"


def test_an_operators_own_numbers_count() -> None:
    settings = GenerationSettings(concurrency=7, ray_drawings=9, ray_target_drawings=1.5)
    replicas = replica_options(settings)
    assert (concurrency(settings), replicas.drawings, replicas.target) == (7, 9, 1.5)
    assert concurrency(GenerationSettings(engine_lanes=256, best_of=1)) == 64
