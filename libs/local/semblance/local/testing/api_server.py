"""Enough of a Kubernetes API server, in memory, for Helm: discovery, OpenAPI, and objects that are kept as they come.

It proves requests, not a cluster: nothing is defaulted, admitted or run. Jobs and pods are done at once.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

_PATH = re.compile(
    r"^/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?$"
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WATCH_S = 30.0
_PARAMETERS = ("dryRun", "fieldValidation", "fieldManager", "force")
_DONE: Mapping[str, dict[str, Any]] = {
    "Job": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
    "Pod": {"phase": "Succeeded"},
}


@dataclass(frozen=True)
class Kind:
    """A resource as discovery names it."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """Empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    @property
    def plural(self) -> str:
        """As Kubernetes makes it of these kinds."""
        low = self.kind.lower()
        return f"{low[:-1]}ies" if low.endswith("cy") else f"{low}es" if low.endswith("ss") else f"{low}s"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # Helm applies everything at once


class ApiServer:
    """`with ApiServer(kinds) as api: helm.Config(kubeconfig_path=api.kubeconfig(folder))`; loopback, a free port."""

    def __init__(self, kinds: set[Kind]) -> None:
        self.kinds = {(kind.group, kind.version, kind.plural): kind for kind in kinds}
        # (group, namespace, plural, name) to object, as last written.
        self.objects: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        # Held while objects are read or written, told when they change.
        self.lock = threading.Condition(threading.RLock())
        self.closing = False
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._written = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.lock:
            self.closing = True
            self.lock.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def kubeconfig(self, folder: Path) -> Path:
        """A file that names this server."""
        address = f"http://127.0.0.1:{self._server.server_address[1]}"
        path = folder / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "memory",
                    "clusters": [{"name": "memory", "cluster": {"server": address}}],
                    "contexts": [{"name": "memory", "context": {"cluster": "memory", "user": "nobody"}}],
                    "users": [{"name": "nobody", "user": {}}],
                }
            )
        )
        return path

    def names(self, plural: str) -> set[str]:
        """Of the objects that there are."""
        return {key[3] for key in self.objects if key[2] == plural}

    def get(self, plural: str, name: str) -> dict[str, Any]:
        """Raises KeyError."""
        [found] = [value for key, value in self.objects.items() if key[2:] == (plural, name)]
        return found

    def keep(self, key: tuple[str, str, str, str], found: dict[str, Any]) -> dict[str, Any]:
        """Write an object: a new version, and done if its kind is one that ends."""
        self._written += 1
        metadata = found.setdefault("metadata", {})
        before = self.objects.get(key, {}).get("metadata", {})
        metadata["uid"] = before.get("uid", f"00000000-0000-0000-0000-{self._written:012d}")
        metadata["resourceVersion"] = str(self._written)
        metadata["generation"] = self._written
        metadata.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
        if found["kind"] in _DONE:
            found["status"] = copy.deepcopy(_DONE[found["kind"]])
        self.objects[key] = found
        self.lock.notify_all()
        return found

    def drop(self, key: tuple[str, str, str, str]) -> dict[str, Any] | None:
        """Take an object away; None if there is none."""
        self.lock.notify_all()
        return self.objects.pop(key, None)

    def listed(self, place: tuple[str, str, str], wanted: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
        """Group, namespace and plural, filtered by the query: name to object."""
        return {k[3]: found for k, found in self.objects.items() if k[:3] == place and _selected(found, wanted)}


def merged(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: apart, each answer would wait 40 ms for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        """Discovery, OpenAPI, one object or a list."""
        url = urlsplit(self.path)
        parts = [part for part in url.path.split("/") if part]
        found = self._discovery(parts)
        if found is not None:
            self._answer(found)
            return
        wanted = parse_qs(url.query)
        group, namespace, plural, name = key = self._key(url.path)
        if "watch" in wanted:
            self._watch((group, namespace, plural), wanted)
            return
        with self.api.lock:
            if name:
                self._answer(self.api.objects[key]) if key in self.api.objects else self._missing(key)
                return
            items = list(self.api.listed((group, namespace, plural), wanted).values())
        kind = next(kind for kind in self.api.kinds.values() if (kind.group, kind.plural) == (group, plural))
        body = {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "items": items}
        self._answer(body | {"metadata": {"resourceVersion": "1"}})

    def do_POST(self) -> None:
        """Create; a conflict if it is there."""
        body = self._body()
        with self.api.lock:
            group, namespace, plural, _ = self._key(urlsplit(self.path).path)
            key = (group, namespace, plural, body["metadata"]["name"])
            if key in self.api.objects:
                self._fail(HTTPStatus.CONFLICT, "AlreadyExists", key)
            else:
                self._answer(self.api.keep(key, body), HTTPStatus.CREATED)

    def do_PUT(self) -> None:
        """Replace."""
        body = self._body()
        with self.api.lock:
            self._answer(self.api.keep(self._key(urlsplit(self.path).path), body))

    def do_PATCH(self) -> None:
        """Server-side apply makes or replaces what it says; other patches are merged."""
        body = self._body()
        applied = "apply-patch" in self.headers.get("Content-Type", "")
        with self.api.lock:
            key = self._key(urlsplit(self.path).path)
            if not applied and key not in self.api.objects:
                self._missing(key)
                return
            found = body if applied else merged(self.api.objects[key], body)
            self._answer(self.api.keep(key, found))

    def do_DELETE(self) -> None:
        """At once, whatever the policy."""
        self._body()
        with self.api.lock:
            key = self._key(urlsplit(self.path).path)
            found = self.api.drop(key)
            self._missing(key) if found is None else self._answer(found)

    def _discovery(self, parts: list[str]) -> dict[str, Any] | None:
        match parts:
            case ["version"]:
                return {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
            case ["api"] | ["apis"] | ["openapi", "v3"]:
                return self._groups(parts[0])
            case ["openapi", "v3", "api" | "apis", *place]:
                return self._openapi(*([""] * (2 - len(place)) + place))
            case ["api", version]:
                return self._resources("", version)
            case ["apis", group, version]:
                return self._resources(group, version)
        return None

    def _groups(self, what: str) -> dict[str, Any]:
        if what == "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        groups: dict[str, list[str]] = {}
        for kind in self.api.kinds.values():
            if kind.group and kind.version not in groups.setdefault(kind.group, []):
                groups[kind.group].append(kind.version)
        if what == "openapi":
            places = ["api/v1", *(f"apis/{group}/{version}" for group, known in groups.items() for version in known)]
            return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}}
        listed = []
        for group, known in groups.items():
            named = [{"groupVersion": f"{group}/{version}", "version": version} for version in sorted(known)]
            listed.append({"name": group, "versions": named, "preferredVersion": named[0]})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}

    def _resources(self, group: str, version: str) -> dict[str, Any]:
        verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
        listed = [
            {
                "name": kind.plural,
                "singularName": kind.kind.lower(),
                "namespaced": True,
                "kind": kind.kind,
                "verbs": verbs,
            }
            for kind in self.api.kinds.values()
            if (kind.group, kind.version) == (group, version)
        ]
        whole = f"{group}/{version}".lstrip("/")
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": whole, "resources": listed}

    def _openapi(self, group: str, version: str) -> dict[str, Any]:
        """Only what clients ask it: whether a kind can be patched, and with which parameters."""
        query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS]
        prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
        paths = {
            f"{prefix}/namespaces/{{namespace}}/{kind.plural}/{{name}}": {
                "patch": {
                    "parameters": query,
                    "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind.kind},
                    "responses": {},
                }
            }
            for kind in self.api.kinds.values()
            if (kind.group, kind.version) == (group, version)
        }
        return {"openapi": "3.0.0", "info": {"title": "memory", "version": "v1"}, "paths": paths, "components": {}}

    def _watch(self, place: tuple[str, str, str], wanted: Mapping[str, list[str]]) -> None:
        """What there is, that this was all of it, and then every change, for some seconds: clients ask again."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        kind = next(kind for kind in self.api.kinds.values() if (kind.group, kind.plural) == (place[0], place[2]))
        told: dict[str, dict[str, Any]] = {}
        marked = "sendInitialEvents" not in wanted
        deadline_s = time.monotonic() + _WATCH_S
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while not self.api.closing and time.monotonic() < deadline_s:
                with self.api.lock:
                    now = self.api.listed(place, wanted)
                    if now == told and marked:
                        self.api.lock.wait(0.5)
                        now = self.api.listed(place, wanted)
                events = _changes(told, now)
                if not marked:
                    marked = True
                    ended = {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}
                    mark = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": ended}
                    events.append({"type": "BOOKMARK", "object": mark})
                self.wfile.write(b"".join(json.dumps(event).encode() + b"\n" for event in events))
                self.wfile.flush()
                told = now

    def _key(self, path: str) -> tuple[str, str, str, str]:
        found = _PATH.match(path)
        assert found is not None, path
        return (found["group"] or "", found["namespace"] or "", found["plural"], found["name"] or "")

    def _body(self) -> Any:
        self.api.requests.append((self.command, urlsplit(self.path).path))
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not text:
            return {}
        as_json = text.lstrip().startswith(b"{")
        return json.loads(text) if as_json else yaml.load(text, _LOADER)  # noqa: S506 - a safe one

    def _missing(self, key: tuple[str, str, str, str]) -> None:
        self._fail(HTTPStatus.NOT_FOUND, "NotFound", key)

    def _fail(self, status: HTTPStatus, reason: str, key: tuple[str, str, str, str]) -> None:
        details = {"name": key[3], "group": key[0], "kind": key[2]}
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": int(status)}
        self._answer(body | {"message": f"{key[2]} {key[3]}: {reason}", "details": details}, status)

    def _answer(self, body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(body).encode(), status)

    def _send(self, content: bytes, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From one listing to the next, as watch events."""
    gone = [{"type": "DELETED", "object": found} for name, found in before.items() if name not in now]
    came = [
        {"type": "MODIFIED" if name in before else "ADDED", "object": found}
        for name, found in now.items()
        if before.get(name) != found
    ]
    return gone + came


def _selected(found: dict[str, Any], wanted: Mapping[str, list[str]]) -> bool:
    """Whether labels and name are those of the query; only `a=b` and `metadata.name=` are asked for here."""
    labels = found["metadata"].get("labels") or {}
    for part in "".join(wanted.get("labelSelector", [])).split(","):
        name, _, value = part.partition("=")
        if name and labels.get(name) != value.lstrip("="):
            return False
    for part in "".join(wanted.get("fieldSelector", [])).split(","):
        name, _, value = part.partition("=")
        if name == "metadata.name" and found["metadata"]["name"] != value:
            return False
    return True
