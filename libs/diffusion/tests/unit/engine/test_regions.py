"""Several people in one picture, each in a part of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from semblance.diffusion import PromptTooLong, RequestInvalid
from semblance.diffusion.engine import Region
from semblance.diffusion.families.regional import (
    FACES,
    LIKENESS,
    PARTS,
    SPANS,
    WORDS,
    Placed,
    RegionalAttention,
    joined,
)

LEFT, RIGHT = Region(0.0, 0.0, 0.5, 1.0, "smiling"), Region(0.5, 0.0, 1.0, 1.0, "in a hat")


def both(drawing: Any, first: int, second: int, **changes: Any) -> Any:
    """Two people side by side."""
    people = (drawing.people[first].worn, drawing.people[second].worn)
    worn = tuple(dataclasses.replace(one, region=part) for one, part in zip(people, (LEFT, RIGHT), strict=True))
    return dataclasses.replace(drawing.request(**changes), worn=worn)


def change(one: Any, other: Any) -> tuple[float, float]:
    """How much the left and the right half differ, mean of 255."""
    apart = np.abs(one.astype(float) - other)
    return float(apart[:, : apart.shape[1] // 2].mean()), float(apart[:, apart.shape[1] // 2 :].mean())


def test_whoever_is_on_the_right_changes_the_right_more_than_the_left(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    [one] = drawn(engine, engine.submit(both(drawing, 0, 1)))
    [another] = drawn(engine, engine.submit(both(drawing, 0, 2)))
    left, right = change(one, another)
    # Convolutions and group norms carry something over; how much a trained backbone lets through is measured elsewhere.
    assert right > left > 0
    bare = dataclasses.replace(both(drawing, 0, 1), worn=tuple(drawing.people[index].worn for index in (0, 1)))
    others = dataclasses.replace(bare, worn=tuple(drawing.people[index].worn for index in (0, 2)))
    [one], [another] = (drawn(engine, engine.submit(asked)) for asked in (bare, others))
    without_left, without_right = change(one, another)
    assert left / right < without_left / without_right


def test_two_people_beside_others_have_the_same_bytes_and_leave_theirs(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    pair, plain = both(drawing, 0, 1, seed=4), drawing.request(3, seed=4)
    [pair_alone], [plain_alone] = (drawn(engine, engine.submit(one)) for one in (pair, plain))
    tickets = [engine.submit(one) for one in (pair, both(drawing, 2, 3), plain, drawing.request(2))]
    drawn(engine, *tickets)
    assert np.array_equal(tickets[0].result(0)[0], pair_alone)
    assert np.array_equal(tickets[2].result(0)[0], plain_alone)


def test_words_of_a_part_reach_its_places_only(drawing: Any) -> None:
    """One cross-attention of the real UNet, its own mask: the other part's words change nothing at all."""
    unet = drawing.stock.denoiser
    attention = next(part for name, part in unet.named_modules() if name.endswith("attn2"))
    generator = torch.Generator().manual_seed(0)
    width = unet.config.cross_attention_dim
    words = torch.randn(1, 12, width, generator=generator)
    changed = words.clone()
    changed[:, 8:] += 1.0  # the right one's
    told = {
        PARTS: torch.stack([LEFT.mask(8, 8), RIGHT.mask(8, 8)])[None],
        SPANS: torch.zeros(1, 2, 12),
        WORDS: words,
    }
    told[SPANS][:, 0, 4:8] = told[SPANS][:, 1, 8:] = 1
    places = torch.randn(1, 64, attention.to_q.in_features, generator=generator)
    faces = torch.zeros(1, 2, 4, width)
    regional = RegionalAttention(unet)
    with torch.no_grad(), regional.of({**told, LIKENESS: torch.zeros(1, 2)}):
        one, other = (attention(places, (text, [faces])).view(8, 8, -1) for text in (words, changed))
    regional.detach()
    assert torch.equal(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4:], other[:, 4:])


