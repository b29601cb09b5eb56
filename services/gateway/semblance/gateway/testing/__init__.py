"""A gateway in one process over services that are small, in memory and strict about ownership."""

from semblance.gateway.testing.platform import FakePlatform
from semblance.gateway.testing.process import GatewayInProcess, gateway

__all__ = ["FakePlatform", "GatewayInProcess", "gateway"]
