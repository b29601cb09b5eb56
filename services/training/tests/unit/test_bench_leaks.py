"""The bench's arithmetic on rows made up here; the run itself takes minutes and is not for a test."""

from semblance.training.bench_leaks import HONEST, LEAKY, Row, summary
from semblance.training.domain.leak import Leak, LeakRules

RULES = LeakRules(0.06, 0.5, 0.1, 0.1, 0.1, 0.05, 0.25)


def row(kind: str, seed: int, excess: float) -> Row:
    leak = Leak(excess, 0.0, 0.0, 0.0, 16)
    return Row(kind, seed, 0.6, leak, RULES.passed(leak), gate_s=10.0, rest_s=60.0)


def test_the_summary_says_how_far_the_two_are_apart() -> None:
    rows = [row(HONEST, 1, -0.01), row(HONEST, 2, 0.01), *(row(kind, 1, 0.2) for kind in LEAKY), row("mild", 2, 0.05)]
    found = summary(rows, RULES)
    assert found["honest"] == {
        "adapters": 2,
        "refused": 0,
        "worst": {"excess": 0.01, "shown": 0.0, "swapped": 0.0, "others": 0.0},
    }
    assert (found["leaky"]["adapters"], found["leaky"]["refused"]) == (4, 3)
    assert found["leaky"]["mildest"]["excess"] == 0.05
    assert found["gate_share_of_training_0_1"] == 0.167
    assert len(found["rows"]) == 6
