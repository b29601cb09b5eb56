"""A cluster whose head is away: told soon and to everybody who waits. Ray is imported in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semblance.service_kit.cluster.testing import ENVIRONMENT

pytestmark = pytest.mark.integration


def test_drawings_for_a_head_that_is_away_end_soon_and_make_the_process_unready() -> None:
    asked = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("asks_absent_engines.py"))],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert asked.stdout.split() == ["bounded"], asked.stderr[-3000:]
