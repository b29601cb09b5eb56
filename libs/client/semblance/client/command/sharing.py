"""`semblance sharing`, `semblance grants` and `semblance inbox`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from semblance.client.command.output import Json, Timeout, client, follow, require_good, say
from semblance.client.sharing import Grant, InboxItem, Simulation
from semblance.kernel.use import Use

sharing = typer.Typer(help="How far you let others go.", no_args_is_help=True)
app = typer.Typer(help="What you let others make, and what you ask of others.", no_args_is_help=True)
inbox = typer.Typer(help="What others made of you.", no_args_is_help=True)
Pictures = Annotated[int, typer.Option(min=1, help="How many at most.")]
Days = Annotated[int, typer.Option(min=1, max=365)]
Limits = Annotated[
    list[str] | None, typer.Option("--limit", help='In your own words, such as "no alcohol"; again for more.')
]
Styles = Annotated[list[str] | None, typer.Option("--deny-style", help="Such as cartoon; again for more.")]
Uses = Annotated[
    list[str] | None,
    typer.Option("--deny-use", help="In your own words; each request must then say what it is for. Again for more."),
]
AllowedUses = Annotated[
    list[Use] | None, typer.Option("--allow-use", help="Only these; again for more. Without: all that you do not deny.")
]
NamedUses = Annotated[list[Use] | None, typer.Option("--use", help="What for; again for more.")]
DeclaredUse = Annotated[Use | None, typer.Option("--use", help="What the picture is for.")]
Together = Annotated[
    bool,
    typer.Option("--together/--alone", help="Whether pictures may show others as well."),
]
Review = Annotated[bool, typer.Option("--review/--no-review", help="Whether each picture waits for your approval.")]


@sharing.command("show")
def show_sharing(json: Json = False) -> None:
    """Your level and limits."""
    with client() as here:
        say(here.sharing(), as_json=json)


@sharing.command("set")
def set_sharing(
    level: Annotated[str, typer.Argument(help="only_me, people, apps or everyone.")],
    *,
    limit: Limits = None,
    review: Review = True,
    pictures: Pictures = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    json: Json = False,
) -> None:
    """Set the level, and the limits as a whole. A lower level ends what it does not allow, for good."""
    with client() as here:
        if dry_run:
            setting = {"level": level, "limits": limit or [], "review": review, "pictures": pictures}
            _tell(here.simulate(set_sharing=setting), json)
            return
        made = here.set_sharing(level, limit or [], review=review, pictures=pictures)
    say(made, as_json=json, words=f"The level is {made.level}, with {len(made.limits)} limits.")


@app.command("list")
def list_grants(
    asked: Annotated[bool, typer.Option("--asked", help="What you ask of others instead.")] = False, json: Json = False
) -> None:
    """Questions and grants, newest first."""
    with client() as here:
        found = list(here.grants(as_grantee=asked))
    say(found, as_json=json, words="\n".join(map(_line, found)) or "None.")


@app.command("ask")
def ask(
    subject_id: str,
    purpose: str,
    *,
    pictures: Pictures = 1,
    days: Days = 30,
    use: NamedUses = None,
    together: Together = False,
    json: Json = False,
) -> None:
    """Ask a person for pictures of them."""
    with client() as here:
        grant = here.ask_grant(subject_id, purpose, pictures, days, uses=_words(use), together=together)
    say(grant, as_json=json, words=_line(grant))


@app.command("give")
def give(
    grantee_id: str,
    *,
    pictures: Pictures = 1,
    days: Days = 30,
    review: Review = True,
    limit: Limits = None,
    deny_style: Styles = None,
    deny_use: Uses = None,
    allow_use: AllowedUses = None,
    together: Together = False,
    json: Json = False,
) -> None:
    """Let another account make pictures of you."""
    terms = _terms(review, limit, deny_style, deny_use) | {"allowed_uses": _words(allow_use), "together": together}
    with client() as here:
        grant = here.give_grant(grantee_id, pictures, days, **terms)
    say(grant, as_json=json, words=_line(grant))


@app.command("allow")
def allow(
    grant_id: str,
    *,
    pictures: Annotated[int | None, typer.Option(min=1, help="Defaults to what was asked for.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=365, help="Defaults to what was asked for.")] = None,
    review: Review = True,
    limit: Limits = None,
    deny_style: Styles = None,
    deny_use: Uses = None,
    allow_use: AllowedUses = None,
    together: Together = False,
    json: Json = False,
) -> None:
    """Say yes, to as much as was asked for or to less."""
    terms = _terms(review, limit, deny_style, deny_use) | {"allowed_uses": _words(allow_use), "together": together}
    with client() as here:
        asked = here.grant(grant_id).asked
        many = pictures or (asked.pictures if asked else 1)
        long = days or (asked.days if asked else 30)
        grant = here.allow_grant(grant_id, many, long, **terms)
    say(grant, as_json=json, words=_line(grant))


@app.command("refuse")
def refuse(grant_id: str, json: Json = False) -> None:
    """Say no."""
    with client() as here:
        grant = here.refuse_grant(grant_id)
    say(grant, as_json=json, words=_line(grant))


@app.command("withdraw")
def withdraw(
    grant_id: str,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    json: Json = False,
) -> None:
    """Take it back, or give it up. Pictures on their way stop."""
    with client() as here:
        if dry_run:
            _tell(here.simulate(withdraw=grant_id), json)
            return
        grant = here.withdraw_grant(grant_id)
    say(grant, as_json=json, words=_line(grant))


@app.command("check")
def check(grant_id: str, use: DeclaredUse = None, json: Json = False) -> None:
    """Would a picture be allowed now, and if not, every reason why? Nothing happens."""
    with client() as here:
        answer = here.check_grant(grant_id, use=use.value if use else None)
    reasons = "\n".join(f"{reason.code}: {reason.detail}" for reason in answer.reasons)
    say(answer, as_json=json, words=reasons or f"Yes: {answer.pictures_left} left.")


@app.command("make")
def make(
    grant_id: str,
    prompt: str,
    *,
    use: DeclaredUse = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end.")] = False,
    timeout: Timeout = 600.0,
    json: Json = False,
) -> None:
    """Ask for a picture of whoever gave the grant; `semblance image get` fetches it once they let you."""
    with client() as here:
        image = here.create_shared_image(grant_id, prompt, use=use.value if use else None)
        job = follow(here, image.id, "picture", timeout, as_json=json) if wait else None
        image = here.image(image.id) if wait else image
    say(image, as_json=json, words=f"Image {image.id} is {image.state}, for you {image.visibility}.")
    if job is not None:
        require_good(job)


@inbox.command("list")
def list_inbox(json: Json = False) -> None:
    """Every picture of you that somebody else asked for."""
    with client() as here:
        found = list(here.inbox())
    say(found, as_json=json, words="\n".join(map(_item, found)) or "None.")


@inbox.command("approve")
def approve(image_id: str, json: Json = False) -> None:
    """Let whoever asked for it fetch it."""
    with client() as here:
        item = here.approve_image(image_id)
    say(item, as_json=json, words=_item(item))


@inbox.command("hide")
def hide(image_id: str, json: Json = False) -> None:
    """Whoever asked for it can fetch it no longer. `semblance image remove` deletes it for everybody."""
    with client() as here:
        item = here.hide_image(image_id)
    say(item, as_json=json, words=_item(item))


def _terms(review: bool, limits: list[str] | None, styles: list[str] | None, uses: list[str] | None) -> dict[str, Any]:
    return {"review": review, "limits": limits or [], "denied_styles": styles or [], "denied_uses": uses or []}


def _words(uses: list[Use] | None) -> list[str]:
    return [use.value for use in uses or []]


def _tell(simulated: Simulation, as_json: bool) -> None:
    say(simulated, as_json=as_json, words="\n".join(simulated.explanation))


def _line(grant: Grant) -> str:
    who = grant.grantee.name or grant.grantee.id
    kind = "app" if grant.grantee.is_app else "person"
    asked = f", asked for {grant.asked.pictures}" if grant.asked else ""
    allowed = f", allowed {grant.allowed.pictures}, {grant.pictures_left} left" if grant.allowed else ""
    purpose = f": {grant.purpose}" if grant.purpose else ""
    scope = grant.allowed or grant.asked
    uses = f", for {', '.join(scope.allowed_uses)}" if scope and scope.allowed_uses else ""
    denied = f", not for {'; '.join(scope.denied_uses)}" if scope and scope.denied_uses else ""
    together = ", also together with others" if scope and scope.together else ""
    return f"{grant.id}  {grant.state}  {kind} {who}{asked}{allowed}{uses}{denied}{together}{purpose}"


def _item(item: InboxItem) -> str:
    who = item.requested_by.name or item.requested_by.id
    others = f", you and {item.image.people - 1} more" if item.image.people > 1 else ""
    return f"{item.image.id}  {item.image.state}  for {who}: {item.image.visibility}{others}"
