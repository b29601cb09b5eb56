"""python -m semblance.provenance.check_audit: recompute every audit log of this service's database.

Settings as for main. Prints a JSON line for each broken log, then one with the counts; exits 1 if any is broken.
"""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager

from semblance.kernel.clock import SystemClock
from semblance.provenance.adapters.store import reading
from semblance.provenance.handlers import auditing
from semblance.provenance.main import seal_of
from semblance.provenance.ports import Store
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit.database import Database


def main() -> int:
    """The command; returns the exit status."""
    settings = ProvenanceSettings()
    database = Database(settings.database_url, source="provenance", clock=SystemClock())

    def reads() -> AbstractContextManager[Store]:
        return reading(database)

    try:
        count, broken = auditing.check_all(reads, seal_of(settings))
    finally:
        database.close()
    for log in broken:
        print(json.dumps({"subject_id": log.subject_id, "broken": log.reason}))
    print(json.dumps({"logs": count, "broken": len(broken)}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
