"""The plots, as PNG bytes: matplotlib's file renderer, nothing fetched."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from loadtests.capacity import Usl
from loadtests.running import Outcome

_COLOURS = {"done": "#2f6f9f", "failed": "#c0392b", "starved": "#8e44ad", "refused": "#000000"}


def all_of(row: dict[str, Any], found: Outcome) -> dict[str, bytes]:
    """Name to PNG."""
    return {
        "latency": _drawn(lambda axes: _latency(axes, found)),
        "offered": _drawn(lambda axes: _offered(axes, found, row)),
        "routes": _drawn(lambda axes: _routes(axes, found)),
        "capacity": _drawn(lambda axes: _capacity(axes, row)),
        "memory": _drawn(lambda axes: _memory(axes, found)),
    }


def _drawn(draw: Callable[[Any], None]) -> bytes:
    figure, axes = plt.subplots(figsize=(9, 3.2), dpi=110, layout="constrained")
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    plt.close(figure)
    return out.getvalue()


def _latency(axes: Any, found: Outcome) -> None:
    for outcome, colour in _COLOURS.items():
        these = [w for w in found.walks if w.outcome == outcome]
        if these:
            axes.scatter(
                [w.due for w in these], [max(w.ended - w.due, 1e-3) for w in these], s=9, c=colour, label=outcome
            )
    for event in found.chaos:
        axes.axvline(event["at_s"], color="#e67e22", linewidth=0.8)
    axes.set(yscale="log", xlabel="intended arrival, s", ylabel="whole journey, s")
    axes.legend(frameon=False, loc="upper left", ncols=4)


def _offered(axes: Any, found: Outcome, row: dict[str, Any]) -> None:
    end = max([c.ended for c in found.calls], default=1.0)
    edges = np.arange(0, end + 2, 1.0)
    for times, label, colour in (
        ([c.due for c in found.calls if c.attempt == 1], "asked", "#bbbbbb"),
        ([c.ended for c in found.calls if c.ok], "answered", "#2f6f9f"),
    ):
        axes.step(edges[:-1], np.histogram(times, edges)[0], where="post", color=colour, label=label)
    for stage in row["stages"]:
        axes.axvline(stage["began"], color="#dddddd", linewidth=0.8)
        axes.text(stage["began"], axes.get_ylim()[1], stage["stage"], rotation=90, fontsize=6, va="top")
    axes.set(xlabel="s", ylabel="calls a second")
    axes.legend(frameon=False)


def _routes(axes: Any, found: Outcome) -> None:
    routes = sorted({c.route for c in found.calls})
    for route in routes:
        took = np.sort([c.ended - c.due for c in found.calls if c.route == route and c.attempt == 1])
        if len(took) > 1:
            axes.plot(np.maximum(took, 1e-4), np.arange(1, len(took) + 1) / len(took), linewidth=1, label=route)
    axes.set(xscale="log", xlabel="s from the due time to the whole answer", ylabel="share of calls")
    axes.legend(frameon=False, fontsize=5, ncols=2, loc="lower right")


def _capacity(axes: Any, row: dict[str, Any]) -> None:
    stages, usl = row["stages"], row["capacity"]["usl"]
    n = [s["open"] for s in stages]
    axes.scatter(n, [s["answered_per_s"] for s in stages], c="#2f6f9f", s=18, label="a stage")
    if "alone_per_s" in usl:
        law = Usl(usl["alone_per_s"], usl["contention"], usl["coherency"], 0.0)
        along = np.linspace(max(min(n), 1e-3), max(n) * 1.5, 200)
        axes.plot(along, [law.throughput(each) for each in along], c="#c0392b", linewidth=1, label="fitted")
    axes.set(xlabel="calls under way", ylabel="answered a second")
    axes.legend(frameon=False)


def _memory(axes: Any, found: Outcome) -> None:
    axes.plot([at for at, _ in found.memory], [resident / 2**20 for _, resident in found.memory], c="#2f6f9f")
    axes.set(xlabel="s", ylabel="resident, MB, whole platform", ylim=(0, None))
