"""python -m semblance.provenance.keep_manifests: once, where pictures were published before their manifests were kept.

Reads each such picture's manifest and fingerprint, so that stripped copies of it are found. Settings as for main; it
may run beside the service and again. Prints a JSON line for each picture that could not be read, then the counts.
"""

from __future__ import annotations

import json
import sys

from semblance.kernel.clock import SystemClock
from semblance.provenance import main
from semblance.provenance.handlers.backfilling import keep_missing
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit.database import Database
from semblance.service_kit.runtime import broker_of, consent_view_of


def run() -> int:
    """The command; returns the exit status."""
    settings, clock = ProvenanceSettings(), SystemClock()
    database, readers = Database(settings.database_url, source="provenance", clock=clock), main.readers_of(settings)
    consents = consent_view_of(settings, broker_of(settings), clock)  # never asked, and so never begun
    try:
        kept, failed = keep_missing(main.real_ports(settings, database, consents, clock, readers))
    finally:
        database.close()
    for image_id in failed:
        print(json.dumps({"image_id": image_id, "kept": False}))
    print(json.dumps({"kept": kept, "failed": len(failed)}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run())
