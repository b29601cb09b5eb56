"""Objectives as a file, and the verdict: a yes or a no, with the reason for every no."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from loadtests import measures, spread
from loadtests.measures import Call, Walk
from loadtests.reconcile import CAME, FAULTS, TO_COME, Balance

_KEYS = {
    "availability",
    "journeys_done",
    "pictures_published_share",
    "routes",
    "marks",
    "faults",
    "harness",
    "grace_s",
    "least",
    "memory_growth",
    "core_s_per_picture",
}
_HARNESS = {"late_p99", "late_p99_beyond"}
_QUANTILES = {f"p{q}" for q in measures.QUANTILES}


class BadObjectives(ValueError):
    """The file says something that nothing would check."""


@dataclass(frozen=True)
class Objectives:
    """slo.yaml. `pictures_published_share`: of the pictures that were asked for by people who stayed. `routes` and
    `marks`: name to {"p99": seconds}. `faults`: kind to how many are borne. `harness_late_beyond_p99_s`: in stages that
    offer more than is promised, where the platform takes the harness's processors; None: as elsewhere. `least`: how
    much must have been looked at for a yes to mean anything. `memory_growth`: of the whole platform, from the first
    tenth of the run to its last; `core_s_per_picture`: of the whole platform beyond what it uses at rest. None is not
    judged."""

    availability: float
    journeys_done: float
    routes: Mapping[str, Mapping[str, float]]
    marks: Mapping[str, Mapping[str, float]]
    faults: Mapping[str, int]
    harness_late_p99_s: float
    least: Mapping[str, int]
    grace_s: float
    pictures_published_share: float | None = None
    harness_late_beyond_p99_s: float | None = None
    memory_growth: float | None = None
    core_s_per_picture: float | None = None


@dataclass(frozen=True)
class Finding:
    """One objective and what was measured. `spread`: how far another run's value may be off (`loadtests.spread`)."""

    goal: str
    target: str
    value: float
    met: bool
    count: int = 0
    spread: str = spread.EXACT


def read(path: Path) -> Objectives:
    """Raises BadObjectives for anything unknown: a misspelt objective would otherwise hold for ever."""
    try:
        return _read(path.name, yaml.safe_load(path.read_text()))
    except BadObjectives:
        raise
    except (OSError, TypeError, ValueError, AttributeError, yaml.YAMLError) as e:
        raise BadObjectives(f"{path.name}: {e}") from None


def _read(name: str, given: Any) -> Objectives:
    if not isinstance(given, dict) or set(given) != _KEYS:
        raise BadObjectives(f"{name} must hold exactly {', '.join(sorted(_KEYS))}")
    for part in ("routes", "marks"):
        for of, limits in given[part].items():
            if not isinstance(limits, dict) or not limits or set(limits) - _QUANTILES:
                raise BadObjectives(f"{part}: {of!r} wants some of {', '.join(sorted(_QUANTILES))}, in seconds")
    if set(given["faults"]) != set(FAULTS):
        raise BadObjectives(f"faults must name {', '.join(FAULTS)}")
    if set(given["harness"]) != _HARNESS:
        raise BadObjectives(f"harness must hold {', '.join(sorted(_HARNESS))}")
    return Objectives(
        availability=float(given["availability"]),
        journeys_done=float(given["journeys_done"]),
        routes=_limits(given["routes"]),
        marks=_limits(given["marks"]),
        faults={kind: int(borne) for kind, borne in given["faults"].items()},
        harness_late_p99_s=float(given["harness"]["late_p99"]),
        least={what: int(least) for what, least in given["least"].items()},
        grace_s=float(given["grace_s"]),
        pictures_published_share=_maybe(given["pictures_published_share"]),
        harness_late_beyond_p99_s=_maybe(given["harness"]["late_p99_beyond"]),
        memory_growth=_maybe(given["memory_growth"]),
        core_s_per_picture=_maybe(given["core_s_per_picture"]),
    )


