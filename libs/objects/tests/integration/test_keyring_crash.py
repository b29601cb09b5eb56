"""kill -9 while keys are made: afterwards every person has a valid key or none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semblance.objects import FileKeyRing

pytestmark = pytest.mark.integration

MAKER = """
import sys
from pathlib import Path
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing
ring = FileKeyRing(Path(sys.argv[1]) / "keys", Path(sys.argv[1]) / "kek")
while True:
    subject = new_id()
    ring.create(subject)
    print(subject, flush=True)
"""


def test_a_kill_leaves_whole_keys_or_none(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for round_ in range(6):
        maker = subprocess.Popen(
            [sys.executable, "-c", MAKER, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert maker.stdout is not None
        acknowledged.add(maker.stdout.readline().strip())
        time.sleep(random.Random(round_).uniform(0.005, 0.08))
        os.kill(maker.pid, signal.SIGKILL)
        acknowledged.update(line.strip() for line in maker.stdout.read().splitlines() if len(line) == 36)
        maker.stdout.close()
        maker.wait()
    ring = FileKeyRing(tmp_path / "keys", tmp_path / "kek")
    on_disk = {path.stem for path in (tmp_path / "keys").glob("*.key")}
    assert acknowledged <= on_disk
    assert len(acknowledged) >= 6
    assert all(len(ring.data_key(subject)) == 32 for subject in on_disk)
