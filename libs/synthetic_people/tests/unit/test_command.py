from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from semblance.synthetic_people.command import app

RUN = CliRunner()


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["portraits", "--count", "2", "--size", "64"], 2),
        (["library", "--count", "2", "--size", "64"], 2),
        (["group", "--count", "1", "--people", "2", "--size", "128"], 1),
        (["capture", "--challenge", "blink"], 8),
    ],
)
def test_pictures_and_truth_are_written(words: list[str], files: int, tmp_path: Path) -> None:
    done = RUN.invoke(app, ["render", *words, "--seed", "1000000", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    truths = json.loads((tmp_path / "new" / "truth.json").read_text())
    assert len(truths) == files
    assert all(cv2.imread(str(tmp_path / "new" / row["file"])) is not None for row in truths)


def test_a_used_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.png").touch()
    done = RUN.invoke(app, ["render", "portraits", "--out", str(tmp_path)])
    assert done.exit_code == 2
    # Lines are broken, and framed, by the folder's length.
    assert "is not empty; name a new folder" in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    "words", [["portraits", "--style", "fresco"], ["attack", "--kind", "hologram"], ["capture", "--challenge", "wink"]]
)
def test_unknown_words_are_explained(words: list[str], tmp_path: Path) -> None:
    done = RUN.invoke(app, ["render", *words, "--out", str(tmp_path / "new")])
    assert done.exit_code == 2
    assert words[2] in done.output
