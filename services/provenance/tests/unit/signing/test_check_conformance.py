"""The command that tells an operator what a picture keeps and breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from semblance.provenance.check_conformance import main
from semblance.provenance.settings import ProvenanceSettings


@pytest.fixture
def settings(bench) -> ProvenanceSettings:
    return ProvenanceSettings(signing_dir=bench.authority._directory)


def test_ours_keeps_every_requirement(bench, settings: ProvenanceSettings, tmp_path: Path, capsys) -> None:
    files = []
    for kind in ("png", "jpeg", "webp"):
        file = tmp_path / f"picture.{kind}"
        file.write_bytes(bench.signed(f"image/{kind}"))
        files.append(str(file))
    assert main(files, settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 200
    assert all(" kept " in line for line in lines)


def test_what_is_broken_is_named(bench, settings: ProvenanceSettings, tmp_path: Path, capsys) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(bench.signed("image/png", adapter=None))
    assert main([str(file)], settings) == 1
    (first, second) = [line for line in capsys.readouterr().out.splitlines() if "BROKEN" in line]
    assert "2.2 BROKEN ours_adapter: no ingredient is the adapter" in first
    assert "2.4 BROKEN ours_adapter" in second


def test_no_manifest_and_no_picture_are_said(bench, settings: ProvenanceSettings, tmp_path: Path, capsys) -> None:
    bare, wrong = tmp_path / "bare.png", tmp_path / "wrong.png"
    bare.write_bytes(bench.files["image/png"])
    wrong.write_bytes(b"no picture")
    assert main([str(bare), str(wrong), str(tmp_path / "nowhere.png")], settings) == 1
    told = capsys.readouterr().out
    assert "there is no manifest to read" in told
    assert "no PNG, JPEG or WebP" in told
    assert "nowhere.png" in told
    assert main([], settings) == 2


def test_a_tampered_picture_breaks_validity(bench, settings: ProvenanceSettings, tmp_path: Path, capsys) -> None:
    data = bytearray(bench.signed("image/png"))
    data[-20] ^= 1
    file = tmp_path / "picture.png"
    file.write_bytes(data)
    assert main([str(file)], settings) == 1
    assert "BROKEN valid_success: assertion.dataHash.mismatch" in capsys.readouterr().out


def test_a_question_makes_no_keys(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "signing"
    assert main(["picture.png"], ProvenanceSettings(signing_dir=folder)) == 2
    assert "no root.pem" in capsys.readouterr().out
    assert not folder.exists()
