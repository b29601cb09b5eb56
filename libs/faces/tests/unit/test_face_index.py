"""The index against brute force: the same rows, whatever was added, replaced, removed and coded before."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semblance.faces.face_index import FaceIndex

SIZE = 32
Vectors = npt.NDArray[np.float32]


def unit_vectors(count: int, seed: int = 0) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def filled(vectors: Vectors, *, plain_below: int) -> FaceIndex:
    index = FaceIndex(SIZE, plain_below=plain_below)
    index.add((f"row-{i}", f"person-{i // 4}", vector) for i, vector in enumerate(vectors))
    return index


@pytest.fixture(scope="module")
def rows() -> Vectors:
    return unit_vectors(6000)


@pytest.fixture(scope="module")
def coded(rows: Vectors) -> FaceIndex:
    index = filled(rows, plain_below=2000)
    assert index.tidy(), "so many rows are coded"
    return index


def test_codes_put_first_what_brute_force_puts_first(coded: FaceIndex, rows: Vectors) -> None:
    for probe in unit_vectors(200, seed=1):
        cosines = rows @ probe
        assert [hit.name for hit in coded.top(probe, 3)] == [f"row-{i}" for i in np.argsort(-cosines)[:3]]


def test_the_score_is_the_cosine_of_the_row_itself_not_of_its_code(coded: FaceIndex, rows: Vectors) -> None:
    probe = unit_vectors(1, seed=2)[0]
    assert coded.top(probe)[0].score == pytest.approx(float((rows @ probe).max()), abs=1e-6)


def test_who_is_left_out_is_not_found_however_alike(coded: FaceIndex, rows: Vectors) -> None:
    found = coded.top(rows[40], 5, without=["person-10"])
    assert "person-10" not in {hit.owner for hit in found}
    assert coded.top(rows[40])[0].owner == "person-10"


def test_an_owner_of_most_rows_left_out_still_leaves_the_best_other() -> None:
    vectors = unit_vectors(4000)
    index = FaceIndex(SIZE, plain_below=1000)
    index.add((str(i), "crowd" if i else "other", vector) for i, vector in enumerate(vectors))
    assert index.tidy()
    assert index.top(vectors[1], without=["crowd"])[0].name == "0"
    assert index.top(vectors[1], without=["crowd", "other"]) == []


def test_of_owner_is_the_best_of_their_rows(coded: FaceIndex, rows: Vectors) -> None:
    probe = unit_vectors(1, seed=3)[0]
    assert coded.of_owner(probe, "person-7") == pytest.approx(float((rows[28:32] @ probe).max()), abs=1e-6)
    assert coded.of_owner(probe, "nobody") is None


def test_at_least_finds_every_row_that_reaches_the_score(coded: FaceIndex, rows: Vectors) -> None:
    probe = unit_vectors(1, seed=4)[0]
    expected = {f"row-{i}" for i in np.flatnonzero(rows @ probe >= 0.3)}
    assert {hit.name for hit in coded.at_least(probe, 0.3)} == expected


def test_a_removed_row_is_gone_from_the_next_search_on_and_its_numbers_are_overwritten() -> None:
    vectors = unit_vectors(3000)
    index = filled(vectors, plain_below=1000)
    assert index.tidy()
    index.remove(["row-17", "row-never"])
    assert index.top(vectors[17])[0].name != "row-17"
    assert not (index._rows.vectors[:3000] == vectors[17]).all(axis=1).any()
    assert index.tidy(), "a code of a removed row is made away with"
    assert len(index) == 2999
    assert not index.tidy(), "nothing is left to tidy"


def test_a_row_put_again_replaces_the_old_one() -> None:
    vectors = unit_vectors(2)
    index = FaceIndex(SIZE)
    index.add([("a", "anna", vectors[0])])
    index.add([("a", "anna", vectors[1])])
    assert len(index) == 1
    assert index.of_owner(vectors[0], "anna") == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-6)


@pytest.mark.parametrize("bad", [np.zeros(SIZE + 1, np.float32), np.full(SIZE, np.nan, np.float32)])
def test_rows_of_another_shape_or_not_finite_add_nothing(bad: Vectors) -> None:
    index = FaceIndex(SIZE)
    with pytest.raises(ValueError, match="32 finite numbers"):
        index.add([("good", "anna", unit_vectors(1)[0]), ("bad", "anna", bad)])
    assert len(index) == 0


def test_an_empty_index_finds_nobody() -> None:
    assert FaceIndex(SIZE).top(unit_vectors(1)[0]) == []


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "tidy"]), st.integers(0, 1999), st.integers(0, 9)), max_size=25
    )
)
def test_any_history_equals_brute_force(history: list[tuple[str, int, int]]) -> None:
    pool = unit_vectors(2600, seed=5)
    index = filled(pool[:1500], plain_below=1000)
    kept = {f"row-{i}": (f"person-{i // 4}", pool[i]) for i in range(1500)}
    for what, number, shift in history:
        name = f"row-{number}"
        if what == "add":
            kept[name] = (f"person-{number // 4}", pool[1500 + number // 2 + shift])
            index.add([(name, *kept[name])])
        elif what == "remove":
            kept.pop(name, None)
            index.remove([name])
        else:
            index.tidy()
    names, stacked = list(kept), np.stack([vector for _, vector in kept.values()])
    for probe in unit_vectors(5, seed=6):
        best = index.top(probe)[0]
        assert best.score == pytest.approx(float((stacked @ probe).max()), abs=1e-5)
        assert best.name in names
    assert index.names() == set(names)


def test_changes_while_codes_are_made_are_not_lost() -> None:
    vectors = unit_vectors(9000, seed=7)
    index = filled(vectors[:8000], plain_below=1000)
    stop = threading.Event()

    def tidy_often() -> None:
        while not stop.is_set():
            index.tidy()
            index.remove([f"row-{len(index) - 1}"])  # so that there is something to tidy again

    worker = threading.Thread(target=tidy_often)
    worker.start()
    try:
        for i in range(8000, 8600):
            index.add([(f"late-{i}", "late", vectors[i])])
            index.remove([f"row-{i - 8000}"])
            assert index.top(vectors[i])[0].name == f"late-{i}"
            assert index.top(vectors[i - 8000])[0].name != f"row-{i - 8000}"
    finally:
        stop.set()
        worker.join(timeout=60)
    assert not worker.is_alive()
    index.tidy()
    assert {f"late-{i}" for i in range(8000, 8600)} <= index.names()
    assert not {f"row-{i}" for i in range(600)} & index.names()
