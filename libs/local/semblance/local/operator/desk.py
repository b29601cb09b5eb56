"""Where an operator's calls go, and with which token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from semblance.contracts.identity.v1 import review_pb2_grpc
from semblance.kernel.errors import Unauthenticated
from semblance.local import config as configuration
from semblance.local.layout import Layout
from semblance.service_kit import rpc

ADDRESS_VARIABLE = "SEMBLANCE_OPERATOR_ADDRESS"
TOKEN_VARIABLE = "SEMBLANCE_OPERATOR_TOKEN"  # noqa: S105 - the variable's name, not a secret
_DEADLINE_S = 60.0  # photos are measured while the call waits

Data = Annotated[Path, typer.Option("--data", help="The platform's data directory on this machine.")]
DATA = Path("data")


@contextmanager
def desk(data: Path) -> Iterator[review_pb2_grpc.OperatorServiceStub]:
    """The operator's service: of the platform in `data`, or at $SEMBLANCE_OPERATOR_ADDRESS (host:port) with
    $SEMBLANCE_OPERATOR_TOKEN. Raises Unavailable where nothing was started, Unauthenticated without a token."""
    address, token = os.environ.get(ADDRESS_VARIABLE), os.environ.get(TOKEN_VARIABLE)
    if address is None:
        config = configuration.read(Layout(data.resolve()).config)
        address, token = f"127.0.0.1:{config.ports['identity.grpc']}", token or config.operator_token
    if not token:
        raise Unauthenticated(
            "no operator's token is known", remedy=f"Set {TOKEN_VARIABLE}.", code="operator-token-required"
        )
    with rpc.connect_operator(address, SecretStr(token), deadline_s=_DEADLINE_S) as channel:
        yield review_pb2_grpc.OperatorServiceStub(channel)
