"""`semblance photos` and `semblance people`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.consents import active_consent
from semblance.client.command.lazy import FORWARDED, forward
from semblance.client.command.output import Json, Timeout, bar, client, say, table
from semblance.client.errors import ApiError
from semblance.client.models import Photo, PhotoFinding
from semblance.kernel.errors import Invalid, Kind

app = typer.Typer(help="Photos to learn from.", no_args_is_help=True)
people = typer.Typer(help="Who appears in the photos.", no_args_is_help=True)
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}
_PHOTO = ["id", "state", "reason_code", "width_px", "height_px", "verdict"]
_PERSON = ["id", "name", "own", "face_ids", "photo_ids"]


@app.command("add")
def add(
    sources: Annotated[list[Path], typer.Argument(help="Files, or folders with photos in them.", exists=True)],
    consent: Annotated[str | None, typer.Option(help="Defaults to the newest that covers photos.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the verdicts.")] = True,
    timeout: Timeout = 300.0,
    json: Json = False,
) -> None:
    """Send photos. A photo that cannot be read at all stops nothing; it is listed as refused."""
    paths = _photo_files(sources)
    with client() as here, bar(quiet=json) as progress:
        consent_id = consent or active_consent(here, "photos")
        task = progress.add_task("sending", total=len(paths))
        sent: list[Photo] = []
        for path in paths:
            sent.append(_send(here, consent_id, path))
            progress.advance(task)
        if wait:
            progress.update(task, description="looking", completed=0)
            for number, photo in enumerate(sent):
                if photo.id:
                    here.wait(photo.id, timeout_s=timeout)
                    sent[number] = here.photo(photo.id)
                progress.advance(task)
    table(sent, _PHOTO, as_json=json)


@app.command("list")
def list_photos(json: Json = False) -> None:
    """Every photo and its verdict."""
    with client() as here:
        table(list(here.photos()), _PHOTO, as_json=json)


@app.command("score")
def score(
    consent: Annotated[str | None, typer.Option(help="Defaults to the newest that covers training.")] = None,
    json: Json = False,
) -> None:
    """How good your photos are to learn from, and what would make them better. Trains nothing."""
    with client() as here:
        found = here.score_photos(consent or active_consent(here, "train"))
    lines = [f"{found.score_0_100} of 100, {found.photo_count} photos.", *(_finding(each) for each in found.findings)]
    say(found, as_json=json, words="\n".join(lines))


@app.command("remove")
def remove(photo_ids: list[str], json: Json = False) -> None:
    """Take photos back; their bytes are destroyed."""
    with client() as here:
        for photo_id in photo_ids:
            here.remove_photo(photo_id)
    say({"removed": photo_ids}, as_json=json, words=f"{len(photo_ids)} removed.")


@people.command("list")
def list_people(json: Json = False) -> None:
    """Groups of faces that look like one person."""
    with client() as here:
        table(list(here.people()), _PERSON, as_json=json)


@people.command("name")
def name_person(person_id: str, name: str, json: Json = False) -> None:
    """Name a person; only you see it."""
    with client() as here:
        say(here.name_person(person_id, name), as_json=json, words="Named.")


@people.command("merge")
def merge(into_person_id: str, from_person_id: str, json: Json = False) -> None:
    """Two groups are one person."""
    with client() as here:
        merged = here.merge_people(into_person_id, from_person_id)
    say(merged, as_json=json, words=f"{len(merged.face_ids)} faces now.")


@people.command("split")
def split(person_id: str, face_ids: list[str], json: Json = False) -> None:
    """Some faces are somebody else."""
    with client() as here:
        new = here.split_person(person_id, face_ids)
    say(new, as_json=json, words=f"New person {new.id} with {len(new.face_ids)} faces.")


@people.command("undo")
def undo(json: Json = False) -> None:
    """Take back the latest naming, merge or split."""
    with client() as here:
        table(here.undo_people_change(), _PERSON, as_json=json)


@people.command("render", context_settings=FORWARDED, add_help_option=False)
def render(ctx: typer.Context) -> None:
    """Draw people who do not exist, with the truth beside them; for trying things out."""
    forward("semblance.synthetic_people.command", "rendering", "semblance people render", ctx.args)


def _finding(found: PhotoFinding) -> str:
    about = f" ({', '.join(found.photo_ids)})" if found.photo_ids else ""
    return f"-{found.points}  {found.advice}{about}"


def _send(here: Client, consent_id: str, path: Path) -> Photo:
    """Send one; a file that is no picture becomes a refused photo without an id, so that the others go on."""
    try:
        return here.upload_photo(consent_id, path)
    except ApiError as e:
        if e.kind is not Kind.INVALID:
            raise
        return Photo(id="", state="refused", reason_code=e.code, verdict=f"{path.name}: {e.detail}")


def _photo_files(sources: list[Path]) -> list[Path]:
    paths = [
        path
        for source in sources
        for path in (sorted(source.iterdir()) if source.is_dir() else [source])
        if not source.is_dir() or path.suffix.lower() in _ENDINGS
    ]
    if not paths:
        raise Invalid("no photos there", remedy="Name photos or a folder with photos in it.", code="no-photos")
    return paths
