"""The bench's arithmetic on rows made up here; the run itself takes half an hour and is not for a test."""

from semblance.training.bench_choice import KINDS, Row, interval, page, summary

END, CHOSEN = KINDS


def rows(*gains: float) -> list[Row]:
    made = []
    for seed, gain in enumerate(gains):
        made += [Row(END, seed, 0.5, 1.0, True, 20.0), Row(CHOSEN, seed, 0.5 + gain, 1.0, True, 50.0)]
    return made


def test_a_gain_counts_when_its_whole_interval_is_above_nothing() -> None:
    (sure,) = summary(rows(0.02, 0.03, 0.01, 0.02))["goals"]
    assert (sure["value"], sure["met"]) == (0.02, True)
    (unsure,) = summary(rows(0.05, -0.04, 0.01, -0.01))["goals"]
    assert not unsure["met"]


def test_the_interval_holds_the_mean_and_narrows_with_people() -> None:
    low, high = interval([0.0, 0.1] * 3)
    assert low < 0.05 < high
    narrow = interval([0.0, 0.1] * 50)
    assert narrow[1] - narrow[0] < high - low


def test_the_page_tells_the_cost_and_every_person() -> None:
    report = summary(rows(0.02, -0.01))
    told = page(report)
    assert report["cost"] == 2.5
    assert "2.5 times" in told
    assert "+0.0200" in told
    assert "-0.0100" in told
