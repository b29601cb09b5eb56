"""`semblance backup`: a stopped platform's state into one sealed archive, its keys into the one copy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semblance.kernel.clock import Clock
from semblance.kernel.errors import Conflict, Invalid
from semblance.kernel.ids import new_id
from semblance.local import config as configuration
from semblance.local import erased_log
from semblance.local.backup import archive, keys
from semblance.local.backup.archive import Manifest
from semblance.local.layout import Layout
from semblance.local.lock import AlreadyRunning, Lock
from semblance.objects import durable_files


class StillRunning(Conflict):
    """Seven databases, the store and the broker's log are of one moment only when nothing writes."""

    code = "platform-running"


@dataclass(frozen=True)
class Taken:
    """A backup that is whole."""

    archive: Path
    keys: Path
    manifest: Manifest


def take(layout: Layout, to: Path, keys_to: Path, clock: Clock, say: Callable[[str], None]) -> Taken:
    """Raises StillRunning, NoRoom, Unavailable where nothing was started, Invalid for places within one another."""
    _require_apart(layout, to, keys_to)
    config = configuration.read(layout.config)
    try:
        with Lock(layout.lock):
            log = erased_log.make(erased_log.place_of(layout))
            log.learn(layout.keyring)
            log.forget_covered()
            made_at = clock.now()
            files = archive.stored(layout)
            manifest = Manifest(
                version=1,
                id=new_id(),
                made_at=made_at.isoformat(),
                postgres=config.postgres,
                erased_log=log.id,
                files=len(files),
                size_bytes=sum(archive.sizes(files)),
            )
            durable_files.make_private_directory(to)
            archive.require_room(to, manifest.size_bytes)
            file = to / _name(made_at)
            say(f"{manifest.files} files, {manifest.size_bytes // 10**6} MB")
            archive.write(layout, manifest, keys.backup_key(layout), file)
            say("keys")
            keys.write(layout, keys_to, made_at, log.id)
            return Taken(file, keys_to, manifest)
    except AlreadyRunning as e:
        raise StillRunning(
            "the platform runs, and its parts would be copied at different moments",
            remedy="Stop it with `semblance down`, back it up, start it again.",
        ) from e


def _require_apart(layout: Layout, to: Path, keys_to: Path) -> None:
    places = {
        "--data": layout.data,
        "--to": to,
        "--keys-to": keys_to,
        "the log of erasures": erased_log.place_of(layout),
    }
    for name, place in places.items():
        for other, there in places.items():
            if name != other and (place == there or place.is_relative_to(there)):
                raise Invalid(
                    f"{name} lies in {other}",
                    remedy="Keep them apart: together they open everything.",
                    code="not-apart",
                )


def _name(made_at: dt.datetime) -> str:
    return f"semblance-{made_at:%Y%m%dT%H%M%S}Z.backup"
