"""Training processes end with the one that started them."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

_PROGRAM = """
import sys, time
from semblance.pocket import parallel
def work(rank, processes, folder):
    open(f"{folder}/{rank}", "w").write("here")
    time.sleep(600)
if __name__ == "__main__":
    parallel.launch(work, 2, sys.argv[1])
"""


def test_killing_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(_PROGRAM)
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all((tmp_path / str(rank)).exists() for rank in range(2)):
            time.sleep(0.1)
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
    finally:
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    for process in alive:
        process.kill()
    assert not alive
