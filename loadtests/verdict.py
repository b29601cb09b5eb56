"""Everything that a run is held to: its profile's objectives, and its rounds where it has some."""

from __future__ import annotations

from loadtests import agreement, kept, rounds, running, slo, spread
from loadtests.chaos import record
from loadtests.report import summary
from loadtests.teams import judge


def judged(objectives: slo.Objectives, found: running.Outcome) -> list[slo.Finding]:
    """What the profile's objectives say, what the topics bear, what was published and must still be there, what was to
    be broken, what other teams got, whether clocks agree, and its rounds where it has some."""
    findings = slo.judge(
        objectives, found.calls, found.walks, found.balance, beyond=found.profile.beyond(),
        memory_growth=summary.memory(found).get("growth"), core_s_per_picture=found.pictures.beyond_rest,
        spreads={
            "memory_growth": summary.growth_spread(found),
            "core_s_per_picture": spread.over(found.pictures.parts, "parts of the run with as many pictures each"),
        },
    )  # fmt: skip
    said = len(found.told)
    findings.append(
        slo.Finding("records on the topics that are no events", "= 0", found.malformed, not found.malformed, said)
    )
    findings += [*kept.findings(found.balance), *record.findings(found.planned, found.chaos)]
    findings += [*judge.findings(found.teams), *agreement.findings(found.clocks_apart_s, objectives.grace_s)]
    if found.profile.rounds:
        findings = [*rounds.findings(found.rounds, found.profile.rounds, found.balance), *findings]
    return findings
