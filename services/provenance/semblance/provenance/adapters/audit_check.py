"""Every audit log recomputed beside the work, once after the start; what it finds is for the operator's alarm."""

from __future__ import annotations

import logging
import threading

from semblance.kernel.errors import Unavailable
from semblance.provenance.handlers import auditing
from semblance.provenance.ports import Ports

_log = logging.getLogger(__name__)


def check_in_background(ports: Ports) -> threading.Thread:
    """Start it; a broken log does not stop the service, whose other people have no part in it."""
    thread = threading.Thread(target=_check, args=(ports,), name="audit check", daemon=True)
    thread.start()
    return thread


def _check(ports: Ports) -> None:
    try:
        count, broken = auditing.check_all(ports.reads, ports.seal)
    except Unavailable as error:
        _log.warning("audit logs not checked", extra={"error_code": error.code})
        return
    if broken:
        fields = {"count": len(broken), "error_code": "audit-chain-broken"}
        _log.critical("audit logs were tampered with; semblance.provenance.check_audit names them", extra=fields)
    else:
        _log.info("audit logs hold", extra={"count": count})
