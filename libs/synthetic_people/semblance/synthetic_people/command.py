"""`semblance people render ...`: draw people who do not exist, with the truth beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.progress import track

from semblance.synthetic_people import capture as captures
from semblance.synthetic_people.assets import Bytes
from semblance.synthetic_people.attack import KINDS, attack
from semblance.synthetic_people.captions import caption
from semblance.synthetic_people.glow import film, lit
from semblance.synthetic_people.group import FEWEST, MOST, group
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import person
from semblance.synthetic_people.portrait import render
from semblance.synthetic_people.relight import screen
from semblance.synthetic_people.scenes import STYLES, scene

app = typer.Typer(help="People who do not exist.", no_args_is_help=True)
rendering = typer.Typer(help="Draw pictures with their truth.", no_args_is_help=True)
app.add_typer(rendering, name="render")

Seed = Annotated[int, typer.Option(min=0, help="The first person; further people are the seeds after it.")]
Count = Annotated[int, typer.Option(min=1, help="How many.")]
Out = Annotated[Path, typer.Option(help="An empty or new folder.", file_okay=False)]
Size = Annotated[int, typer.Option(min=32, max=2048, help="Side in pixels.")]


def prepared(out: Path) -> Path:
    """Make the folder. Refuses one that holds anything, so that no run is mixed with another."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty; name a new folder", param_hint="--out")
    return out


def write(out: Path, rows: Iterable[tuple[str, Bytes, dict[str, Any]]], total: int, what: str) -> None:
    """Save each picture as PNG and all truths as truth.json."""
    truths = []
    for name, pixels, truth in track(rows, description=what, total=total):
        path = out / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(path), np.ascontiguousarray(pixels[:, :, ::-1])):
            raise typer.BadParameter(f"cannot write {path}", param_hint="--out")
        truths.append({"file": f"{name}.png"} | truth)
    (out / "truth.json").write_text(json.dumps(truths, indent=1) + "\n")
    typer.echo(f"{len(truths)} pictures and truth.json in {out}")


@rendering.command()
def portraits(
    out: Out,
    seed: Seed = 0,
    count: Count = 8,
    size: Size = 256,
    style: Annotated[str, typer.Option(help="One of: " + ", ".join(STYLES))] = "photo",
) -> None:
    """One picture each of `count` people."""
    if style not in STYLES:
        raise typer.BadParameter(f"{style!r} is none of: {', '.join(STYLES)}", param_hint="--style")

    def rows() -> Iterator[tuple[str, Bytes, dict[str, Any]]]:
        for one in range(seed, seed + count):
            who = person(one)
            where = scene(who, one, style=style)
            picture = render(who, where, size)
            yield (
                f"{one:07d}",
                picture.pixels,
                asdict(picture.truth) | {"caption": caption(who, where, np.random.default_rng(one))},
            )

    write(prepared(out), rows(), count, "portraits")


@rendering.command()
def library(out: Out, seed: Seed = 0, count: Count = 12, size: Size = 512) -> None:
    """`count` photos of one person."""
    who = person(seed)
    shots = photo_library(who, count, seed, size)
    rows = (
        (
            f"{k:03d}",
            shot.picture.pixels,
            asdict(shot.picture.truth) | {"caption": caption(who, shot.scene, np.random.default_rng(k))},
        )
        for k, shot in enumerate(shots, 1)
    )
    write(prepared(out), rows, count, "library")


@rendering.command("group")
def group_command(
    out: Out,
    seed: Seed = 0,
    count: Count = 4,
    people: Annotated[int, typer.Option(min=FEWEST, max=MOST, help="How many in each picture.")] = 3,
    size: Size = 768,
) -> None:
    """`count` group pictures."""

    def rows() -> Iterator[tuple[str, Bytes, dict[str, Any]]]:
        for k in range(count):
            picture = group([person(seed + k * people + i) for i in range(people)], seed + k, size)
            yield f"{k:03d}", picture.pixels, {"faces": [asdict(truth) for truth in picture.truths]}

    write(prepared(out), rows(), count, "group")


def frame_rows(name: str, frames: Iterable[captures.Frame]) -> Iterator[tuple[str, Bytes, dict[str, Any]]]:
    for k, frame in enumerate(frames):
        yield f"{name}/{k:03d}", frame.pixels, asdict(frame.truth) | {"at_ms": frame.at_ms, "action": frame.action}


def colours_of(text: str) -> list[tuple[str, int]]:
    """("#rrggbb", ms) for each. Raises BadParameter."""
    found = re.findall(r"(#[0-9a-f]{6}):([1-9]\d{0,4})(?:,|$)", text)
    if ",".join(f"{colour}:{for_ms}" for colour, for_ms in found) != text:
        raise typer.BadParameter('write "#rrggbb:milliseconds", separated by commas', param_hint="--colours")
    return [(colour, int(for_ms)) for colour, for_ms in found]


def frame_count(challenge: tuple[str, ...]) -> int:
    return sum(len(captures.POSES[action]) for action in ("rest", *challenge))


@rendering.command("capture")
def capture_command(
    out: Out,
    seed: Seed = 0,
    count: Count = 1,
    challenge: Annotated[str, typer.Option(help="Actions in order, separated by commas.")] = ",".join(captures.ACTIONS),
    colours: Annotated[
        str, typer.Option(help='What their screen shows, as "#00ff00:400,#ff00ff:350" (milliseconds), over and over.')
    ] = "",
) -> None:
    """Opt-in captures of `count` people."""
    shown = colours_of(colours)
    asked = tuple(challenge.split(","))
    if unknown := [a for a in asked if a not in captures.ACTIONS]:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: known are {', '.join(captures.ACTIONS)}", param_hint="--challenge"
        )
    rows = (
        row
        for one in range(seed, seed + count)
        for row in frame_rows(
            f"{one:07d}",
            lit(film(person(one), one, asked), screen(shown)) if shown else captures.capture(person(one), one, asked),
        )
    )
    write(prepared(out), rows, count * frame_count(asked), "capture")


@rendering.command("attack")
def attack_command(
    out: Out,
    seed: Seed = 0,
    count: Count = 1,
    kind: Annotated[str, typer.Option(help="One of: " + ", ".join(KINDS))] = "print",
) -> None:
    """`count` presentation attacks; each attacker is the person after the target."""
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of: {', '.join(KINDS)}", param_hint="--kind")
    rows = (
        row
        for one in range(seed, seed + count)
        for row in frame_rows(f"{one:07d}", attack(kind, person(one), person(one + 1), one).frames)
    )
    write(prepared(out), rows, count * frame_count(captures.ACTIONS), f"attack: {kind}")
