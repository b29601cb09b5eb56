"""`python -m semblance.local.demo`: exits 0 when every step did what it should, 1 otherwise."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from semblance.client import Client
from semblance.local import models
from semblance.local.demo.contact_sheet import Tile, contact_sheet
from semblance.local.demo.making import Made, make_pictures, pixels, train
from semblance.local.demo.narrator import Narrator, Report, Stage, StepFailed
from semblance.local.demo.opting_in import Uploaded, opt_in, sort_photos, upload
from semblance.local.demo.page import page
from semblance.local.demo.running import memory_mb, running_platform
from semblance.local.demo.subject import BundledSubject, DemoSubject, OwnSubject
from semblance.local.demo.way_back import copy_adapter, erase, withdraw


def walk(stage: Stage, subject: DemoSubject) -> None:
    """The main job from opt-in to erasure. Raises StepFailed at the first step that goes wrong."""
    client, narrator = stage.client, stage.narrator
    handle, password = f"demo-{secrets.token_hex(4)}", secrets.token_urlsafe(18)
    account = client.create_account(handle, password)
    client.sign_in(handle, password)
    with narrator.step("1  Opt in") as step:
        consent = opt_in(stage, subject, step)
    with narrator.step("2  Photos") as step:
        with narrator.bar("photos") as advance:
            done = upload(client, consent, list(subject.photos()), advance)
        sort_photos(stage, done, step)
    with narrator.step("3  Adapter") as step, narrator.bar("training") as advance:
        adapter = train(stage, consent, advance, step)
    with narrator.step("4  Pictures") as step:
        with narrator.bar("pictures") as advance:
            made = make_pictures(stage, adapter, advance)
        step.detail = f"{len(made)} published, each Trusted against the development root; an altered copy is Invalid"
    write_sheet(stage.out, done, made)
    stage.report["memory_mb"] = round(memory_mb(stage.layout))
    copy = copy_adapter(stage.layout, account.subject_id)
    with narrator.step("5a Withdraw") as step:
        withdraw(stage, consent, adapter, step)
    with narrator.step("5b Erase") as step:
        erase(stage, made, copy, step, password)


def on_the_platform(arguments: argparse.Namespace, narrator: Narrator, report: Report) -> None:
    """Start the platform, walk, stop it. Raises StepFailed."""
    photos, out = arguments.photos, arguments.out
    subject: DemoSubject = OwnSubject(photos, arguments.camera, narrator.say) if photos else BundledSubject()
    with ExitStack() as stack:
        with narrator.step("0  Start") as step, narrator.bar("starting") as advance:
            platform = running_platform(out / "platform", models.default_directory(), advance, arguments.engine)
            layout, url = stack.enter_context(platform)
            step.detail = f"broker, store and seven services; gateway at {url}"
        client = stack.enter_context(Client(url))
        walk(Stage(client, layout, out, narrator, report), subject)


def write_sheet(out: Path, done: list[Uploaded], made: list[Made]) -> None:
    """contact-sheet.jpg: photos above, results below."""
    photos = [uploaded.tile for uploaded in done]
    results = [Tile(pixels(m.data), m.prompt.split(", ", 1)[-1]) for m in made]
    sheet = contact_sheet((("Photos in", photos), ("Pictures out, signed", results)), columns=6)
    (out / "contact-sheet.jpg").write_bytes(sheet)


def main() -> int:
    """Parse, walk, leave the report."""
    parser = argparse.ArgumentParser(description="Walk the main job on real parts, once.")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="emptied first")
    parser.add_argument("--photos", type=Path, help="a folder with photos of yourself; you opt in before the camera")
    parser.add_argument("--camera", default="0", help="camera number, or a video file")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="where pictures are drawn")
    parser.add_argument("--keep", action="store_true", help="keep the platform's data directory")
    arguments = parser.parse_args()
    out: Path = arguments.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    narrator = Narrator()
    report: Report = {"photos": [], "pictures": [], "erasure": {"stores": []}}
    began_s = time.monotonic()
    ok = False
    try:
        on_the_platform(arguments, narrator, report)
        ok = True
    except StepFailed as e:
        narrator.console.print(f"[red]The demo failed:[/red] {e}")
    narrator.table()
    report |= {
        "ok": ok,
        "seconds": round(time.monotonic() - began_s, 1),
        "steps": [vars(step) | {"seconds": round(step.seconds, 2)} for step in narrator.steps],
    }
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    (out / "index.html").write_text(page(report))
    if ok and not arguments.keep:
        shutil.rmtree(out / "platform", ignore_errors=True)
        shutil.rmtree(out / "platform.erased", ignore_errors=True)
    narrator.console.print(f"Look at {out / 'index.html'} and {out / 'report.json'}; took {report['seconds']} s.")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
