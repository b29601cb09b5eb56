"""A profile: who comes when and wants what, on which platform, judged by which objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from loadtests import arrivals
from loadtests.arrivals import Arrival, BadPlan, Segment
from loadtests.measures import Window
from semblance.contracts import registry

HERE = Path(__file__).parent
# Whom a journey borrows: somebody of `ready` (or their picture), or a face of `faces`.
WITH_ADAPTER, WITH_FACE = {"upload", "train", "generate", "verify"}, {"opt_in", "take_back"}
# A file in a run's folder: nobody more is sent off.
ENOUGH = "enough"
# Another: who comes when.
PLAN = "plan.jsonl"
BESIDE = "beside"  # the stage of arrivals that come beside the drawn ones
EVERYTHING, LEDGER, IN_PART = "to everything", "to the ledger", "in part to everything"
JOURNEYS = ("browse", "upload", "train", "generate", "verify", "opt_in", "take_back")


@dataclass(frozen=True)
class People:
    """accounts: signed in, without a consent. ready: with consent, photos and an adapter, made before the run.
    faces: faces that are free at the start, for journeys that enrol one; each goes with a worker of its own."""

    accounts: int
    ready: int
    faces: int


@dataclass(frozen=True)
class Rounds:
    """The load `count` times on one platform, each time until a chaos of its own draw is over and all that was asked
    for has ended. `limit_s`: seconds from the start of the run; a round that would not end before is not begun."""

    count: int
    limit_s: float

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 < self.limit_s < math.inf:
            raise BadPlan("rounds: count is 1 or more, limit_s above 0")

    def fits(self, spent_s: float, took_s: Sequence[float]) -> bool:
        """Whether another round is begun after `spent_s`, if it takes as long as those before on average."""
        return spent_s + (sum(took_s) / len(took_s) if took_s else 0.0) <= self.limit_s


@dataclass(frozen=True)
class Teams:
    """Other teams that read along: `count` groups, each of all `topics` (none named: every public topic). `pause_ms`:
    how long a team takes over an event; a list is one a team, from its beginning again when there are more teams."""

    count: int
    topics: tuple[str, ...] = tuple(sorted(registry.TOPICS))
    pause_ms: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        if unknown := set(self.topics) - set(registry.TOPICS):
            raise BadPlan(
                f"teams: no topic {', '.join(sorted(unknown))}; there are {', '.join(sorted(registry.TOPICS))}"
            )
        if self.count < 0 or not self.topics or not self.pause_ms or not all(0 <= p < math.inf for p in self.pause_ms):
            raise BadPlan("teams: count and pause_ms are 0 or more")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Teams:
        """A profile's row: `topics` is a list or `all`, `pause_ms` a number or a list. Raises BadPlan, TypeError."""
        if unknown := set(row) - {"count", "topics", "pause_ms"}:
            raise BadPlan(f"teams have no {', '.join(sorted(unknown))}")
        pauses, topics = row.get("pause_ms", 0.0), row.get("topics", "all")
        listed = pauses if isinstance(pauses, list) else [pauses]
        named = cls.named(topics) if isinstance(topics, str) else tuple(topics)
        return cls(int(row["count"]), named, tuple(map(float, listed)))

    @staticmethod
    def named(text: str) -> tuple[str, ...]:
        """`all`, or names with commas between them."""
        return tuple(sorted(registry.TOPICS)) if text == "all" else tuple(part.strip() for part in text.split(","))

    def pause_s(self, number: int) -> float:
        """How long team `number`, from 0, takes over an event."""
        return self.pause_ms[number % len(self.pause_ms)] / 1000


