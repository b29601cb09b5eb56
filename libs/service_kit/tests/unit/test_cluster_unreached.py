"""A head that is not there: found out soon, said, and asked again."""

from pathlib import Path

from semblance.service_kit.cluster.testing import said_in_time


def test_a_head_that_is_not_there_holds_nobody_up() -> None:
    said = said_in_time(Path(__file__).with_name("asks_an_absent_head.py"))
    assert said == ["refused", "unready", "refused", "reachable", "malformed", "left"]
