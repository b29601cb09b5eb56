"""What travels to an engine elsewhere, and how many of them there are."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from semblance.generation.domain.edit import Beginning, Changes, Kept
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area
from semblance.generation.domain.withdrawn import Whose
from semblance.generation.ml import parcels
from semblance.generation.ml.parcels import Ask, Drawn
from semblance.generation.ml.scaling import FIRST_STEP_WAIT, SLOW_S, replicas
from semblance.generation.ports import OpenAdapter
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.service_kit.cluster import sealing

WHOSE = Whose(AdapterId("a"), SubjectId("s"), ConsentId("c"), "d")
ADAPTER = OpenAdapter(WHOSE, b"portable" * 50, b"packed" * 50, b"reference" * 10, "b" * 64)


def ask() -> Ask:
    return Ask(WHOSE, "b" * 64, Words("a secret garden", "no secret"), Order(1, None, None, None), sealing.new_key())


def test_an_adapter_travels_sealed_and_packed_alone_unless_the_whole_is_asked_for() -> None:
    asked = ask()
    sealed = parcels.seal_adapters(asked.key, [ADAPTER], whole=False)
    assert not any(part in sealed for part in (b"portable", b"packed", b"reference"))
    packed = OpenAdapter(WHOSE, b"", ADAPTER.flat, ADAPTER.reference, "b" * 64)
    assert parcels.open_parcel(asked, sealed) == ([packed], None)
    assert parcels.open_parcel(asked, parcels.seal_adapters(asked.key, [ADAPTER], whole=True)) == ([ADAPTER], None)
    plain = OpenAdapter(WHOSE, ADAPTER.lora, b"", b"", "b" * 64)
    assert parcels.open_parcel(asked, parcels.seal_adapters(asked.key, [plain], whole=False)) == ([plain], None)


def test_the_picture_to_begin_at_travels_sealed_with_the_adapter_or_without() -> None:
    begin = Beginning(b"picture" * 50, Changes(0.5, Kept.FACE))
    asked = replace(ask(), changes=begin.changes)
    alone = parcels.seal_source(asked.key, begin)
    both = parcels.seal_adapters(asked.key, [ADAPTER], whole=True, begin=begin)
    assert not any(b"picture" in sealed for sealed in (alone, both))
    assert parcels.open_parcel(asked, alone) == ([], begin)
    assert parcels.open_parcel(asked, both) == ([ADAPTER], begin)


def test_of_several_everybodys_adapter_travels() -> None:
    other = OpenAdapter(replace(WHOSE, digest="d" * 64), b"lora", b"", b"", "b" * 64)
    asked = replace(ask(), beside=((other.whose, Area(0.5, 0, 1, 1)),))
    sealed = parcels.seal_adapters(asked.key, [ADAPTER, other], whole=True)
    assert parcels.open_parcel(asked, sealed) == ([ADAPTER, other], None)


def test_a_picture_travels_sealed() -> None:
    asked = ask()
    sealed = parcels.seal_picture(asked.key, b"\x89PNG of somebody")
    assert b"PNG" not in sealed
    drawing = parcels.open_picture(asked.key, Drawn(64, 32, "b", 0.5, 1.0), sealed)
    assert (drawing.png, drawing.width_px, drawing.height_px) == (b"\x89PNG of somebody", 64, 32)


def test_what_was_sealed_for_another_request_or_another_way_does_not_open() -> None:
    asked, other = ask(), ask()
    adapter, picture = parcels.seal_adapters(asked.key, [ADAPTER], whole=True), parcels.seal_picture(asked.key, b"png")
    assert adapter != parcels.seal_adapters(asked.key, [ADAPTER], whole=True)
    for wrong in (lambda: parcels.open_parcel(other, adapter), lambda: parcels.open_parcel(asked, picture)):
        with pytest.raises(EngineAway):
            wrong()
    for damaged in (picture[:-1], picture[:5], b"", bytes([picture[0] ^ 1]) + picture[1:]):
        with pytest.raises(EngineAway):
            parcels.open_picture(asked.key, Drawn(1, 1, "b", None, 1.0), damaged)


def test_a_request_prints_neither_words_nor_key() -> None:
    asked = ask()
    assert "secret" not in repr(asked)
    assert repr(asked.key) not in repr(asked)


@dataclass
class Seen:
    current_num_replicas: int
    total_num_requests: float
    waits: dict[str, float] = field(default_factory=dict)
    config: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(target_ongoing_requests=4.0))

    @property
    def aggregated_metrics(self) -> dict[str, dict[str, float]]:
        return {FIRST_STEP_WAIT: self.waits} if self.waits else {}


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (Seen(1, 0), 0),
        (Seen(1, 4), 1),
        (Seen(1, 4.5), 2),
        (Seen(2, 17), 5),
        (Seen(2, 4, {"one": 0.1, "two": SLOW_S}), 1),
        (Seen(2, 4, {"one": 0.1, "two": SLOW_S + 0.1}), 3),
        (Seen(2, 40, {"one": SLOW_S + 0.1}), 10),
    ],
)
def test_engines_follow_the_queue_and_late_first_steps(seen: Seen, wanted: int) -> None:
    assert replicas(seen) == (wanted, {})
