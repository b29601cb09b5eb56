"""A head that is not there: found out soon, said, and asked again. Ray is imported in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from semblance.service_kit.cluster.testing import ENVIRONMENT

ASKED = Path(__file__).with_name("asks_an_absent_head.py")


def test_a_head_that_is_not_there_holds_nobody_up() -> None:
    asked = subprocess.run(
        [sys.executable, str(ASKED)],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-3000:]
    assert asked.stdout.split() == ["refused", "unready", "refused", "reachable", "malformed", "left"]
