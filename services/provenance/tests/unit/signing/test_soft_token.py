"""Where the software token of other tests comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from semblance.provenance.testing import soft_token


class Apt:
    """Gives the packages once it has failed `failures` times."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.asked = failures, error, 0

    def __call__(self, command: list[str], folder: Path) -> None:
        if "update" in command:
            self.asked += 1
        elif "download" in command:
            if self.asked <= self.failures:
                raise self.error
            (folder / "softhsm2.deb").touch()
        else:
            for name in ("usr/lib/softhsm/libsofthsm2.so", "usr/bin/softhsm2-util"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).touch()


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soft_token, "_installed", lambda: None)
    monkeypatch.setattr(soft_token, "_PAUSE_S", 0)


BUSY = subprocess.CalledProcessError(100, ["apt-get"])


def test_a_mirror_that_is_busy_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soft_token, "_call", apt := Apt(2, BUSY))
    assert soft_token.softhsm(tmp_path).module.exists()
    assert soft_token.softhsm(tmp_path).util.exists()
    assert apt.asked == 3, "what was unpacked is not fetched again"


@pytest.mark.parametrize(("error", "asked"), [(BUSY, 3), (FileNotFoundError("apt-get"), 1)])
def test_what_apt_does_not_give_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, asked: int
) -> None:
    monkeypatch.setattr(soft_token, "_call", apt := Apt(9, error))
    with pytest.raises(soft_token.NoSoftToken, match="apt does not give it"):
        soft_token.softhsm(tmp_path)
    assert apt.asked == asked
