"""The measured numbers as a page for people."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def page(row: dict[str, Any]) -> str:
    """Markdown."""
    goals = [
        f"| {g['goal']} | {g['target']} | {g['value']} | ±{g['spread']} | {'yes' if g['met'] else '**no**'} |"
        for g in row["goals"]
    ]
    species = [
        f"| {kind} | {a['passed']} of {a['tries']} | {a['apcer']:.1%} | {a['upper_95']:.1%} | {_words(a['stopped_by'])} |"
        for kind, a in row["apcer"].items()
    ]
    light, matching, real = row["light"], row["matching"], row["genuine"]
    sessions_each = real["sessions"] // max(1, row["people"])
    kinds = list(matching["by_threshold"][0]["fnmr"])
    return f"""# Opting in: liveness and matching

Written by `make bench-identity`. {row["people"]} synthetic people of the seeds {row["seeds"][0]} to {row["seeds"][1]}; every
threshold was chosen on other seeds (services/identity/README.md). Captures of 38 frames, 320 x 240, JPEG quality 86; OpenCV's
SFace. Nobody here is real, the attacks are drawn, and nothing is certified: a test with real people, screens and attack
instruments (ISO/IEC 30107-3) is missing. Spread: half a 95 % interval by bootstrap over people; for APCER the distance of
the bound from the rate; for seconds half the range.

| goal | target | value | spread | met |
|---|---|---|---|---|
{chr(10).join(goals)}

An attack counts as passed when the session would have passed, whoever it shows. The bound is one-sided, 95 %, exact; with no
attack passed it is the rule of three: {row["people"]} tries cannot show 2 %, `--people 150` can. Stopped by: the first advice.

| species | passed | APCER | upper bound | stopped by |
|---|---|---|---|---|
{chr(10).join(species)}

Genuine sessions: {real["refused"]} of {real["sessions"]} refused ({_words(real["advice"]) or "none"}); people whom none of
{sessions_each} sessions enrolled: {_errors(real["people_never_enrolled"])}. By the screen's brightness
{", ".join(f"{k}: {v:.1%}" for k, v in real["by_screen"].items())} (1.0 is a white screen that adds half of what the room's key light gives at most).

| genuine sessions, sorted by | | refused | upper bound |
|---|---|---|---|
{_rows({**real["by_trait"], "place (white screen, not counted above)": real["by_place"]})}

Skin is sorted by the texture's individual typology angle (lighter from 19 degrees, darker below -30). Hair over an eye hides
landmarks, and a turned head is then not known again: people are asked to put hair behind their ears, these were not.

Light: the agreement needed is {light["agreement_needed"]}. With the right colours the lowest was
{light["lowest_with_the_right_colours"]} (screen 0.4); of {light["wrong_colours_tried"]} wrong sequences against the same films
{light["wrong_colours_passed"]} passed, the highest at {light["highest_with_wrong_colours"]} (95 % upper bound {light["wrong_colours_upper_95"]:.2%}).

| matching photos with templates | |
|---|---|
| mated and non-mated comparisons | {matching["mated"]}, {matching["non_mated"]} of {matching["people"]} enrolled people |
| photos in which no face was found | {", ".join(f"{k}: {matching['photos_without_a_face'].get(k, 0)} of {n}" for k, n in matching["photos"].items())} |
| FMR at the shipped threshold {matching["shipped_threshold"]} | {matching["fmr_at_shipped"]:.3%}, upper bound {matching["fmr_upper_95"]:.3%} |
| FNMR at it | {matching["fnmr_at_shipped"]:.2%}, upper bound {matching["fnmr_upper_95"]:.2%} |
| siblings taken for the person at it | {matching["siblings_taken_for_the_person"]:.1%} |
| threshold at FMR 0.1 % | {matching["threshold_at_fmr_goal"]} |

![DET curve](identity-det.png)

Upright bars: 95 % intervals by bootstrap over enrolled people, each draw with a threshold of its own:
{", ".join(f"FNMR {r['fnmr']:.1%} ({r['low']:.1%} to {r['high']:.1%}) at FMR {r['fmr']:.1%}" for r in matching["det"])}.

| threshold | others' photos taken for the person | siblings' | {" | ".join(f"own refused, {k}" for k in kinds)} |
|---|---|---|{"---|" * len(kinds)}
{_thresholds(matching["by_threshold"], kinds)}

Grey: without colour. Far: the photo at 72 px, a face some 35 px wide. Old print: soft, faded, brownish, JPEG quality 40.

| own photos at {matching["shipped_threshold"]}, sorted by | | refused | upper bound |
|---|---|---|---|
{_rows(matching["by_slice"])}

| engine | its threshold at FMR 0.1 % | mated, non-mated | FNMR there | upper bound |
|---|---|---|---|---|
{_engines(matching["engines"])}

The engines after the first compare the first enrolled people (at most 40) among themselves. Not run: {_not_run(matching["engines_not_run"])}.

Not drawn, and passing by construction: an injected video whose face is lit to the second by a model of it, and a mask in
the round worn by a live person.
"""


def _words(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{word.replace('_', ' ')} {count}" for word, count in counted.items())


def _errors(found: Mapping[str, Any]) -> str:
    return f"{found['errors']} of {found['of']}"


def _rows(slices: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(
        f"| {name} | {value} | {_errors(found)} | {found['upper_95']:.1%} |"
        for name, values in slices.items()
        for value, found in values.items()
        if found["of"]
    )


def _thresholds(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> str:
    return "\n".join(
        f"| {r['threshold']} | {_percent(r['fmr'], 2)} | {_percent(r['siblings'])} | "
        + " | ".join(_percent(r["fnmr"][k]) for k in kinds)
        + " |"
        for r in rows
    )


def _percent(share: float | None, digits: int = 1) -> str:
    return "none" if share is None else f"{share:.{digits}%}"


def _engines(rows: Mapping[str, Any]) -> str:
    return "\n".join(
        f"| {name} | {e['threshold']} | {e['mated']}, {e['non_mated']} | {e['fnmr']['share']:.1%} | {e['fnmr']['upper_95']:.1%} |"
        for name, e in rows.items()
    )


def _not_run(why: Mapping[str, str]) -> str:
    return "; ".join(f"{name} ({reason})" for name, reason in why.items()) or "none"
