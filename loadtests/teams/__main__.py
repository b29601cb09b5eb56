"""`python -m loadtests.teams --bootstrap HOST:PORT --teams 3 --for 60`: other teams at a broker, without a load.

Exit code 0: each had everything once and in order, 1: one did not, 2: the broker could not be read. LOADTEST_KAFKA_*
hold credentials, as for the load test. `--ledger` takes the ledgers of a load that runs meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

from loadtests import ledger, slo
from loadtests.arrivals import BadPlan
from loadtests.place import Place
from loadtests.profile import Teams
from loadtests.report import document
from loadtests.teams import judge, options
from loadtests.teams.crowd import Crowd
from loadtests.watcher import Watcher


def main() -> int:
    """Read for a while, then print a row a team."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.teams", description=__doc__)
    parser.add_argument("--bootstrap", required=True, help="of the platform's Kafka, host:port")
    parser.add_argument("--for", dest="for_s", type=float, default=60.0, help="seconds")
    parser.add_argument("--wait", dest="wait_s", type=float, default=60.0, help="for slow teams at the end, seconds")
    parser.add_argument("--ledger", type=Path, nargs="*", default=[], help="of a load, to hold the teams against too")
    options.add(parser, "one team of every public topic, without a pause")
    arguments = parser.parse_args()
    try:
        wanted = options.wanted(arguments, Teams(1))
    except BadPlan as error:
        parser.error(str(error))
    place = Place("", arguments.bootstrap, None)
    with Watcher(place.broker(), wanted.topics) as watcher, Crowd(wanted, place.team, str(int(time.time()))) as crowd:
        time.sleep(arguments.for_s)
        if not watcher.catch_up():
            print(f"{arguments.bootstrap}: the topics could not be read to their end", file=sys.stderr)
            return 2
        heard = dict(watcher.heard)
        crowd.catch_up(heard, arguments.wait_s)
        rows = crowd.reached(heard, ledger.read(arguments.ledger), {})
    for row in rows:
        cells = document.team(asdict(row))
        print("; ".join(f"{head} {cell}" for head, cell in zip(document.TEAM, cells, strict=True)))
        for fault in row.examples:
            print(f"  {fault.kind}: {fault.thing_id}: {fault.text}")
    return 0 if slo.passed(judge.findings(rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
