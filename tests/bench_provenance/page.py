"""docs/benchmarks/provenance.md."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def page(row: Mapping[str, Any], sections: Sequence[str]) -> str:
    """Goals first, then every part."""
    goals = "\n".join(
        f"| {g['goal']} | {g['target']} | {g['value']} | {g['spread']} | {'yes' if g['met'] else '**no**'} |"
        for g in row["goals"]
    )
    return "\n".join(
        (
            "# Provenance",
            "",
            f"Written by `make bench-provenance` on {row['cores']} cores, load {row['load_1min']} at the end. Spread: 10th to 90th "
            "percentile. Times are of CPU, as the process's clock counts them; both sides of a ratio are of one run, turn "
            "about.",
            "",
            "| goal | target | value | spread | met |",
            "|---|---|---|---|---|",
            goals,
            "",
            *sections,
        )
    )
