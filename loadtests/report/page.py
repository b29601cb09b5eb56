"""The report as one HTML file that needs nothing else."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loadtests.report import compare, document
from loadtests.running import Outcome

_STYLE = "body{font:14px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:left}.no{color:#c0392b;font-weight:600}.yes{color:#1e7d4f}img{max-width:100%}"


def write(row: dict[str, Any], found: Outcome, before: dict[str, Any] | None, folder: Path) -> None:
    """report.html and the plots beside it."""
    # Only here: tests of what the command does otherwise need no matplotlib, and there is none where they run.
    from loadtests.report import plots  # noqa: PLC0415

    pictures = plots.all_of(row, found)
    for name, png in pictures.items():
        (folder / f"{name}.png").write_bytes(png)
    (folder / "report.html").write_text(_html(row, before, pictures))


def _html(row: dict[str, Any], before: dict[str, Any] | None, pictures: dict[str, bytes]) -> str:
    word, kind = ("yes", "yes") if row["passed"] else ("no", "no")
    images = {
        name: f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for name, png in pictures.items()
    }
    parts = [
        f'<h1>Load: {html.escape(row["profile"])}: <span class="{kind}">{word}</span></h1>',
        f"<p>{row['arrivals']} arrivals in {row['seconds']} s on {row['cores']} cores; one-minute load {row['load_before']} before, {row['load_after']} after. Day (UTC): {html.escape(document.made(row)[0])}; commit: {html.escape(document.made(row)[1])}. Latency counts from the intended arrival.</p>",
        "<h2>Objectives</h2>",
        _table(("", "objective", "target", "value", "spread", "of"), ((_mark(g["met"]), g["goal"], g["target"], document.value(g), document.spread(g), g["count"] or "") for g in row["goals"])),
        "<h2>Faults</h2>" if row["faults"] else "",
        _table(("kind", "thing", "what"), ((f["kind"], f["thing_id"], f["text"]) for f in row["faults"])) if row["faults"] else "",
        "<h2>The ledger</h2>",
        _table(("looked at", ""), row["balance"].items()),
        "<h2>Journeys</h2>", images["latency"],
        _table(("journey", "done", "p50 s", "p95 s", "p99 s", "outcomes"), ((n, s["count"], s.get("p50", ""), s.get("p95", ""), s.get("p99", ""), document.words(s["outcomes"])) for n, s in row["journeys"].items())),
        _table(("why not", "times"), row["why_failed"].items()) if row["why_failed"] else "",
        _table(("waited for", "times", "p50 s", "p95 s", "p99 s"), ((n, *document.shape(s)) for n, s in row["marks"].items())),
        "<h2>Calls</h2>", images["offered"], images["routes"],
        _table(("route", "calls", "p50 s", "p95 s", "p99 s", "right"), ((n, *document.shape(s), s["availability"]) for n, s in row["routes"].items())),
        "<h2>Events</h2><p>From the producer's time to this consumer's.</p>",
        _table(("topic", "events", "p50 s", "p95 s", "p99 s"), ((n, *document.shape(s)) for n, s in row["events"].items())),
        "<h2>Other teams</h2>" + _table(document.TEAM, map(document.team, row["teams"])) if row["teams"] else "",
        _table(("team", "fault", "thing", "what"), ((t["team"], f["kind"], f["thing_id"], f["text"]) for t in row["teams"] for f in t["examples"])) if any(t["examples"] for t in row["teams"]) else "",
        "<h2>Capacity</h2>", images["capacity"], _table(("", ""), document.flat(row["capacity"])),
        _table(("stage", "offered/s", "answered/s", "right", "p95 s", "under way", "the law says", "core-s", "held"), ((s["stage"], s["offered_per_s"], s["answered_per_s"], s["ok"], s["p95_s"], s["open"], s.get("law_per_s", ""), s["core_s"], s.get("held", "")) for s in row["stages"])),
        images["memory"], _table(("memory", ""), row["memory_mb"].items()),
        _table(("part", "MiB at rest", "p95", "most", "cores at rest", "on average", "busiest 10 s"), ((n, *u.values()) for n, u in row["parts"].items())),
        "<h2>Rounds</h2>" + _table(("round", "finished", "s", "acts", "arrivals", "accepted", "published", "withdrawals", "faults", "back after s", "which was"), ((r["number"], "yes" if r["finished"] else "no", r["seconds"], r["acts"], r["arrivals"], r["accepted"], r["published"], r["withdrawals"], document.words(r["faults"]), r["back_after_s"], r["back_after"]) for r in row["rounds"])) if row["rounds"] else "",
        f"<h2>Chaos</h2><p>{document.acts_done(row)}</p>" + _table(("s", "what", "to", "whole again after s", ""), map(document.act, row["chaos"])) if row["chaos"] or row["chaos_planned"] else "",
        "<h2>Against the run before</h2>",
        _changes(compare.changes(row, before)) if before else "<p>There is none at the same place with the same arrivals.</p>",
    ]  # fmt: skip
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Load: {word}</title><style>{_STYLE}</style>{"".join(parts)}</html>\n'


def _changes(found: Sequence[compare.Change]) -> str:
    rows = ((c.word, c.what, "" if c.before is None else f"{c.before:g}", f"{c.now:g}") for c in found)
    return _table(("", "what", "before", "now"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _mark(met: bool) -> str:
    return "met" if met else "UNMET"
