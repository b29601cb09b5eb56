"""The benchmark's two files: pocket.json for machines, pocket.md for people."""

import json
from pathlib import Path
from typing import Any

import numpy as np

DOMAIN_LOSS, COPIED_AT_MOST = 0.15, 0.02


def goal(name: str, target: float, value: float, spread: float, at_most: bool = False) -> dict[str, Any]:
    """One row of `goals`."""
    met = value <= target if at_most else value >= target
    return {
        "goal": name,
        "target": ("<= " if at_most else ">= ") + f"{target:g}",
        "value": round(value, 4),
        "spread": round(spread, 4),
        "met": bool(met),
    }


def binomial_spread(share: float, count: int) -> float:
    """Half a 95 % Wilson interval. Source: Wilson 1927."""
    z2 = 1.96**2
    return float(1.96 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2)))


def mean_spread(values: list[float]) -> float:
    """Half a 95 % interval of the mean."""
    return float(1.96 * np.std(values) / np.sqrt(max(len(values), 1)))


def goals(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The goals of the embedded backbone, on pictures as the generation service delivers them: best of 4 by SFace."""
    best, painted = found["adapter"]["best"], found["painted"]
    sface, dlib = best["sface"], best["dlib"]
    obeys = [np.mean(v) for v in found["obedience"].values()]
    seconds, drawn = found["training_cpu_s"], found["picture_cpu_s"]
    seen, copied = sface["found"], found["copies"]["copied"]
    rows = [
        goal("face found, plain photo prompts", 0.98, seen, binomial_spread(seen, found["pictures"])),
        goal("face found, painted", 0.90, painted["found"], binomial_spread(painted["found"], painted["pictures"])),
        goal("rank-1 among 100 people, SFace", 0.85, sface["rank1"], sface["rank1_spread"]),
        goal("rank-1 among 100 people, dlib", 0.75, dlib["rank1"], dlib["rank1_spread"]),
        goal("AUC own against others, SFace", 0.97, sface["auc"], sface["auc_spread"]),
        goal("likeness as a share of photo to photo, SFace", 0.7, sface["share"], sface["share_spread"]),
        goal("prompt obedience, mean of the groups", 0.85, float(np.mean(obeys)), float(np.std(obeys))),
        goal("pictures that copy a training photo", COPIED_AT_MOST, copied,
             binomial_spread(copied, found["pictures"]), at_most=True),
    ]  # fmt: skip
    if found["domains"]:
        lost = [d["own photos"] - d["changed"] for d in found["domains"].values()]
        count = found["domain_people"] * 5
        rows.append(
            goal("rank-1 points lost by unusual photos, the worst kind", DOMAIN_LOSS, max(lost),
                 binomial_spread(0.8, count), at_most=True)
        )  # fmt: skip
    rows += [
        goal("adapter training, CPU-s on one core", 240, float(np.median(seconds)), float(np.ptp(seconds)) / 2, True),
        goal("a picture (best of 4), CPU-s on one core", 2, float(np.median(drawn)), float(np.ptp(drawn)) / 2, True),
        goal("memory of learning and drawing, GiB", 2, found["peak_gib"], 0.0, True),
    ]
    return rows


def write_report(folder: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Write both files; returns what the JSON holds."""
    content = {"name": "pocket", "goals": goals(found), **found}
    (folder / "pocket.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / "pocket.md").write_text(_page(content))
    return content


def _page(c: dict[str, Any]) -> str:
    rows = "".join(
        f"| {g['goal']} | {g['target']} | {g['value']} | ±{g['spread']} | {'yes' if g['met'] else '**no**'} |\n"
        for g in c["goals"]
    )
    return (
        "# Embedded backbone `pocket-64`\n\n"
        f"Written by `make bench-pocket`. {c['people']} people whom training never saw; for each a LoRA on 8 photos "
        "with the settings of semblance.json, then five plain photo prompts, four takes each, of which the one most "
        "like the reference by SFace stays, as the generation service does it. Gallery: other photos of "
        f"{c['gallery_people']} people. SFace conditions, picks and trains, so dlib, which does neither, is the "
        "independent judge. Spread: half a 95 % interval (over people by bootstrap; Wilson over pictures), half the "
        "range for seconds, the deviation over groups for obedience.\n\n"
        "| goal | target | value | spread | met |\n|---|---|---|---|---|\n" + rows + "\n"
        "![Photos, plain prompts, beach, night, glasses, oil, pencil, grey, cartoon](pocket-people.jpg)\n\n"
        + _likeness(c)
        + _obedience(c)
        + _domains(c)
        + _copies(c)
    )


def _likeness(c: dict[str, Any]) -> str:
    columns = [(a, t, j) for a in ("embedding alone", "adapter") for t in ("first", "best") for j in ("sface", "dlib")]
    head = "| | " + " | ".join(f"{a}, {'best of 4' if t == 'best' else 'first take'}, {j}" for a, t, j in columns)
    lines = [head + " |", "|---" * (len(columns) + 1) + "|"]
    for key in ("found", "own", "others", "photo_to_photo", "share", "auc", "rank1"):
        values = " | ".join(str(c[a][t][j][key]) for a, t, j in columns)
        lines.append(f"| {key} | {values} |")
    return "## Likeness\n\n" + "\n".join(lines) + "\n\n"


def _obedience(c: dict[str, Any]) -> str:
    lines = [f"| {g} | {np.mean(v):.3f} | ±{mean_spread(v):.3f} |" for g, v in c["obedience"].items()]
    right = ", ".join(f"{head} {share:.2f}" for head, share in c["classifier"].items())
    return (
        "## Prompt obedience\n\nOne take a prompt, with the adapter; what a classifier sees that was trained on the "
        f"truth of renders. Its own share of right answers on real renders of people it never saw: {right}. No "
        "obedience can be measured above that.\n\n| asked for | obeyed | spread |\n|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n"
    )


def _domains(c: dict[str, Any]) -> str:
    if not c["domains"]:
        return ""
    lines = [
        f"| {name} | {d['own photos']:.2f} | {d['changed']:.2f} "
        f"| {d['own photos, share']:.2f} | {d['changed, share']:.2f} "
        f"| {d['own photos, photos']:.2f} | {d['changed, photos']:.2f} |"
        for name, d in c["domains"].items()
    ]
    return (
        f"## Photos unlike the training domain\n\n{c['domain_people']} people; their 8 photos changed before anything "
        "else (libs/pocket domains.py), judged by unchanged photos. Training met references altered in such ways, at "
        "random strengths (alterations.py), so this is no test of changes that it never met.\n\n"
        "| photos | rank-1, own | rank-1, changed | share, own | share, changed | rank-1 of the photos themselves, own "
        "| changed |\n|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n\n"
    )


def _copies(c: dict[str, Any]) -> str:
    d = c["copies"]
    return (
        "## Copies\n\nDistance (16 px copies, mirror images count) to the nearest learnt photo, over the median "
        "distance of the person's other photos to theirs; 1 is as far as a new photo would be, below 0.5 counts as "
        "copied.\n\n"
        f"| | median | 5th percentile | copied |\n|---|---|---|---|\n| whole picture | {d['nearest_ratio_median']} | "
        f"{d['nearest_ratio_p5']} | {d['copied']} |\n| background | {d['background_ratio_median']} | | "
        f"{d['background_copied']} |\n"
    )
