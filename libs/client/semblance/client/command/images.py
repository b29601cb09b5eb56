"""`semblance adapter` and `semblance image`."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from semblance.client.client import Client
from semblance.client.command.consents import active_consent
from semblance.client.command.output import Json, Timeout, client, follow, require_good, say, table
from semblance.client.models import Adapter, Image
from semblance.kernel.errors import Conflict
from semblance.kernel.use import Use

adapters = typer.Typer(help="What the platform learnt of you.", no_args_is_help=True)
app = typer.Typer(help="Pictures of you.", no_args_is_help=True)
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end.")]


class Keep(enum.StrEnum):
    """Which part of an edited picture stays."""

    NOTHING = "nothing"
    FACE = "face"
    BACKGROUND = "background"


_WITH = (
    "Somebody else in the picture, by the grant that they gave to you, and where: left, right, top, bottom or four "
    "shares (left,top,right,bottom). Again for more; without WHERE all stand side by side. The grant must say "
    "together; how many a picture may show, GET /v1/capabilities says. Who asked may edit it; it counts again."
)
Size = Annotated[str | None, typer.Option(metavar="WIDTHxHEIGHT", help="One of GET /v1/capabilities' sizes.")]
Worn = Annotated[float | None, typer.Option(help="Share of the adapter that is worn, more than 0, at most 1.")]
BeginWithin = Annotated[int | None, typer.Option(min=1, metavar="SECONDS", help="Not begun by then, it is not drawn.")]
_ADAPTER = ["id", "state", "reason_code", "name", "photo_count", "likeness", "likeness_floor"]
_IMAGE = ["id", "state", "reason_codes", "width_px", "height_px", "seed", "source_image_id"]


@adapters.command("train")
def train(
    name: Annotated[str, typer.Option()] = "me",
    consent: Annotated[str | None, typer.Option(help="Defaults to the newest that covers training.")] = None,
    wait: Wait = False,
    timeout: Timeout = 3600.0,
    json: Json = False,
) -> None:
    """Learn from the accepted photos."""
    with client() as here:
        adapter = here.train_adapter(consent or active_consent(here, "train"), name)
        if wait:
            job = follow(here, adapter.id, "training", timeout, as_json=json)
            adapter = here.adapter(adapter.id)
            if job.state == "ready" or json:
                words = f"Adapter {adapter.id} is {adapter.state}: likeness {adapter.likeness:.2f}."
                say(adapter, as_json=json, words=words)
            require_good(job, advice=_what_to_do(adapter))
        else:
            say(adapter, as_json=json, words=f"Adapter {adapter.id} is {adapter.state}.")


@adapters.command("list")
def list_adapters(json: Json = False) -> None:
    """Every adapter."""
    with client() as here:
        table(list(here.adapters()), _ADAPTER, as_json=json)


@adapters.command("remove")
def remove_adapter(adapter_id: str, json: Json = False) -> None:
    """Cancel a training, or destroy an adapter."""
    with client() as here:
        adapter = here.remove_adapter(adapter_id)
    say(adapter, as_json=json, words=f"Adapter {adapter_id} is {adapter.state}.")


@app.command("create")
def create(
    prompt: str,
    *,
    adapter: Annotated[str | None, typer.Option(help="Defaults to the newest that is ready.")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    steps: Annotated[int | None, typer.Option(min=1)] = None,
    size: Size = None,
    adapter_strength: Worn = None,
    begin_within: BeginWithin = None,
    use: Annotated[Use | None, typer.Option(help="What it is for; signed into the picture.")] = None,
    with_: Annotated[list[str] | None, typer.Option("--with", metavar="GRANT[@WHERE]", help=_WITH)] = None,
    at: Annotated[str | None, typer.Option(help="Where you stand, if others are in it.")] = None,
    wait: Wait = False,
    out: Annotated[Path | None, typer.Option(help="Wait, and write the signed picture here.", dir_okay=False)] = None,
    timeout: Timeout = 600.0,
    json: Json = False,
) -> None:
    """Ask for a picture."""
    if at is not None and not with_:
        raise typer.BadParameter("it says where you stand among others: name them by --with", param_hint="--at")
    others = [_other(text) for text in with_ or []]
    with client() as here:
        asked = _asked(seed, steps, adapter_strength, begin_within, use)
        together: dict[str, Any] = {"others": others, "region": _region(at) if at else None}
        image = here.create_image(adapter or _ready_adapter(here), prompt, size=size, **asked, **together)
        _tell(here, image, out, timeout, wait=wait, as_json=json)


@app.command("edit")
def edit(
    image_id: str,
    prompt: str,
    *,
    strength: Annotated[float | None, typer.Option(help="More than 0, at most 1: how much is drawn anew.")] = None,
    keep: Annotated[Keep, typer.Option(help="Which part stays as it is.")] = Keep.NOTHING,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    steps: Annotated[int | None, typer.Option(min=1)] = None,
    adapter_strength: Worn = None,
    begin_within: BeginWithin = None,
    use: Annotated[Use | None, typer.Option(help="What it is for; signed into the picture.")] = None,
    wait: Wait = False,
    out: Annotated[Path | None, typer.Option(help="Wait, and write the signed picture here.", dir_okay=False)] = None,
    timeout: Timeout = 600.0,
    json: Json = False,
) -> None:
    """Edit a published picture of yours; the new one names it as what it was made from."""
    with client() as here:
        asked = _asked(seed, steps, adapter_strength, begin_within, use)
        image = here.edit_image(image_id, prompt, strength=strength, keep=keep.value, **asked)
        _tell(here, image, out, timeout, wait=wait, as_json=json)


@app.command("vary")
def vary(
    image_id: str,
    n: Annotated[int, typer.Option("-n", min=1, max=4)] = 1,
    strength: Annotated[float | None, typer.Option(help="More than 0, at most 1: how much is drawn anew.")] = None,
    begin_within: BeginWithin = None,
    json: Json = False,
) -> None:
    """Ask for pictures like a published one."""
    with client() as here:
        made = here.vary_image(image_id, n, strength=strength, begin_within_s=begin_within)
        table(made, _IMAGE, as_json=json)


@app.command("list")
def list_images(json: Json = False) -> None:
    """Every image."""
    with client() as here:
        table(list(here.images()), _IMAGE, as_json=json)


@app.command("get")
def get(
    image_id: str,
    out: Annotated[Path, typer.Option(help="Where the signed picture goes.", dir_okay=False)],
    json: Json = False,
) -> None:
    """Fetch a published image, byte for byte as signed."""
    with client() as here:
        content = here.image_content(image_id)
    out.write_bytes(content.data)
    about = {"id": image_id, "file": str(out), "sha256": content.sha256, "size_bytes": len(content.data)}
    say(about, as_json=json, words=f"{len(content.data)} bytes in {out}.")


@app.command("remove")
def remove_image(image_id: str, json: Json = False) -> None:
    """Cancel a picture, or delete one."""
    with client() as here:
        image = here.remove_image(image_id)
    say(image, as_json=json, words=f"Image {image_id} is {image.state}.")


def _asked(
    seed: int | None, steps: int | None, worn: float | None, begin_within_s: int | None, use: Use | None
) -> dict[str, Any]:
    """What a new picture and an edit are both told."""
    numbers: dict[str, Any] = {"seed": seed, "steps": steps, "adapter_strength": worn, "begin_within_s": begin_within_s}
    return {**numbers, "use": use.value if use else None}


def _tell(here: Client, image: Image, out: Path | None, timeout_s: float, *, wait: bool, as_json: bool) -> None:
    """That it is queued; or, asked to wait or to write it down, its end."""
    if not wait and out is None:
        say(image, as_json=as_json, words=f"Image {image.id} is {image.state}.")
        return
    job = follow(here, image.id, "picture", timeout_s, as_json=as_json)
    image = here.image(image.id)
    if job.state == "published" and out is not None:
        out.write_bytes(here.image_content(image.id).data)
    if job.state == "published" or as_json:
        words = f"Image {image.id} is {image.state}." + (f" Written to {out}." if out else "")
        say(image, as_json=as_json, words=words)
    require_good(job)


def _other(text: str) -> dict[str, Any]:
    """grant@left, grant@0.5,0,1,1 or grant alone."""
    grant_id, _, where = text.partition("@")
    return {"grant_id": grant_id, **({"region": _region(where)} if where else {})}


def _region(text: str) -> str | dict[str, float]:
    if "," not in text:
        return text
    edges = ("left", "top", "right", "bottom")
    try:
        return dict(zip(edges, map(float, text.split(",")), strict=True))
    except ValueError as error:
        raise typer.BadParameter(f"{text}: four numbers from 0 to 1, such as 0.5,0,1,1") from error


def _what_to_do(adapter: Adapter) -> str:
    """The advice, and for a leak where people were seen."""
    found = adapter.leak
    if found is None or adapter.reason_code != "leaks":
        return adapter.advice
    return (
        f"{adapter.advice}\nIn {found.shown_0_1:.0%} of {found.places} pictures you were there unasked "
        f"(likeness {found.excess:+.2f}); {found.swapped_0_1:.0%} of those of somebody else were more like you; "
        f"{found.others_0_1:.0%} of your own were more like somebody else."
    )


def _ready_adapter(here: Client) -> str:
    for adapter in here.adapters():
        if adapter.state == "ready":
            return adapter.id
    raise Conflict("no adapter is ready", remedy="Run `semblance adapter train --wait`.", code="adapter-not-ready")
