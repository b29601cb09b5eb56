"""How to reach a Kafka broker."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BrokerSettings:
    """Addresses and credentials; the password never shows in a repr."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    replication_factor: int = 1
    # How soon the others take over from a member that died; tests use 3000.
    session_timeout_ms: int = 10_000
    # How long one call may wait for the broker.
    timeout_s: float = 5.0

    @property
    def timeout_ms(self) -> int:
        """The same wait as the client counts it."""
        return int(self.timeout_s * 1000)
