"""Goals and the page."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

GOAL = 8
_SIDES = {
    "gateway": "the gateway",
    "default": "the same app under uvicorn's defaults (h11, asyncio, access log)",
    "unchecked": "a FastAPI route with models, token and consent only, uvicorn's defaults",
}


def goals(cpu_us: dict[str, list[float]]) -> list[dict[str, Any]]:
    """What the run is judged by: ratios within a round."""
    ratios = [b / a for a, b in zip(cpu_us["gateway"], cpu_us["default"], strict=True)]
    value = statistics.median(ratios)
    return [
        {
            "goal": "processor time of a default uvicorn and FastAPI of the same contract over the gateway's",
            "target": f">= {GOAL}",
            "value": round(value, 2),
            "spread": round(max(ratios) - min(ratios), 2),
            "met": value >= GOAL,
        }
    ]


def write(row: dict[str, Any], folder: Path) -> None:
    """gateway.json and gateway.md."""
    (folder / "gateway.json").write_text(json.dumps(row, indent=1) + "\n")
    lines = [
        "# Accepting a picture",
        "",
        "Written by `make bench-gateway`: `POST /v1/images` to its 202, an Idempotency-Key each, one connection, one",
        "request at a time, the services behind in memory. Processor time of the server's process.",
        "",
        f"{row['rounds']} rounds of {row['requests']} requests a side, in random order; {row['cores']} cores, "
        f"load {row['load_1min']} at the end.",
        "",
        "| | us a request, median (least to most) | p50, ms | p95, ms |",
        "|---|---|---|---|",
    ]
    for side, found in row["sides"].items():
        cost = f"{found['cpu_us']} ({found['least_us']} to {found['most_us']})"
        lines.append(f"| {_SIDES[side]} | {cost} | {found['p50_ms']} | {found['p95_ms']} |")
    lines += [
        "",
        "| goal | target | found | met |",
        "|---|---|---|---|",
        *(f"| {g['goal']} | {g['target']} | {g['value']} | {'yes' if g['met'] else '**no**'} |" for g in row["goals"]),
        "",
        "Each accept is four transactions: the caller admitted and counted, the key begun, the job written, the",
        "answer kept. They are the contract, and they are most of the cost; docs/decisions/0038 says what was refused.",
        "",
    ]
    (folder / "gateway.md").write_text("\n".join(lines))
