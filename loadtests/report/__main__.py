"""`python -m loadtests.report --publish DOCS [FOLDER...]`: a run's folder onto the pages, as the run itself would.

A run from before spreads were kept gets them from its own rows. Without a folder, requests.* are written anew from the
profiles that they keep, against the chart as it is now.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtests.report import again, document, requests


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 2 for a folder that holds no run, or one that cannot be shown as runs are now."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.report", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--publish", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if not arguments.folders:
        requests.rewrite(arguments.publish)
    for folder in arguments.folders:
        if not (folder / "summary.json").exists():
            print(f"{folder} holds no run that came to a summary", file=sys.stderr)
            return 2
        try:
            _published(folder, arguments.publish)
        except (LookupError, ValueError, TypeError, AttributeError) as e:
            print(
                f"{folder} is not published: its summary or its rows are of a format unknown here: {e!r}",
                file=sys.stderr,
            )
            return 2
    return 0


def _published(folder: Path, docs: Path) -> None:
    row = again.completed(json.loads((folder / "summary.json").read_text()), folder)
    document.publish(row, docs)
    if not row["chaos"]:
        requests.publish(row, docs)


if __name__ == "__main__":
    sys.exit(main())
