"""Where a person is signed in, signing out, and the password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from semblance.gateway.api.admission import GUESSING, READS_JSON, Here, Reader, Writer
from semblance.gateway.api.paging import After, Limit, cursor, inner_of, page_of
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.accounts import ChangedPassword, Session
from semblance.gateway.api.schemas.model import Listed
from semblance.gateway.handlers import sessions

router = APIRouter(tags=["accounts"])


@router.get("/v1/sessions")
def list_sessions(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Session]:
    """Where the account is signed in, newest first. Nothing is kept of devices or addresses."""
    own = sessions.list_sessions(here.gate, caller)
    page = page_of(own, lambda session: session.id, after=inner_of(after), limit=limit)
    items = [Session.seen_by(caller.session_id, session) for session in page.items]
    return Listed[Session](items=items, next_after=cursor(page.next_after))


@router.delete("/v1/sessions/current", status_code=204)
def end_current_session(caller: Writer, here: Here) -> None:
    """Sign out: from the next request on, to whichever replica, the token is refused."""
    sessions.end_session(here.gate, caller, caller.session_id or "")


@router.delete("/v1/sessions/{session_id}", status_code=204)
def end_session(caller: Writer, here: Here, session_id: PathId) -> None:
    """End one sign-in of the account."""
    sessions.end_session(here.gate, caller, session_id)


@router.delete("/v1/sessions", status_code=204)
def end_sessions(caller: Writer, here: Here) -> None:
    """Sign out everywhere: every token of the account is refused, this one too."""
    sessions.end_sessions(here.gate, caller)


@router.put("/v1/me/password", status_code=204, dependencies=[GUESSING])
def change_password(caller: Writer, _json: Annotated[None, READS_JSON], body: ChangedPassword, here: Here) -> None:
    """Change the password. Every other sign-in of the account ends; a wrong password counts as a sign-in does."""
    guesses = here.policies["guess"]
    sessions.change_password(here.gate, caller, password=body.password, wanted=body.new_password, guesses=guesses)