@dataclass(frozen=True)
class Profile:
    """One YAML file. A row of `arrivals` with `beyond: true` offers more than is promised, to see where the platform
    saturates and how it degrades: its stages are not held to times and answers, but the ledger must balance through
    them too. `settings` are environment variables for `semblance up`; `settle_s`: how long the last journeys
    may take after the last arrival; `rest_s`: quiet before the first one; `also`: arrivals that come beside the drawn
    ones, so that a short run has seen the rare journeys; `price`: of an hour of a core and of a GPU. `chaos`: what is
    broken; with `rounds` it is drawn, and the arrivals are more than a round can need. `teams`: who reads the
    topics beside. `home`: the folder that a trace's `file` is looked for in, the profile's own."""

    name: str
    seed: int
    arrivals: list[dict[str, Any]]
    mix: dict[str, float]
    people: People
    slo: Path
    settle_s: float
    workers: int = 1
    poisson: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    price: dict[str, float] = field(default_factory=lambda: {"core_hour": 0.0, "gpu_hour": 0.0})
    chaos: list[dict[str, Any]] = field(default_factory=list)
    rounds: Rounds | None = None
    rest_s: float = 5.0
    also: list[dict[str, Any]] = field(default_factory=list)
    teams: Teams = Teams(0)
    home: Path = HERE / "profiles"

    def broken(self) -> bool:
        """Whether there is chaos in it without being asked for."""
        return bool(self.chaos) or self.rounds is not None

    def of_round(self, number: int) -> Profile:
        """The same with other arrivals."""
        return replace(self, seed=1000 * self.seed + number)

    def replaying(self, trace: Path, speed: float, windows: int) -> Profile:
        """The same people, platform and objectives; who comes when, and what of it is beyond what is promised, is a
        trace's. Compared with replays only."""
        row = {"shape": "trace", "file": str(trace.resolve()), "speed": speed, "windows": windows}
        return replace(self, name=f"{self.name}-replay", arrivals=[row], also=[], rounds=None)

    def kept_in(self, folder: Path) -> Profile:
        """The same, from the folder's own copy where it is a trace, whatever becomes of its file meanwhile. What nobody
        can mean, or be sent, is found here, before anything is begun. Raises BadPlan."""
        plan, windows = self.plan(), self.windows()
        if not plan or not windows:
            raise BadPlan(f"{self.name}: nobody comes")
        if self.rounds and self.beyond():
            raise BadPlan(f"{self.name}: a round is one stage, so nothing in it is beyond what is promised")
        wanted = {each.journey for each in plan}
        if not self.people.ready and (idle := wanted & WITH_ADAPTER):
            raise BadPlan(f"{self.name}: nobody is ready for {', '.join(sorted(idle))}")
        if self.people.faces < self.workers and (idle := wanted & WITH_FACE):
            raise BadPlan(f"{self.name}: {', '.join(sorted(idle))} wants a face for each of {self.workers} workers")
        if not self._trace():
            return self
        arrivals.write(plan, folder / PLAN)
        row = {**self.arrivals[0], "file": str((folder / PLAN).resolve()), "speed": 1.0}
        return replace(self, arrivals=[row])

    def plan(self) -> list[Arrival]:
        """Every arrival of the run. Raises BadPlan."""
        if unknown := ({*self.mix} | {row.get("journey") for row in self.also}) - set(JOURNEYS):
            raise BadPlan(f"{self.name}: unknown journeys {', '.join(sorted(map(str, unknown)))}")
        traces = [row for row in self.arrivals if row.get("shape") == "trace"]
        if traces and len(self.arrivals) > 1:
            raise BadPlan(f"{self.name}: a trace is a whole run and stands alone")
        if traces:
            return self._replayed(traces[0])
        drawn = arrivals.planned(self._segments(), self.mix, self.seed, poisson=self.poisson)
        try:
            beside = [
                Arrival(0, float(row["at_s"]), str(row.get("stage", BESIDE)), str(row["journey"])) for row in self.also
            ]
        except (KeyError, TypeError, ValueError) as e:
            raise BadPlan(f"{self.name}: also: {e!r}") from None
        beyond = self.beyond()
        return arrivals.numbered(replace(each, beyond=each.stage in beyond) for each in (*drawn, *beside))

    def windows(self) -> list[Window]:
        """The stages by their times. A trace is cut into `windows` of one length; from four on the law is fitted."""
        if self._trace():
            parts = int(self.arrivals[0].get("windows", 1))
            each_s = (self.plan()[-1].at_s + 0.001) / parts  # the last arrival is in it
            return [
                Window(f"trace {k + 1} of {parts}" if parts > 1 else "trace", k * each_s, each_s) for k in range(parts)
            ]
        found, began = [], 0.0
        for segment in self._segments():
            found.append(Window(segment.stage, began, segment.for_s))
            began += segment.for_s
        return found

    def beyond(self) -> frozenset[str]:
        """Stages that are not held to times and answers: the profile's own that it marks, or a trace's."""
        if self._trace():
            return frozenset(each.stage for each in self.plan() if each.beyond)
        rows = [row for row in self.arrivals if row.get("beyond")]
        if nameless := [row for row in rows if "name" not in row]:
            raise BadPlan(f"{self.name}: {len(nameless)} stages are beyond what is promised and have no name")
        found = frozenset(segment.stage for segment in arrivals.segments_of(_without_mark(rows)))
        others = _without_mark([row for row in self.arrivals if not row.get("beyond")])
        promised = {segment.stage for segment in arrivals.segments_of(others)}
        promised |= {str(row.get("stage", BESIDE)) for row in self.also}
        if both := found & promised:
            raise BadPlan(f"{self.name}: {', '.join(sorted(both))}: beyond what is promised and not; give them names")
        return found

    def held(self, window: Window) -> str:
        """What is asked of those who come in a stage. A trace's windows need not be its stages."""
        if not self._trace():
            return LEDGER if window.stage in self.beyond() else EVERYTHING
        marks = {a.beyond for a in self.plan() if window.began <= a.at_s < window.began + window.seconds}
        return IN_PART if len(marks) > 1 else LEDGER if True in marks else EVERYTHING

    def promised_s(self) -> float | None:
        """When what is promised ends and more is offered; None if all is promised. Of a trace: with its last arrival
        that is."""
        beyond = self.beyond()
        if not beyond:
            return None
        if self._trace():
            return max((each.at_s for each in self.plan() if not each.beyond), default=0.0)
        return max((each.began + each.seconds for each in self.windows() if each.stage not in beyond), default=0.0)

    def _trace(self) -> bool:
        return any(row.get("shape") == "trace" for row in self.arrivals)

    def _replayed(self, row: dict[str, Any]) -> list[Arrival]:
        if unknown := set(row) - {"shape", "file", "speed", "windows"}:
            raise BadPlan(f"{self.name}: a trace has no {', '.join(sorted(unknown))}")
        try:
            speed, parts = float(row.get("speed", 1.0)), int(row.get("windows", 1))
        except (TypeError, ValueError) as e:
            raise BadPlan(f"{self.name}: {e}") from None
        if not 0 < speed < math.inf or parts < 1:
            raise BadPlan(f"{self.name}: a trace's speed is above 0, its windows are 1 or more")
        plan = arrivals.replayed(self.home / str(row.get("file")), speed=speed)
        if unknown := {each.journey for each in plan} - set(JOURNEYS):
            raise BadPlan(f"{self.name}: unknown journeys {', '.join(sorted(unknown))} in {row['file']}")
        return plan

    def _segments(self) -> list[Segment]:
        return arrivals.segments_of(_without_mark(self.arrivals))


def _without_mark(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "beyond"} for row in rows]


def read(name: str | Path) -> Profile:
    """A file, or one of those in profiles/ by its name; its objectives lie beside it or here. Raises BadPlan for an
    unknown or missing word."""
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else HERE / "profiles" / f"{name}.yaml"
    if not path.exists():
        raise BadPlan(f"no profile {name}; there are {', '.join(sorted(p.stem for p in path.parent.glob('*.yaml')))}")
    try:
        given = yaml.safe_load(path.read_text())
        given["people"] = People(**given["people"])
        beside = path.parent / given["slo"]
        given["slo"] = beside if beside.exists() else HERE / given["slo"]
        if "rounds" in given:
            given["rounds"] = Rounds(**given["rounds"])
        if "teams" in given:
            given["teams"] = Teams.of(given["teams"])
        given["settings"] = {key: str(value) for key, value in given.get("settings", {}).items()}
        return Profile(name=path.stem, home=path.parent, **given)
    except (TypeError, KeyError, ValueError, AttributeError, yaml.YAMLError) as e:
        raise BadPlan(f"{path.name}: {e}") from None
