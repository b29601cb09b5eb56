"""All teams of a run: begun together, waited for at the end, and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack

from loadtests.ledger import Entry
from loadtests.profile import Teams
from loadtests.teams.inlet import Door
from loadtests.teams.judge import Reached, judged
from loadtests.teams.team import Team
from loadtests.watcher import Heard


class Crowd:
    """`with Crowd(wanted, door, run) as crowd:`; `run` tells this run's groups from those of other runs, so that each
    begins at the beginning. Groups that nobody reads with any more are forgotten by the broker in its own time."""

    def __init__(self, wanted: Teams, door: Door, run: str) -> None:
        self.teams = [
            Team(f"team {n + 1}", f"loadtest.team-{n + 1}.{run}", wanted.topics, wanted.pause_s(n), door)
            for n in range(wanted.count)
        ]
        self._stack = ExitStack()

    def __enter__(self) -> Crowd:
        for team in self.teams:
            self._stack.enter_context(team)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def catch_up(
        self, heard: Mapping[str, Heard], within_s: float, sleep: Callable[[float], object] = time.sleep
    ) -> bool:
        """Wait until every team has all of `heard` on its topics; False when `within_s` seconds were not enough."""
        end_s = time.monotonic() + within_s
        wanted = [(team, {i for i, each in heard.items() if each.topic in team.topics}) for team in self.teams]
        while not all(ids <= team.first.keys() for team, ids in wanted):
            if time.monotonic() > end_s:
                return False
            sleep(0.2)
        return True

    def reached(
        self, heard: Mapping[str, Heard], entries: Iterable[Entry], slack_s: Mapping[str, float]
    ) -> list[Reached]:
        """A row a team."""
        listed = list(entries)
        return [judged(team, heard, listed, slack_s) for team in self.teams]
