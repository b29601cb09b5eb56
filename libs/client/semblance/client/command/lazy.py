"""Commands that live in heavier parts of the tree: loaded when called, not to print a help text."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import typer

from semblance.kernel.errors import Unavailable

FORWARDED: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def forward(module: str, attribute: str, name: str, arguments: Sequence[str]) -> None:
    """Run the typer app `attribute` of `module` with the arguments. Raises Unavailable when it is not installed."""
    try:
        there = importlib.import_module(module)
    except ModuleNotFoundError as e:
        raise Unavailable(
            f"{name} needs {e.name}, which is not installed", remedy="Install the whole project.", code="not-installed"
        ) from e
    app: typer.Typer = getattr(there, attribute)
    app(args=list(arguments), prog_name=name, standalone_mode=True)
