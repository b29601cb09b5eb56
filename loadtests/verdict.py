"""Everything that a run is held to: its profile's objectives, and its rounds where it has some."""

from __future__ import annotations

from loadtests import rounds, running, slo
from loadtests.report import summary


def judged(objectives: slo.Objectives, found: running.Outcome) -> list[slo.Finding]:
    """What the profile's objectives say, and its rounds where it has some."""
    findings = slo.judge(
        objectives, found.calls, found.walks, found.balance, beyond=found.profile.beyond(),
        memory_growth=summary.memory(found).get("growth"), core_s_per_picture=summary.beyond_rest(found),
    )  # fmt: skip
    if found.profile.rounds:
        findings = [*rounds.findings(found.rounds, found.profile.rounds, found.balance), *findings]
    return findings
