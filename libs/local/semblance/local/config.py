"""The one generated configuration: ports picked free once, secrets made at the first start."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from semblance.kernel.errors import Unavailable
from semblance.kernel.loopback import free_ports, is_free
from semblance.local.rights import SERVICES
from semblance.objects.seaweed import free_port_block

_VERSION = 1
_NAMES = (
    *(f"{service}.{kind}" for service in SERVICES for kind in ("http", "grpc")),
    *("broker", "otlp", "postgres", "engine.http", "engine.ray"),
)


class PortTaken(Unavailable):
    """The gateway's remembered port is used by another process."""

    code = "port-taken"


@dataclass(frozen=True)
class Config:
    """Written to config.json, mode 600.

    Keys of `ports`: "<service>.http", "<service>.grpc", broker, otlp, postgres, engine.http, engine.ray.
    """

    version: int
    postgres: bool
    ports: dict[str, int]
    store_port: int
    internal_token: str
    store_admin_key: str
    store_admin_secret: str
    # Service (or "broker") to its own credentials at the store.
    store_keys: dict[str, tuple[str, str]]
    # Opens identity's and provenance's operator calls; empty in a file that an older version wrote.
    operator_token: str = ""

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Config(ports={self.ports}, store_port={self.store_port}, postgres={self.postgres})"

    @property
    def gateway_url(self) -> str:
        """Where people reach the platform."""
        return f"http://127.0.0.1:{self.ports['gateway.http']}"


def load_or_make(path: Path, *, postgres: bool | None = None, gateway_port: int | None = None) -> Config:
    """The configuration in `path`, made at the first start.

    `postgres` counts at the first start only: services keep their databases. Internal ports that another process has
    taken meanwhile are picked anew. Raises PortTaken for the gateway's, because addresses and tokens name it.
    """
    config = _read(path) if path.exists() else _new(bool(postgres))
    if postgres is not None and config.postgres != postgres:
        kind = "PostgreSQL" if config.postgres else "SQLite"
        raise Unavailable(
            f"this data directory holds {kind} databases", remedy="Use another --data.", code="other-database"
        )
    if not config.operator_token:
        config = replace(config, operator_token=secrets.token_urlsafe(32))
    if gateway_port:
        config = replace(config, ports={**config.ports, "gateway.http": gateway_port})
    config = _with_free_ports(config)
    write_private(path, json.dumps(asdict(config), indent=1))
    return config


def read(path: Path) -> Config:
    """The configuration of a data directory that was started before. Raises Unavailable."""
    if not path.exists():
        raise Unavailable(
            "nothing was started in this data directory", remedy="Run `semblance up`.", code="never-started"
        )
    return _read(path)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read(path: Path) -> Config:
    config = Config(**json.loads(path.read_text()))
    return replace(config, store_keys={name: (key, secret) for name, (key, secret) in config.store_keys.items()})


def _new(postgres: bool) -> Config:
    return Config(
        version=_VERSION,
        postgres=postgres,
        ports=dict(zip(_NAMES, free_ports(len(_NAMES)), strict=True)),
        store_port=free_port_block(),
        internal_token=secrets.token_urlsafe(32),
        store_admin_key=f"admin-{secrets.token_hex(6)}",
        store_admin_secret=secrets.token_urlsafe(32),
        store_keys={
            name: (f"{name}-{secrets.token_hex(6)}", secrets.token_urlsafe(32)) for name in (*SERVICES, "broker")
        },
    )


def _with_free_ports(config: Config) -> Config:
    if not is_free(config.ports["gateway.http"]):
        raise PortTaken(
            f"port {config.ports['gateway.http']} is used by another process",
            remedy="Stop it, or choose another with --port.",
        )
    # A file that an older version wrote may lack some.
    taken = [name for name in _NAMES if name not in config.ports or not is_free(config.ports[name])]
    ports = {**config.ports, **dict(zip(taken, free_ports(len(taken)), strict=True))}
    block = range(config.store_port, config.store_port + 5)
    store_port = config.store_port if all(is_free(p) and is_free(p + 10_000) for p in block) else free_port_block()
    return replace(config, ports=ports, store_port=store_port)
