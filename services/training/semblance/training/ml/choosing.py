"""Which of a training's candidates is kept: the most alike of those that show nobody where they should not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from semblance.diffusion import Adapter

Score = Callable[[Adapter], float]
Passes = Callable[[Adapter], bool]


def choose(candidates: Sequence[Adapter], alike: Score, passes: Passes) -> tuple[Adapter, float | None]:
    """The candidate and, where it was asked for, how alike it is; of equals the later one.

    Every one is scored once. Whether it leaks, which costs more to know, is asked of the most alike first and of
    another only when that one does; if all do, the most alike is kept, for the judgement that follows to refuse.
    """
    if len(candidates) == 1:
        return candidates[0], None
    scored = [(alike(candidate), index) for index, candidate in enumerate(candidates)]
    best_first = sorted(scored, reverse=True)
    for score, index in best_first:
        if passes(candidates[index]):
            return candidates[index], score
    score, index = best_first[0]
    return candidates[index], score
