"""`semblance takedown` and the SDK's calls: from a file or a link to a reference, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from semblance.client.command import main
from semblance.gateway.testing.provenance import PNG

pytestmark = pytest.mark.integration


@pytest.fixture
def run(served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("SEMBLANCE_URL", served.url)

    def run_command(*words: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["semblance", "takedown", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
        return capsys.readouterr().out

    return run_command


def test_a_file_is_asked_for_and_asked_after(run, served, tmp_path: Path) -> None:
    picture = tmp_path / "seen.png"
    picture.write_bytes(PNG)
    assert "(version 1)" in run("statement")
    signed = ("--statement", "1", "--name", "Ada Example", "--contact", "ada@example.org")
    told = json.loads(run("ask", str(picture), *signed, "--relation", "guardian", "--reason", "It is me.", "--json"))

    notice = served.world.platform.takedowns.notices[told["reference"]]
    assert (notice.picture, notice.relation, notice.reason) == (PNG, "guardian", "It is me.")
    assert "It is about one published picture" in run("status", told["reference"])
    served.world.platform.takedowns.become(told["reference"], "accepted")
    assert run("status", told["reference"]).startswith("Accepted")


def test_a_link_is_asked_for_and_the_reference_told(run, served) -> None:
    link = "https://example.org/a.jpg"
    said = run("ask", link, "--statement", "1", "--name", "Ada Example", "--contact", "ada@example.org")
    reference = said.rsplit(" ", 1)[1].strip()
    assert served.world.platform.takedowns.notices[reference].image == link


def test_another_statement_than_the_one_in_force_is_refused(run) -> None:
    run("ask", "https://example.org/a.jpg", "--statement", "0", "--name", "Ada", "--contact", "ada@x.org", code=6)
