"""The `semblance` command's table of contents."""

from __future__ import annotations

import sys

import typer

from semblance.client.command import (
    account,
    audit,
    consents,
    erasing,
    images,
    photos,
    protect,
    receipts,
    sharing,
    takedowns,
    verifying,
)
from semblance.client.command.lazy import FORWARDED, forward
from semblance.client.command.output import fail
from semblance.kernel.errors import SemblanceError

_EPILOG = (
    "Exit codes: 0 done, 1 a bug, 2 wrong usage, 3 not signed in, 4 no consent, 5 not there or erased, 6 invalid or in "
    "conflict, 7 rate limit, 8 the platform does not answer in time, 9 ended without a result, 130 interrupted."
)
app = typer.Typer(
    help="Pictures of you, only with your say-so.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.add_typer(account.app, name="account")
app.command("login")(account.login)
app.command("logout")(account.logout)
app.add_typer(consents.app, name="consent")
app.add_typer(sharing.sharing, name="sharing")
app.add_typer(sharing.app, name="grants")
app.add_typer(sharing.inbox, name="inbox")
app.add_typer(photos.app, name="photos")
app.add_typer(photos.people, name="people")
app.add_typer(images.adapters, name="adapter")
app.add_typer(images.app, name="image")
app.command("verify")(verifying.verify)
app.add_typer(protect.app, name="protect")
app.add_typer(takedowns.app, name="takedown")
app.command("erase")(erasing.erase)
app.add_typer(receipts.app, name="receipt")
app.add_typer(audit.app, name="audit")


def _local(name: str, help_text: str) -> None:
    def run(ctx: typer.Context) -> None:
        forward("semblance.local.command", "app", "semblance", [name, *ctx.args])

    app.command(
        name, help=help_text, context_settings=FORWARDED, add_help_option=False, rich_help_panel="This machine"
    )(run)


_local("up", "Run the whole platform on this machine.")
_local("status", "Say how the platform on this machine is.")
_local("logs", "Show what the services say.")
_local("down", "Stop the platform on this machine.")
_local("backup", "Back up the stopped platform of this machine.")
_local("restore", "Restore it, and erase again who was erased since.")


def _operator(ctx: typer.Context) -> None:
    forward("semblance.local.operator.app", "app", "semblance operator", ctx.args)


app.command(
    "operator",
    help="Decide reviews and take-downs, keep the protected register, erase after a restore.",
    context_settings=FORWARDED,
    add_help_option=False,
    rich_help_panel="Operators",
)(_operator)


def main() -> None:
    """The console script. Errors of the platform become one line and an exit code."""
    try:
        app()
    except SemblanceError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
