"""gRPC between services: connect() for clients, server() for servicers; errors cross the wire as themselves."""

from __future__ import annotations

from semblance.service_kit.rpc_client import DEFAULT_DEADLINE_S, connect, connect_operator
from semblance.service_kit.rpc_errors import MESSAGE_LIMIT_BYTES
from semblance.service_kit.rpc_operators import operator
from semblance.service_kit.rpc_server import server

__all__ = ["DEFAULT_DEADLINE_S", "MESSAGE_LIMIT_BYTES", "connect", "connect_operator", "operator", "server"]
