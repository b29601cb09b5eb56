"""Where everything lies below the data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths below one directory; making one touches nothing."""

    data: Path

    @property
    def config(self) -> Path:
        """Ports and secrets, mode 600."""
        return self.data / "config.json"

    @property
    def lock(self) -> Path:
        """Held by the running supervisor."""
        return self.data / "platform.lock"

    @property
    def state(self) -> Path:
        """What runs now, for `status`."""
        return self.data / "state.json"

    @property
    def log(self) -> Path:
        """Every service's lines in one stream."""
        return self.data / "logs" / "platform.jsonl"

    @property
    def traces(self) -> Path:
        """Every span, one a line."""
        return self.data / "telemetry" / "traces.jsonl"

    @property
    def metrics(self) -> Path:
        """Every data point, one a line."""
        return self.data / "telemetry" / "metrics.jsonl"

    @property
    def store(self) -> Path:
        """SeaweedFS: objects and the broker's log."""
        return self.data / "store"

    @property
    def broker_log(self) -> Path:
        """What the broker prints."""
        return self.data / "logs" / "broker.log"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's folder, when it is used."""
        return self.data / "postgres"

    @property
    def ray(self) -> Path:
        """The engines' cluster, where they run on Ray: sockets, logs, and what spills, which is ciphertext."""
        return self.data / "ray"

    @property
    def keyring(self) -> Path:
        """One wrapped key a person."""
        return self.data / "keyring"

    @property
    def secrets(self) -> Path:
        """Master key and signing keys."""
        return self.data / "secrets"

    @property
    def ray_token(self) -> Path:
        """Opens the engines' cluster; made at its first start."""
        return self.secrets / "ray-token"

    @property
    def restoring(self) -> Path:
        """There while a restore has not erased again who was erased since the backup."""
        return self.data / "restoring.json"

    def database(self, service: str) -> Path:
        """A service's SQLite file."""
        return self.data / "db" / f"{service}.sqlite"

    def make(self) -> None:
        """Create the folders; only their owner may list them, and only their owner may enter all but the first."""
        for folder in (self.data, *(p.parent for p in (self.log, self.traces, self.database("x"))), self.secrets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.data.chmod(0o711)  # PostgreSQL's user passes through to its own folder
