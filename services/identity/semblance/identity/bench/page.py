"""The measured numbers as a page for people."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

from collections.abc import Mapping
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
    return f"""# Opting in: liveness and matching

Written by `make bench-identity`. {row["people"]} synthetic people of the seeds {row["seeds"][0]} to {row["seeds"][1]}; every
threshold was chosen on other seeds (services/identity/README.md). Captures of 28 frames, 320 x 240, JPEG quality 86; OpenCV's
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

Genuine sessions: {real["refused"]} of {real["sessions"]} refused ({_words(real["advice"]) or "none"}); by the screen's brightness
{", ".join(f"{k}: {v:.1%}" for k, v in real["by_screen"].items())} (1.0 is a white screen that adds half of what the room's key light gives at most).

Light: the agreement needed is {light["agreement_needed"]}. With the right colours the lowest was
{light["lowest_with_the_right_colours"]} (screen 0.4); of {light["wrong_colours_tried"]} wrong sequences against the same films
{light["wrong_colours_passed"]} passed, the highest at {light["highest_with_wrong_colours"]} (95 % upper bound {light["wrong_colours_upper_95"]:.2%}).

| matching photos with templates | |
|---|---|
| mated and non-mated comparisons | {matching["mated"]}, {matching["non_mated"]} of {matching["people"]} enrolled people |
| photos in which no face was found | {matching["photos_without_a_face"]} of {matching["photos"]} |
| FMR at the shipped threshold {matching["shipped_threshold"]} | {matching["fmr_at_shipped"]:.3%}, upper bound {matching["fmr_upper_95"]:.3%} |
| FNMR at it | {matching["fnmr_at_shipped"]:.2%}, upper bound {matching["fnmr_upper_95"]:.2%} |
| siblings taken for the person at it | {matching["siblings_taken_for_the_person"]:.1%} |
| threshold at FMR 0.1 % | {matching["threshold_at_fmr_goal"]} |

![DET curve](identity-det.png)

Not drawn, and passing by construction: an injected video in which the face alone follows the colours to the second, and a
mask in the round worn by a live person. Slices by pose, skin tone and glasses are not reported yet, nor other engines.
"""


def _words(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{word.replace('_', ' ')} {count}" for word, count in counted.items())