def _limits(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    return {name: {quantile: float(limit_s) for quantile, limit_s in each.items()} for name, each in given.items()}


def _maybe(given: Any) -> float | None:
    return None if given is None else float(given)


def answerable(objectives: Objectives, *, metered: bool) -> None:
    """Of a platform elsewhere nobody here sees the memory, and what it uses only its Prometheus counts: an hour later
    such an objective would be unmet without having been looked at. Raises BadObjectives."""
    if objectives.memory_growth is not None:
        raise BadObjectives("memory_growth is only looked at on a platform that is started here: null it for --url")
    if objectives.core_s_per_picture is not None and not metered:
        raise BadObjectives("core_s_per_picture wants --prometheus with --url, or null")


def under_chaos(chaos: Objectives, own: Objectives) -> Objectives:
    """The objectives of chaos for a profile that is not made for it: how much it asks for and where it offers more than
    is promised is its own."""
    return replace(
        chaos, least=own.least, pictures_published_share=own.pictures_published_share,
        harness_late_beyond_p99_s=own.harness_late_beyond_p99_s,
    )  # fmt: skip


def judge(
    objectives: Objectives,
    calls: Sequence[Call],
    walks: Sequence[Walk],
    balance: Balance,
    *,
    beyond: Collection[str] = (),
    memory_growth: float | None = None,
    core_s_per_picture: float | None = None,
    spreads: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Every objective, met or not. An objective about something that never happened is not met. `beyond`: stages that
    are held to the ledger alone (`Profile.beyond`). `spreads`: of the last two, by their names."""
    told = spreads or {}
    held = [call for call in calls if call.stage not in beyond]
    promised = [walk for walk in walks if walk.stage not in beyond]
    return [
        _available(objectives, held),
        _done(objectives, promised),
        *_came(objectives, balance),
        *_routes(objectives, held),
        *_marks(objectives, promised),
        *_faults(objectives, balance),
        *_harness(objectives, promised, [walk for walk in walks if walk.stage in beyond]),
        *_least(objectives, balance, walks),
        *_used("growth of memory", objectives.memory_growth, memory_growth, told.get("memory_growth", "")),
        *_used(
            "core-s a picture, beyond rest", objectives.core_s_per_picture, core_s_per_picture,
            told.get("core_s_per_picture", ""),
        ),
    ]  # fmt: skip


def passed(findings: Sequence[Finding]) -> bool:
    """The verdict."""
    return bool(findings) and all(finding.met for finding in findings)


def _available(objectives: Objectives, calls: Sequence[Call]) -> Finding:
    value = measures.availability(calls) if calls else 0.0
    first = [call.ok for call in calls if call.attempt == 1]
    return Finding(
        "availability, first attempts", f">= {objectives.availability}", round(value, 5),
        value >= objectives.availability, len(calls), spread.of_share(sum(first), len(first)),
    )  # fmt: skip


def _done(objectives: Objectives, walks: Sequence[Walk]) -> Finding:
    done = sum(walk.outcome == "done" for walk in walks)
    value = done / len(walks) if walks else 0.0
    return Finding(
        "journeys that came to their end", f">= {objectives.journeys_done}", round(value, 5),
        value >= objectives.journeys_done, len(walks), spread.of_share(done, len(walks)),
    )  # fmt: skip


def _came(objectives: Objectives, balance: Balance) -> list[Finding]:
    """The filter's refusals and failed pictures are answers, so no journey says that nothing comes out any more."""
    least, due, came = objectives.pictures_published_share, balance.counts.get(TO_COME, 0), balance.counts.get(CAME, 0)
    if least is None:
        return []
    value = came / due if due else -1.0
    goal = "published of the pictures asked for by people who stayed"
    return [Finding(goal, f">= {least:g}", round(value, 5), value >= least, due, spread.of_share(came, due))]


def _routes(objectives: Objectives, calls: Sequence[Call]) -> list[Finding]:
    found = measures.waits(calls)
    return [
        _limit(f"{route}, {quantile}, s", found.get(route, []), quantile, limit_s)
        for route, limits in objectives.routes.items()
        for quantile, limit_s in limits.items()
    ]


def _marks(objectives: Objectives, walks: Sequence[Walk]) -> list[Finding]:
    found = measures.marks(walks)
    return [
        _limit(f"{mark}, {quantile}, s", found.get(mark, []), quantile, limit_s)
        for mark, limits in objectives.marks.items()
        for quantile, limit_s in limits.items()
    ]


def _limit(goal: str, waited: Sequence[float], quantile: str, limit_s: float) -> Finding:
    value = measures.shape(waited).get(quantile)
    around = spread.of_percentile(waited, float(quantile[1:]))
    met = value is not None and value <= limit_s
    return Finding(goal, f"<= {limit_s:g}", -1.0 if value is None else value, met, len(waited), around)


def _faults(objectives: Objectives, balance: Balance) -> list[Finding]:
    counted = balance.by_kind()
    return [
        Finding(kind.replace("-", " "), f"<= {borne}", counted[kind], counted[kind] <= borne)
        for kind, borne in objectives.faults.items()
    ]


def _harness(objectives: Objectives, promised: Sequence[Walk], beyond: Sequence[Walk]) -> list[Finding]:
    """Over all walks. Only that nobody was free `beyond` what is promised is the platform's: who was sent before had
    not come back."""
    unsent = sum(walk.outcome in {"refused", "starved"} for walk in promised)
    unsent += sum(walk.outcome == "refused" for walk in beyond)
    name, limit_s = "the harness's own lateness", objectives.harness_late_p99_s
    found = [_limit(f"{name}, p99, s", measures.lateness(promised), "p99", limit_s)]
    if beyond:
        further_s = objectives.harness_late_beyond_p99_s
        most_s, goal = limit_s if further_s is None else further_s, f"{name} beyond what is promised, p99, s"
        found.append(_limit(goal, measures.lateness(beyond), "p99", most_s))
    count = len(promised) + len(beyond)
    return [*found, Finding("arrivals that the harness could not send", "= 0", unsent, unsent == 0, count)]


def _least(objectives: Objectives, balance: Balance, walks: Sequence[Walk]) -> list[Finding]:
    looked_at = {**balance.counts, "journeys": len(walks)}
    return [
        Finding(f"{what}, at least", f">= {least}", looked_at.get(what, 0), looked_at.get(what, 0) >= least)
        for what, least in objectives.least.items()
    ]


def _used(goal: str, most: float | None, value: float | None, around: str) -> list[Finding]:
    if most is None:
        return []
    met = value is not None and value <= most
    return [Finding(goal, f"<= {most:g}", -1.0 if value is None else value, met, spread=around)]
