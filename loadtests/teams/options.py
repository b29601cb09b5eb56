"""Teams as the command line names them."""

from __future__ import annotations

import argparse

from loadtests.arrivals import BadPlan
from loadtests.profile import Teams


def add(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """--teams, --topics and --pause-ms; `otherwise`: what holds without them."""
    parser.add_argument("--teams", type=int, help=f"so many other teams read along; {otherwise}")
    parser.add_argument("--topics", help=f"what they read, with commas, or `all`; {otherwise}")
    parser.add_argument("--pause-ms", help=f"what a team takes over an event, with commas one a team; {otherwise}")


def wanted(arguments: argparse.Namespace, given: Teams) -> Teams:
    """`given`, with what was said instead; who names topics or pauses means one team at least. Raises BadPlan."""
    count = given.count if arguments.teams is None else arguments.teams
    if arguments.teams is None and (arguments.topics or arguments.pause_ms):
        count = count or 1
    try:
        pauses = tuple(map(float, arguments.pause_ms.split(","))) if arguments.pause_ms else given.pause_ms
    except ValueError as e:
        raise BadPlan(f"teams: {e}") from None
    return Teams(count, Teams.named(arguments.topics) if arguments.topics else given.topics, pauses)
