"""Where the account is signed in, signing out, and its password."""

from __future__ import annotations

from collections.abc import Iterator

from semblance.client.calls import Calls
from semblance.client.models import Session


class SessionCalls(Calls):
    """The part of Client that ends sign-ins."""

    def sessions(self) -> Iterator[Session]:
        """Newest first."""
        return self._list(Session, "/v1/sessions")

    def sign_out(self, *, everywhere: bool = False) -> None:
        """End this sign-in at the platform, or every one of the account; its token is refused from now on."""
        self._transport.call("DELETE", "/v1/sessions" if everywhere else "/v1/sessions/current", repeat=False)
        self._transport.token = None

    def end_session(self, session_id: str) -> None:
        """End another sign-in."""
        self._transport.call("DELETE", f"/v1/sessions/{session_id}", repeat=False)

    def change_password(self, password: str, new_password: str) -> None:
        """Every other sign-in of the account ends."""
        wish = {"password": password, "new_password": new_password}
        self._transport.call("PUT", "/v1/me/password", repeat=False, json=wish)
