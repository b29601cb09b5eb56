"""Takes a pod's Ray node out of its cluster before the pod ends: `python -m ...cluster.drain SECONDS`.

Nothing new is placed on it, Serve starts replicas elsewhere, and what runs may finish within the seconds. A pod's
`preStop` runs it, beside `ray start`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LOOK_S: Final = 1.0
# How Ray calls the processes of ours that a node waits for; its own agents run as long as the node does.
_OURS: Final = (b"ray::ServeReplica:semblance:Engine", b"ray::Seat")


def at_work(proc: Path = _PROC) -> list[str]:
    """Names of the engines and trainers that run on this host."""
    found = []
    for command in proc.glob("[0-9]*/cmdline"):
        try:
            title = command.read_bytes().split(b"\0")[0]
        except OSError:  # it has just ended
            continue
        if title.startswith(_OURS):
            found.append(title.decode(errors="replace"))
    return sorted(found)


def leave(seconds: int) -> bool:
    """Tell the cluster; whether it was told."""
    ray = shutil.which("ray", path=str(Path(sys.executable).parent)) or "ray"
    told = subprocess.run(  # noqa: S603 - Ray's own command
        [
            *(ray, "drain-node", "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "its pod ends"),
            *("--deadline-remaining-seconds", str(seconds)),
        ],
        check=False,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )
    return told.returncode == 0


def main() -> int:
    """Return when nothing runs any more, or when the time is up."""
    seconds = int(sys.argv[1])
    until_s = time.monotonic() + seconds
    if not leave(seconds):
        sys.stderr.write("the cluster was not told: what runs here ends with the pod and is done again elsewhere\n")
        return 1
    while at_work() and time.monotonic() < until_s:
        time.sleep(_LOOK_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
