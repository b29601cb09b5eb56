"""A cluster whose head is away: told soon, to everybody who waits."""

from pathlib import Path

import pytest

from semblance.service_kit.cluster.testing import said_in_time

pytestmark = pytest.mark.integration


def test_trainings_for_a_head_that_is_away_end_soon_and_make_the_process_unready() -> None:
    assert said_in_time(Path(__file__).with_name("asks_absent_trainers.py")) == ["bounded"]
