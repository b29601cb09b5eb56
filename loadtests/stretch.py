"""One load, from its first arrival to the end of all that was asked for, and its balance."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loadtests import arrivals, ledger, lookup, measures, reconcile
from loadtests.chaos.record import Broken, under_load
from loadtests.ledger import Entry
from loadtests.load import LoadFailed, expected
from loadtests.measures import Call, Walk, Window
from loadtests.profile import ENOUGH, PLAN, Profile
from loadtests.reconcile import Balance, Told
from loadtests.watcher import Watcher
from loadtests.world import Roster, Somebody

Disturb = Callable[[Path, int], contextlib.AbstractContextManager[Broken]]
"""(the run's or round's folder, the round from 1) to what is broken during the load."""

_HISTORY_S = 120.0


@dataclass(frozen=True)
class Stretch:
    """Times of calls, walks, windows and chaos are seconds after `began_at`, a Unix time. `whole`: it was not ended
    before all was broken that was to be; `planned`: how many acts of chaos were to be."""

    began_at: float
    windows: list[Window]
    calls: list[Call]
    walks: list[Walk]
    entries: list[Entry]
    balance: Balance
    chaos: list[dict[str, Any]]
    whole: bool = True
    planned: int = 0

    def of_round(self, number: int, run_began_at: float) -> Stretch:
        """The same as a stage of a run that began earlier."""
        late_s, name = self.began_at - run_began_at, f"round {number}"
        calls = [
            replace(c, stage=name, due=c.due + late_s, started=c.started + late_s, ended=c.ended + late_s)
            for c in self.calls
        ]
        walks = [
            replace(w, stage=name, due=w.due + late_s, started=w.started + late_s, ended=w.ended + late_s)
            for w in self.walks
        ]
        chaos = [{**act, "at_s": round(act["at_s"] + late_s, 1), "round": number} for act in self.chaos]
        seconds = sum(window.seconds for window in self.windows)
        return replace(self, windows=[Window(name, late_s, seconds)], calls=calls, walks=walks, chaos=chaos)


@dataclass
class Scene:
    """What all stretches of a run share. `send`: the load, told profile, folder and seconds to the last arrival.
    `first`: what the platform told or listed before the run, by id; `before`: before the stretch."""

    send: Callable[[Profile, Path, float], None]
    look: lookup.Look
    roster: Roster
    watcher: Watcher
    say: Callable[[str], None]
    disturb: Disturb | None = None
    slack_s: Mapping[str, float] = field(default_factory=dict)
    grace_s: float = 1.0
    first: frozenset[str] = frozenset()
    before: set[str] = field(default_factory=set)
    _spoilt: frozenset[tuple[str, int, int]] = frozenset()

    def begin(self) -> None:
        """What there is now was there before, also what only the topics remember of a platform that was not started for
        this run. Raises LoadFailed."""
        if not self.watcher.catch_up(_HISTORY_S):
            raise LoadFailed("the topics cannot be read: may the broker's user read them all?")
        self.first = frozenset(self._jobs() | {each.thing_id for each in self.told(frozenset())})
        self.before = set(self.first)
        self._spoilt = frozenset(self.watcher.malformed)

    def malformed(self) -> int:
        """How many records since then were none that the topics' documents know."""
        return len(set(self.watcher.malformed) - self._spoilt)

    def told(self, but: frozenset[str] | set[str]) -> list[Told]:
        """What was said of things that are not among `but`."""
        return [each for each in list(self.watcher.told.values()) if each.thing_id not in but]

    def stretch(self, profile: Profile, folder: Path, number: int = 1) -> Stretch:
        """Raises LoadFailed, SemblanceError."""
        folder.mkdir(exist_ok=True)
        plan = profile.plan()
        self.roster.write(folder / "roster.json")
        arrivals.write(plan, folder / PLAN)
        (folder / "told.json").write_text(json.dumps({"settle_s": profile.settle_s}))
        last_s = plan[-1].at_s if plan else 0.0
        self.say(f"{len(plan)} arrivals in {last_s:.0f} s" if plan else "nobody comes")
        with self.disturb(folder, number) if self.disturb else contextlib.nullcontext(Broken()) as broken:
            self.send(profile, folder, last_s)
        if broken.failure:
            raise LoadFailed(f"the chaos did not come off: {broken.failure}")
        self.say("the load is over; waiting for what is still under way")
        entries = ledger.read(folder.glob("ledger-*.jsonl"))
        shown = lookup.settled_jobs(self.look, self._asked(entries), self.before, within_s=profile.settle_s)
        if not self.watcher.catch_up():
            raise LoadFailed("the topics could not be read to their end")
        calls, walks = measures.read(folder.glob("rows-*.jsonl"))
        if missing := expected(folder, len(plan)) - len(walks):
            raise LoadFailed(f"{missing} of {len(plan)} arrivals left no row: a journey was cut off, or a worker died")
        if ours := [walk.why for walk in walks if walk.outcome == measures.BROKEN]:
            raise LoadFailed(f"{len(ours)} journeys were ended by {ours[0]}")
        began_at, enough = float(json.loads((folder / "began.json").read_text())["began_at"]), folder / ENOUGH
        windows = profile.windows()
        if enough.exists():
            windows = [Window("until it was enough", 0.0, enough.stat().st_mtime - began_at)]
        return Stretch(
            began_at, windows, calls, walks, entries, self._balance(entries, shown, self.told(self.before)),
            under_load(broken.acts, last_s), profile.rounds is None or enough.exists(), broken.planned,
        )  # fmt: skip

    def next(self, done: Stretch) -> None:
        """What there is after a stretch was there before the next one; photos that were sent are not sent again, and
        another face comes first: one whose person could not be erased would be refused each time."""
        self.before |= {each.thing_id for each in self.told(self.before)} | self._jobs()
        sent = [e.subject_id for e in done.entries if e.what == ledger.ACCEPTED and e.kind == "photo"]
        for who in self.roster.ready:
            who.sent += sent.count(who.subject_id)
        self.roster.faces = [*self.roster.faces[1:], *self.roster.faces[:1]]

    def together(self, entries: list[Entry], only: set[str] | None = None) -> Balance:
        """All stretches once more, with what came to light after each one's end. `only`: these things alone."""
        jobs = self.look(self._asked(entries), self.first)
        told = self.told(self.first)
        if only is not None:
            jobs = {who: {i: job for i, job in each.items() if i in only} for who, each in jobs.items()}
            told = [each for each in told if each.thing_id in only]
        return self._balance(entries, jobs, told)

    def _balance(self, entries: list[Entry], shown: lookup.Jobs, told: list[Told]) -> Balance:
        return reconcile.balance(entries, shown, told, grace_s=self.grace_s, slack_s=self.slack_s)

    def _asked(self, entries: list[Entry]) -> dict[str, Somebody]:
        asked, known = lookup.subjects(entries), (*self.roster.accounts, *self.roster.ready)
        return {who.subject_id: who for who in known if who.subject_id in asked}

    def _jobs(self) -> set[str]:
        ready = {who.subject_id: who for who in self.roster.ready}
        return {job for jobs in self.look(ready, ()).values() for job in jobs}