def test_a_style_is_worn_everywhere(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    pair = both(drawing, 0, 1)
    style = dataclasses.replace(drawing.people[2].worn, reference=None, strength=0.8)  # of nobody in the picture
    [without] = drawn(engine, engine.submit(pair))
    [styled] = drawn(engine, engine.submit(dataclasses.replace(pair, worn=(*pair.worn, style))))
    assert min(change(without, styled)) > 0


def test_a_joined_lane_says_whose_words_are_whose() -> None:
    def lane(tokens: int, value: float) -> dict[str, torch.Tensor]:
        return {
            WORDS: torch.full((1, tokens, 2), value),
            FACES: torch.full((1, 1, 3), value),
            LIKENESS: torch.full((1, 1), 0.7),
        }

    people = [Placed(lane(3, 1.0), LEFT), Placed(lane(2, 2.0), RIGHT), Placed(None, None)]
    told = joined(lane(4, 0.0), people, torch.Size((1, 4, 2, 4)))
    assert told[WORDS][0, :, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert told[SPANS][0].tolist() == [
        [0, 0, 0, 0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 1, 1],
        [1, 1, 1, 1, 0, 0, 0, 0, 0],
    ]
    assert told[PARTS][0, :, 0].tolist() == [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]]
    assert told[FACES][0, :, 0].tolist() == [1.0, 2.0, 0.0]
    assert told[LIKENESS][0].tolist() == pytest.approx([0.7, 0.7, 0.0])


def test_a_region_that_cuts_cells_counts_for_its_share() -> None:
    assert torch.allclose(Region(0.25, 0.0, 1.0, 1.0).mask(1, 2), torch.tensor([[0.5, 1.0]]))


@pytest.mark.parametrize("edges", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 1, 1, 0)])
def test_edges_that_are_no_region_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(RequestInvalid):
        Region(*edges)


def test_whoever_has_a_part_wears_an_adapter(drawing: Any) -> None:
    pair = both(drawing, 0, 1)
    bare = dataclasses.replace(pair.worn[0], adapter=None)
    with pytest.raises(RequestInvalid, match="adapter"):
        drawing.engine().submit(dataclasses.replace(pair, worn=(bare, pair.worn[1])))


def test_places_see_their_own_part_only_also_beside_a_style(drawing: Any) -> None:
    """One self-attention of the real UNet: what changes on the right changes nothing at all on the left."""
    unet = drawing.stock.denoiser
    attention = next(part for name, part in unet.named_modules() if name.endswith("attn1"))
    places = torch.randn(1, 64, attention.to_q.in_features, generator=torch.Generator().manual_seed(0))
    changed = places.clone()
    changed.view(1, 8, 8, -1)[:, :, 4:] += 1.0
    parts = [LEFT.mask(8, 8), RIGHT.mask(8, 8), torch.ones(8, 8)]
    told = {PARTS: torch.stack(parts)[None], SPANS: torch.zeros(1, 3, 12)}
    regional = RegionalAttention(unet)
    with torch.no_grad(), regional.of(told):
        one, other = (attention(seen).view(8, 8, -1) for seen in (places, changed))
    regional.detach()
    assert torch.equal(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4:], other[:, 4:])


def test_what_is_said_of_a_part_is_checked_as_prompts_are() -> None:
    with pytest.raises(PromptTooLong):
        Region(0, 0, 1, 1, "a" * 3000)
    with pytest.raises(RequestInvalid, match="control"):
        Region(0, 0, 1, 1, "a\x00")


def test_a_large_picture_has_no_parts(drawing: Any) -> None:
    engine = drawing.engine(max_pixels_in_parts=32 * 32)
    with pytest.raises(RequestInvalid, match="parts"):
        engine.submit(both(drawing, 0, 1, width_px=64))


def test_long_words_of_one_and_a_long_refusal_for_all(drawing: Any, drawn: Callable[..., Any]) -> None:
    """Several windows of tokens for one part, and for what is not wanted; one step without guidance too."""
    engine, pair = drawing.engine(), both(drawing, 0, 1, negative_prompt="a long way off " * 4)
    part = dataclasses.replace(RIGHT, prompt="with a hat " * 9)
    long = dataclasses.replace(pair, worn=(pair.worn[0], dataclasses.replace(pair.worn[1], region=part)))
    alone = dataclasses.replace(pair, picture=dataclasses.replace(long.picture, guidance_scale=1.0, steps=1))
    tickets = [engine.submit(one) for one in (long, alone)]
    drawn(engine, *tickets)
    assert all(ticket.result(0)[0].std() > 0 for ticket in tickets)
