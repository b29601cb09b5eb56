"""No credential is in the tree. Known examples and digests are listed, by hash, in .secrets.baseline.

To accept a finding that is no secret: `detect-secrets scan --baseline .secrets.baseline`, then look at the difference.
The scanner's own hook is not used because it fails whenever a line moves.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
from detect_secrets.core import scan
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.plugins import keyword
from detect_secrets.settings import get_plugins, transient_settings
from detect_secrets.transformers import get_transformed_file

ROOT = pathlib.Path(__file__).parents[2]
BASELINE = json.loads((ROOT / ".secrets.baseline").read_text())
BINARY = {".safetensors", ".onnx", ".npz", ".jpg", ".png", ".binpb", ".sqlite", ".pt"}
PLANTED = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n"
WORDS = re.compile("|".join(keyword.DENYLIST), re.IGNORECASE)


def committed() -> list[str]:
    """Text files that git tracks or would track; the lock holds only names and versions."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return [
        name
        for name in listed
        if pathlib.Path(name).suffix not in BINARY
        and name != ".secrets.baseline"
        and not name.startswith("requirements/")
        and "_pb2" not in name
        and (ROOT / name).is_file()
    ]


@cache
def suspicious(line: str, suffix: str) -> bool:
    """Whether any detector finds something in this line of a file whose name ends so."""
    return any(
        detector.analyze_line(filename=f"a{suffix}", line=line)
        for detector in get_plugins()
        if not isinstance(detector, keyword.KeywordDetector) or WORDS.search(line)
    )


def readings(path: pathlib.Path) -> Iterator[list[str]]:
    """The lines that the scanner would show its detectors: as they are or as YAML and INI files mean them."""
    with path.open() as file:
        try:
            yield get_transformed_file(file) or file.readlines()
            file.seek(0)
            yield get_transformed_file(file, use_eager_transformers=True) or []
        except UnicodeDecodeError:  # the scanner leaves such files out as well
            return


def findings(names: list[str]) -> set[tuple[str, str, str]]:
    """(file, kind, hash) of everything that looks like a secret, with the baseline's detectors.

    To show every line to every detector and filter takes the scanner a minute. Half of all lines are there more than
    once and nearly none is of interest, so it gets those that are, each after the line before, which may except it.
    """
    with transient_settings({"plugins_used": BASELINE["plugins_used"], "filters_used": BASELINE["filters_used"]}):
        return {(name, hit.type, hit.secret_hash) for name in names for hit in found_in(name)}


def found_in(name: str) -> list[PotentialSecret]:
    """Of the first reading in which there is something, as the scanner does it."""
    for lines in readings(ROOT / name):
        pairs = zip(["", *lines], lines, strict=False)
        interesting = [pair for pair in pairs if suspicious(pair[1].rstrip(), pathlib.Path(name).suffix)]
        hits = [hit for pair in interesting for hit in scan._process_line_based_plugins([*enumerate(pair, 1)], name)]
        if hits:
            return hits
    return []


@pytest.mark.timeout(600)  # a quarter of a minute of CPU, and others may come first
def test_nothing_that_looks_like_a_secret_is_committed() -> None:
    known = {(name, row["type"], row["hashed_secret"]) for name, rows in BASELINE["results"].items() for row in rows}
    assert sorted(findings(committed()) - known) == []


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("key.py", PLANTED, "Private Key"),
        ("values.yaml", "store:\n  pass" + "word: correct-horse-battery\n", "Secret Keyword"),
        ("values.ini", "[store]\ndigest = 0a1b2c3d4e5f60718293a4b5c6d7e8f9\n", "Hex High Entropy String"),
        ("settings", "digest=0a1b2c3d4e5f60718293a4b5c6d7e8f9\n", "Hex High Entropy String"),
    ],
)
def test_what_is_planted_is_found(tmp_path: pathlib.Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)
    assert {found for _, found, _ in findings([str(tmp_path / name)])} == {kind}
