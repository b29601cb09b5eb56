"""The rules of the bench on numbers that are known."""

import numpy as np
import pytest

from semblance.training.bench_strength import (
    EACH,
    STRENGTHS,
    Row,
    by_choice,
    by_fixed,
    keep,
    known,
    page,
    summary,
    worth,
)

LIKES = {1.0: (0.9, 0.4), 0.5: (0.6, 0.6), 0.0: (0.5, 0.5)}  # of the photos learnt from, and of the others


def test_a_choice_sees_what_was_learnt_from_and_is_judged_by_the_rest() -> None:
    learnt = {strength: np.full((4, EACH), both[0]) for strength, both in LIKES.items()}
    seen = {strength: np.full((4, EACH), both[1]) for strength, both in LIKES.items()}
    assert worth(learnt, seen, by_choice, 2) == pytest.approx(0.4)
    assert worth(learnt, seen, by_fixed(0.5), 2) == pytest.approx(0.6)
    learnt[1.0][:, :2] = 0.0  # the first look sees another thing than the seven others
    assert worth(learnt, seen, by_choice, 2) == pytest.approx((0.6 + 7 * 0.4) / 8)


def test_the_report_goes_on_from_what_is_kept(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file, size = tmp_path / "rows.jsonl", 4 * EACH
    for seed in (1, 2, 3):
        keep(file, [Row(seed, s, [LIKES[s][0]] * size, [LIKES[s][1]] * size, 8.0) for s in STRENGTHS])
    with file.open("a") as out:
        out.write('{"seed": 4, "stren')
    report = summary(list(known(file)))
    assert report["people"] == [1, 2, 3]
    assert report["rules"]["chosen by 8 pictures"]["mean"] == 0.4
    assert report["goals"][0] | {"goal": ""} == {
        "goal": "", "target": ">= 0", "value": 0.2, "spread": "0.2000 to 0.2000", "met": True,
    }  # fmt: skip
    assert report["choosing_cpu_s"] == 3.0
    assert "| always 0.5 | 0.6 | +0.2000 (+0.2000 to +0.2000) |" in page(report)
