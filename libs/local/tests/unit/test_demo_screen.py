"""The terminal as a coloured screen."""

from __future__ import annotations

import sys

import pytest

from semblance.client.models import ScreenColour
from semblance.kernel.errors import Unavailable
from semblance.local.demo.screen import TerminalScreen, colour_at

COLOURS = [ScreenColour(colour="#ff0000", for_ms=400), ScreenColour(colour="#00ff00", for_ms=350)]


def test_each_colour_has_its_time_and_the_first_comes_again() -> None:
    assert [colour_at(COLOURS, t) for t in (0, 399, 400, 749, 750)] == [
        *("#ff0000", "#ff0000", "#00ff00", "#00ff00", "#ff0000")
    ]


def test_a_pipe_shows_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    with pytest.raises(Unavailable, match="colours"):
        TerminalScreen(COLOURS)


def test_a_window_is_filled_once_a_colour_and_whole_again_after(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with TerminalScreen(COLOURS) as shown:
        for at_ms in (0, 100, 399, 400, 700):
            shown.show(at_ms)
        assert shown.now_ms() >= 0
    said = capsys.readouterr().out
    assert said.count("\x1b[48;2;255;0;0m") == 1
    assert said.count("\x1b[48;2;0;255;0m") == 1
    assert said.endswith("\x1b[0m\x1b[2J\x1b[H")


def test_nothing_is_shown_where_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalScreen([]) as shown:
        shown.show(5)
    assert capsys.readouterr().out == ""
