"""What sizes a picture can be asked for in."""

import json
from pathlib import Path

import pytest

from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.generation.domain.edit import Changes, Kept
from semblance.generation.domain.errors import InvalidOrder, SizeNotOffered
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.sizes import Size, enlarged, kept_size, offered, parse_size
from semblance.generation.handlers import images
from semblance.generation.main import sizes_of
from semblance.generation.settings import GenerationSettings
from semblance.kernel.ids import ImageId, new_id

WIDE = Size(96, 64)


def test_a_size_is_named_by_what_is_published() -> None:
    offers = offered([(64, 64), (96, 64), (128, 128), (1344, 768)], 256)
    assert offers == {"256x256": Size(64, 64), "384x256": WIDE, "1344x768": Size(1344, 768)}
    assert parse_size("384x256", offers) == WIDE
    assert parse_size("", offers) is parse_size("auto", offers) is None
    with pytest.raises(SizeNotOffered) as refused:
        parse_size("96x64", offers)
    assert refused.value.remedy == "Ask for one of 256x256, 384x256, 1344x768."
    with pytest.raises(SizeNotOffered, match="not drawn here"):
        parse_size("256x256", {})


def test_a_size_is_kept_by_its_name() -> None:
    assert kept_size(WIDE.name) == WIDE
    assert kept_size(None) is None
    assert enlarged(Size(30, 20), 64) == Size(96, 64)
    assert enlarged(Size(100, 64), 64) == Size(100, 64)


def test_the_backbones_card_says_which_there_are(tmp_path: Path) -> None:
    settings = GenerationSettings(backbone_dir=tmp_path, upscale_to_px=256)
    card = tmp_path / "semblance.json"
    card.write_text(json.dumps({"name": "x"}))
    assert sizes_of(settings) == {}, "its own is the pipeline's, which is not read here"
    card.write_text(json.dumps({"resolution_px": 1024, "sizes": [[1344, 768], [1024, 1024]]}))
    assert list(sizes_of(settings)) == ["1024x1024", "1344x768"]
    assert sizes_of(settings.model_copy(update={"engine": "stub"})) == {}
    assert sizes_of(settings.model_copy(update={"backbone_dir": tmp_path / "elsewhere"})) == {}
    assert list(sizes_of(GenerationSettings())) == ["256x256"], "the embedded backbone has one"


def test_an_edit_is_drawn_in_its_sources_size(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()

    def ask(size: Size | None = None, **more: object) -> images.Image:
        ids = service.subject_id, consent.id, ImageId(new_id()), adapter_id
        order = Order(7, None, None, None, size=size)
        command = images.CreateImage(*ids, Words("in Paris", ""), order, **more)  # type: ignore[arg-type]
        return images.create_image(command, service.ports)

    made = ask(WIDE)
    service.do_work()
    service.deliver(provenance_pb.ImagePublished(image_id=made.id, manifest_id="m"))
    source = images.FromPicture(made.id, Changes(0.5, Kept.NOTHING))
    with pytest.raises(InvalidOrder, match="its source's size"):
        ask(Size(64, 64), source=source)
    ask(source=source)
    service.do_work()
    assert [order.size for _, order, _ in service.renderer.calls] == [WIDE, WIDE]
