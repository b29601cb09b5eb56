"""The work that writes what the log of what people took back is owed, however long that log is away."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from pathlib import Path

from semblance.kernel.errors import SemblanceError
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.taken_back import OWED, Keep, Kind, TakenBackLog, parse
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing

_log = logging.getLogger(__name__)


def begin(database: Database, folder: Path | None, keep: Mapping[Kind, Keep] | None = None) -> dict[str, WorkKind]:
    """Keep the log in `folder`, `keep` as its own, and give the work that it needs; without a folder no log is kept."""
    if folder is None:
        return {}
    log = TakenBackLog(folder, keep)
    database.keep_taken_back(log)
    return {OWED: writing(log)}


def writing(log: TakenBackLog) -> WorkKind:
    """Nearly always the entry is there already: whoever answered wrote it."""

    def run(item: WorkItem, _context: WorkContext) -> Settle:
        log.write(parse(str(item.payload["entry"])), dt.datetime.fromisoformat(str(item.payload["at"])))
        return nothing

    return WorkKind(run=run, failed=_failed, patient=True)


def _failed(_item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    code = error.code if error is not None else "bug"
    _log.critical("what was taken back will not be in the log", extra={"error_code": code})
