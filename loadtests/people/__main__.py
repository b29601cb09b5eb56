"""`python -m loadtests.people --erase PLACE`: who is left of runs that could not erase their people. PLACE: a run's
folder, a folder of runs, or a people.jsonl. Exit code 0: nobody is left, 1: somebody is, 2: no list can be read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtests.people import book
from loadtests.people.book import NoBook
from loadtests.people.forget import dismiss


def main(argv: Sequence[str] | None = None) -> int:
    """Erase and say who is left."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.people", description=__doc__)
    parser.add_argument("--erase", type=Path, nargs="+", required=True, metavar="PLACE")
    parser.add_argument("--url", help="where the gateway is now, if not where it was")
    arguments = parser.parse_args(argv)
    if missing := [place for place in arguments.erase if not place.exists()]:
        parser.error(f"there is no {missing[0]}")
    found = book.books(arguments.erase)
    print(f"{len(found)} runs have people left", file=sys.stderr)
    try:
        left = [path for path in found if not dismiss(path, arguments.url or book.read(path)[0], _say)]
    except NoBook as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if left else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
