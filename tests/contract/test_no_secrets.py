"""No credential is in the tree. Known examples and digests are listed, by hash, in .secrets.baseline.

To accept a finding that is no secret: `detect-secrets scan --baseline .secrets.baseline`, then look at the difference.
The scanner's own hook is not used because it fails whenever a line moves.
"""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = pathlib.Path(__file__).parents[2]
BASELINE = json.loads((ROOT / ".secrets.baseline").read_text())
BINARY = {".safetensors", ".onnx", ".npz", ".jpg", ".png", ".binpb", ".sqlite", ".pt"}
PLANTED = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n"


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


def findings(names: list[str]) -> set[tuple[str, str, str]]:
    """(file, kind, hash) of everything that looks like a secret, with the baseline's detectors."""
    found = SecretsCollection(root=str(ROOT))
    with transient_settings({"plugins_used": BASELINE["plugins_used"], "filters_used": BASELINE["filters_used"]}):
        found.scan_files(*names, num_processors=1)
    return {(name, hit.type, hit.secret_hash) for name, hit in found}


@pytest.mark.timeout(600)  # half a minute of CPU, and others may come first
def test_nothing_that_looks_like_a_secret_is_committed() -> None:
    known = {(name, row["type"], row["hashed_secret"]) for name, rows in BASELINE["results"].items() for row in rows}
    assert sorted(findings(committed()) - known) == []


def test_a_planted_key_is_found(tmp_path: pathlib.Path) -> None:
    planted = tmp_path / "key.py"
    planted.write_text(PLANTED)
    assert {kind for _, kind, _ in findings([str(planted)])} == {"Private Key"}
