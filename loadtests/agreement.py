"""Whether the harness and the platform agree what time it is. *unsafe* holds a publication's time, by the platform's
clock, against a withdrawal's answer, by a worker's: on other machines one that goes ahead hides what it is to find.

No clock is asked. What was asked for begins after it was asked for, and was published before it was seen: a cause that
bears a later time than its effect proves by how much, at least, the clocks are apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loadtests import ledger
from loadtests.ledger import Entry
from loadtests.reconcile import BEGINS, Told
from loadtests.slo import Finding


def apart_s(entries: Iterable[Entry], told: Iterable[Told], slack_s: Mapping[str, float]) -> float:
    """0 if nothing proves it. `slack_s`: by how much a service's clock was set wrong on purpose."""
    listed = list(entries)
    asked = {e.key: e.at for e in listed if e.what == ledger.ASKED}
    since = {e.job_id: asked[e.key] for e in listed if e.what == ledger.ACCEPTED and e.key in asked}
    seen = {e.job_id: e.at for e in listed if e.what == ledger.SAW and e.state == "published"}
    proven, published = [0.0], set[str]()
    for each in sorted(told, key=lambda t: t.at):
        slack = slack_s.get(each.source, 0.0)
        if each.name in BEGINS.values() and each.thing_id in since:
            proven.append(since[each.thing_id] - each.at - slack)
        if each.name == "ImagePublished" and each.thing_id in seen and each.thing_id not in published:
            published.add(each.thing_id)
            proven.append(each.at - seen[each.thing_id] - slack)
    return max(proven)


def findings(apart: float | None, grace_s: float) -> list[Finding]:
    """None on one machine. `grace_s`: how much *unsafe* bears."""
    if apart is None:
        return []
    goal = "s that the workers' clocks and the platform's are proven to be apart"
    return [Finding(goal, f"<= {grace_s:g}", round(apart, 3), apart <= grace_s)]
