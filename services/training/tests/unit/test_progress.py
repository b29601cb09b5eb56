from semblance.training.ml.progress import Progress


def test_drawings_of_several_lengths_are_one_count() -> None:
    told: list[tuple[int, int]] = []
    progress = Progress(lambda done, of: told.append((done, of)), prompts=3)
    first, second = progress.over(2), progress.over(1)
    for step in (1, 2, 3, 4):  # two prompts of two steps
        first(step, 4)
    for step in (1, 2):
        second(step, 2)
    assert told == [(k, 6) for k in range(1, 7)]
