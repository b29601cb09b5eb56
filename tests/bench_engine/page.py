"""docs/benchmarks/engine.md."""

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
            "# The engine",
            "",
            f"Written by `make bench-engine` on {row['cores']} cores; one thread, no GPU. Times are of the "
            "process's own clock (CPU), both sides of a ratio in one run, turn about in a random order; a ratio is taken round by "
            "round. Spread: 10th to 90th percentile of the rounds.",
            "",
            "Backbones: `pocket` is the embedded one (11.7M parameters in its UNet, 8 x 8 latents; its adapters as each part had them are said at the end); "
            "`16M` and `43M` are UNets of diffusers' own class with random weights (32 x 32 latents, "
            "adapters of rank 8 and 16 on attention), where only time and equality mean anything.",
            "",
            "| goal | target | value | spread | met |",
            "|---|---|---|---|---|",
            goals,
            "",
            *(f"{section.rstrip()}\n" for section in sections),
            "## When",
            "",
            "Each part by itself, with the machine's one-minute load when it ended: `make bench-engine PARTS=...` measures some anew and keeps the others.",
            "",
            "| part | day (UTC) | load | adapters on `pocket` |",
            "|---|---|---|---|",
            *(f"| {name} | {run['day']} | {run['load_1min']} | {run['pocket']} |" for name, run in row["runs"].items()),
            "",
        )
    )
