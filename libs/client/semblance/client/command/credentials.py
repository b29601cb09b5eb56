"""Who this machine is signed in as: one file, readable by its owner only."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from semblance.client.client import DEFAULT_URL
from semblance.client.models import CaptureSession
from semblance.kernel.errors import Invalid, Unauthenticated
from semblance.kernel.ids import new_id


class Credentials(BaseModel):
    """`token` is secret. `device_id` is random and kept, for lock-outs; `session` is a capture begun here."""

    model_config = ConfigDict(frozen=True)

    base_url: str = DEFAULT_URL
    device_id: str
    handle: str | None = None
    token: str | None = None
    expires_at: dt.datetime | None = None
    session: CaptureSession | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.base_url}, {self.handle})"


def config_dir() -> Path:
    """$SEMBLANCE_CONFIG_DIR, or semblance under $XDG_CONFIG_HOME, or ~/.config/semblance."""
    if own := os.environ.get("SEMBLANCE_CONFIG_DIR"):
        return Path(own)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "semblance"


def load() -> Credentials:
    """What is kept, or a beginning; SEMBLANCE_URL and SEMBLANCE_TOKEN go first. Raises Invalid for a broken file."""
    path = config_dir() / "credentials.json"
    kept = Credentials(device_id=new_id())
    if path.exists():
        try:
            kept = Credentials.model_validate_json(path.read_bytes())
        except ValidationError as e:
            remedy = f"Remove {path} and sign in again."
            raise Invalid(f"{path} cannot be read", remedy=remedy, code="broken-credentials") from e
    changes: dict[str, object] = {}
    if url := os.environ.get("SEMBLANCE_URL"):
        changes["base_url"] = url
    if token := os.environ.get("SEMBLANCE_TOKEN"):
        changes |= {"token": token, "expires_at": None}
    return kept.model_copy(update=changes)


def save(credentials: Credentials) -> None:
    """Replace the file in one step, mode 600 from its first byte."""
    directory = config_dir()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = directory / f".credentials.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(credentials.model_dump_json(indent=1))
    fresh.replace(directory / "credentials.json")


def require_token(credentials: Credentials) -> str:
    """The token. Raises Unauthenticated when there is none or its hour is over."""
    now = dt.datetime.now(dt.UTC)
    if credentials.token is None or (credentials.expires_at is not None and credentials.expires_at <= now):
        what = "nobody is signed in" if credentials.token is None else "the sign-in has expired"
        raise Unauthenticated(what, remedy="Run `semblance login`.", code="not-signed-in")
    return credentials.token
