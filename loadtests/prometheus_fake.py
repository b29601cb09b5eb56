"""A FAKE of Prometheus' query API over HTTP, for tests of the adapter beside it: series that were made up.

Every answer carries a warning that says so, as Prometheus' own warnings travel, and the adapter brings warnings into
the report: numbers from here cannot be taken for measured ones.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

LOUD = "a fake Prometheus: nothing of this was measured"
_QUERY = re.compile(r"(?P<count>count\()?(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})?(?:\[(?P<span>\d+)s\])?\)?$")
_LABEL = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')

Series = tuple[Mapping[str, str], Sequence[tuple[float, float]]]
"""(labels with `__name__`, [(Unix time, value)])."""


class FakePrometheus:
    """`with FakePrometheus(series) as fake:` answers at `fake.url` on the loopback. `token`: what it asks for."""

    def __init__(self, series: Sequence[Series], token: str = "") -> None:
        self.series, self.token, self.asked = list(series), token, list[str]()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = fake.answer(self.path, self.headers.get("Authorization", ""), form)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Server", "FAKE-prometheus")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Tests read `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> FakePrometheus:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, path: str, authorization: str, form: Mapping[str, Sequence[str]]) -> tuple[int, dict[str, Any]]:
        """Status and body, as https://prometheus.io/docs/prometheus/latest/querying/api/ says."""
        query = form.get("query", [""])[0]
        self.asked.append(query)
        found = _QUERY.fullmatch(query)
        if self.token and authorization != f"Bearer {self.token}":
            return 401, {}
        if path != "/api/v1/query" or found is None:
            return 400, {"status": "error", "errorType": "bad_data", "error": f"parse error: {query}"}
        chosen = [each for each in self.series if _matches(each[0], found["name"], found["labels"] or "")]
        if found["count"]:
            result = [{"metric": {}, "value": [0, str(len(chosen))]}] if chosen else []
            return 200, _success("vector", result)
        end = float(form["time"][0])
        rows = [
            {
                "metric": dict(labels),
                "values": [[at, str(v)] for at, v in values if end - int(found["span"]) < at <= end],
            }
            for labels, values in chosen
        ]
        return 200, _success("matrix", [row for row in rows if row["values"]])


def _success(kind: str, result: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, "warnings": [LOUD]}


def _matches(labels: Mapping[str, str], name: str, wanted: str) -> bool:
    tests: dict[str, Callable[[str, str], bool]] = {
        "=": str.__eq__,
        "!=": str.__ne__,
        "=~": lambda has, want: re.fullmatch(want, has) is not None,
        "!~": lambda has, want: re.fullmatch(want, has) is None,
    }
    return labels["__name__"] == name and all(
        tests[how](labels.get(label, ""), want) for label, how, want in _LABEL.findall(wanted)
    )
