"""`index.html`: the run, to look at. No script, no outside reference."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#28282e;
background:#faf9f6}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}img{max-width:100%;border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{border-bottom:1px solid #ddd;padding:.35rem .5rem;
text-align:left;vertical-align:top}
.ok{color:#2e7d32}.no{color:#b03a2e}.row{display:flex;gap:1rem;flex-wrap:wrap}.row figure{margin:0;width:15rem}
figcaption{font-size:.85rem;color:#555}pre{background:#f0efea;padding:1rem;overflow:auto;font-size:.8rem;border-radius:6px}
"""


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _pictures(pictures: Sequence[Mapping[str, Any]]) -> str:
    figures = "".join(
        f'<figure><img src="{html.escape(str(p["file"]))}" alt=""><figcaption>{html.escape(str(p["prompt"]))}<br>'
        f'C2PA: <b class="ok">{html.escape(str(p["manifest_state"]))}</b></figcaption></figure>'
        for p in pictures
    )
    return f'<div class="row">{figures}</div>'


def page(report: Mapping[str, Any]) -> str:
    """The whole document for a finished report."""
    steps = [
        (s["step"], "done" if s["ok"] else "FAILED", f"{s['seconds']:.1f} s", s["detail"]) for s in report["steps"]
    ]
    photos = [(p["file"], p["state"], p["verdict"]) for p in report["photos"]]
    stores = [(s["service"], s["store"], str(s["count"])) for s in report["erasure"]["stores"]]
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Semblance demo</title><style>{STYLE}</style>
<h1>Semblance: one walk from say-so to erasure</h1>
<p>The bundled person does not exist; the picture model is small and made for demonstration.
Every other part is the real one.</p>
<h2>What was done</h2>{_table(("step", "result", "took", "what happened"), steps)}
<h2>In and out</h2><img src="contact-sheet.jpg" alt="photos above, results below">
<h2>Pictures</h2>{_pictures(report["pictures"])}
<h2>Photos and verdicts</h2>{_table(("photo", "state", "verdict"), photos)}
<h2>Erased</h2>{_table(("service", "store", "count"), stores)}
<h2>Report</h2><pre>{html.escape(json.dumps(report, indent=2, ensure_ascii=False))}</pre>
</html>"""
