"""Where an operator's calls go, and with which token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from semblance.contracts.identity.v1 import review_pb2_grpc
from semblance.contracts.provenance.v1 import takedown_pb2_grpc
from semblance.kernel.errors import Unauthenticated
from semblance.local import config as configuration
from semblance.local.layout import Layout
from semblance.service_kit import rpc

ADDRESS_VARIABLE = "SEMBLANCE_OPERATOR_ADDRESS"
PROVENANCE_ADDRESS_VARIABLE = "SEMBLANCE_OPERATOR_PROVENANCE_ADDRESS"
TOKEN_VARIABLE = "SEMBLANCE_OPERATOR_TOKEN"  # noqa: S105 - the variable's name, not a secret
_DEADLINE_S = 60.0  # photos are measured while the call waits

Data = Annotated[Path, typer.Option("--data", help="The platform's data directory on this machine.")]
DATA = Path("data")


@contextmanager
def desk(data: Path) -> Iterator[review_pb2_grpc.OperatorServiceStub]:
    """identity's operator's service: of the platform in `data`, or at $SEMBLANCE_OPERATOR_ADDRESS (host:port) with
    $SEMBLANCE_OPERATOR_TOKEN. Raises Unavailable where nothing was started, Unauthenticated without a token."""
    with _channel(data, "identity", ADDRESS_VARIABLE) as channel:
        yield review_pb2_grpc.OperatorServiceStub(channel)


@contextmanager
def takedown_desk(data: Path) -> Iterator[takedown_pb2_grpc.OperatorServiceStub]:
    """provenance's, at $SEMBLANCE_OPERATOR_PROVENANCE_ADDRESS; else as desk()."""
    with _channel(data, "provenance", PROVENANCE_ADDRESS_VARIABLE) as channel:
        yield takedown_pb2_grpc.OperatorServiceStub(channel)


@contextmanager
def _channel(data: Path, service: str, address_variable: str) -> Iterator[Any]:
    address, token = os.environ.get(address_variable), os.environ.get(TOKEN_VARIABLE)
    if address is None:
        config = configuration.read(Layout(data.resolve()).config)
        address, token = f"127.0.0.1:{config.ports[f'{service}.grpc']}", token or config.operator_token
    if not token:
        raise Unauthenticated(
            "no operator's token is known", remedy=f"Set {TOKEN_VARIABLE}.", code="operator-token-required"
        )
    with rpc.connect_operator(address, SecretStr(token), deadline_s=_DEADLINE_S) as channel:
        yield channel
