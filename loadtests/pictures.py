"""What a published picture costs: pictures and processor time of the same part of a run, first arrival to last
publication."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.curve import Curve
from loadtests.reconcile import Told

_PARTS = 10


@dataclass(frozen=True)
class Pictures:
    """`published`: distinct pictures; `seconds`: from the run's beginning to the last publication; `core_s` and `gpu_s`
    used until then, None: not metered; `beyond_rest`: core-s a picture without what is used when nobody comes;
    `parts`: the same of each of ten parts of the run with as many pictures each (fewer of fewer)."""

    published: int = 0
    seconds: float = 0.0
    core_s: float | None = None
    gpu_s: float | None = None
    beyond_rest: float | None = None
    parts: tuple[float, ...] = ()


def published(told: Iterable[Told], began_at: float) -> list[float]:
    """When each picture was first published, by the producer's clock, since `began_at`."""
    first: dict[str, float] = {}
    for each in told:
        if each.name == "ImagePublished" and each.at >= began_at:
            first[each.thing_id] = min(each.at, first.get(each.thing_id, each.at))
    return sorted(first.values())


def costed(
    times: list[float], began_at: float, cores: Curve | None, gpus: Curve | None, rest_cores: float | None
) -> Pictures:
    """`times`: of the publications, ascending."""
    if not times:
        return Pictures()

    def beyond(start: float, end: float, count: int) -> float | None:
        if cores is None or rest_cores is None:
            return None
        return round((cores.between(start, end) - rest_cores * (end - start)) / count, 4)

    count, last = len(times), times[-1]
    ends = sorted({max(1, round(count * part / _PARTS)) for part in range(1, _PARTS + 1)})
    edges = [(0, began_at), *((end, times[end - 1]) for end in ends)]
    parts = [beyond(a, b, m - n) for (n, a), (m, b) in itertools.pairwise(edges) if b > a]
    return Pictures(
        published=count,
        seconds=round(last - began_at, 1),
        core_s=cores.between(began_at, last) if cores else None,
        gpu_s=gpus.between(began_at, last) if gpus else None,
        beyond_rest=beyond(began_at, last, count),
        parts=tuple(each for each in parts if each is not None),
    )
