"""JSON lines on stdout. Only allow-listed fields leave: a prompt or a token given as an extra is dropped."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from typing import Any

from opentelemetry import trace

# Ids, counts, durations and codes. Whoever adds a name here says that its values can never be personal or secret.
ALLOWED_FIELDS = frozenset(
    {
        "adapter_id",
        "aggregate_id",
        "attempt",
        "backbone_digest",
        "code",
        "consent_id",
        "consent_revision",
        "consumer",
        "count",
        "duration_s",
        "erasure_id",
        "error_code",
        "error_kind",
        "event_id",
        "event_type",
        "exit_code",
        "face_count",
        "face_model",
        "group",
        "grpc_port",
        "height_px",
        "http_port",
        "image_id",
        "job_id",
        "kind",
        "manifest_id",
        "method",
        "offset",
        "outcome",
        "part",
        "partition",
        "path_count",
        "person_id",
        "phase",
        "photo_id",
        "pid",
        "port",
        "purpose",
        "reason_code",
        "reason_codes",
        "release_id",
        "request_id",
        "retry_after_s",
        "revision",
        "route",
        "seconds",
        "seed",
        "service",
        "session_id",
        "size_bytes",
        "state",
        "status",
        "step",
        "steps",
        "store",
        "stores",
        "subject_id",
        "topic",
        "total",
        "version",
        "width_px",
        "work_kind",
    }
)
# The last one is put on every record by Ray, in whatever process has imported it.
_OTHERS = {"message", "asctime", "color_message", "taskName", "_ray_timestamp_ns"}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | _OTHERS
_TEXT_LIMIT = 2000


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, service, event, trace, allow-listed fields, a stack without values."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage()[:_TEXT_LIMIT],
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line["trace_id"] = trace.format_trace_id(span.trace_id)
            line["span_id"] = trace.format_span_id(span.span_id)
        for name, value in vars(record).items():
            if name in ALLOWED_FIELDS and name not in _STANDARD and name not in line:
                line[name] = _plain(value)
        dropped = sorted(vars(record).keys() - ALLOWED_FIELDS - _STANDARD)
        if dropped:
            line["dropped_fields"] = dropped
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def configure(service: str, level: str) -> None:
    """Send every logger of this process through JsonLines to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "grpc", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    # One line a request is ours (http_edge), with the route instead of the path.
    logging.getLogger("uvicorn.access").setLevel(logging.ERROR)
    for name in ("kafka", "sqlalchemy", "alembic", "uvicorn.error", "httpx", "urllib3", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in list(value)[:20]]
    return str(value)[:200]


def _error(error: BaseException) -> dict[str, object]:
    """Types and places along the chain of causes. Texts are left out: foreign ones quote values."""
    chain: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        frames = traceback.extract_tb(current.__traceback__)[-12:]
        places = [f"{frame.filename.rpartition('semblance/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"type": f"{type(current).__module__}.{type(current).__qualname__}", "frames": places})
        current = current.__cause__ or current.__context__
    return {"chain": chain}
