"""Why a backup is not made or not restored."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Invalid, Unavailable


class BackupDamaged(Invalid):
    """Not whole, changed, or opened with another key."""

    code = "backup-damaged"


class BackupsDoNotFit(Conflict):
    """Parts of different platforms, or of times that do not go together."""

    code = "backups-do-not-fit"


class NoRoom(Unavailable):
    """The disk would be full."""

    code = "no-room-for-backup"
