"""The public Python SDK and the `semblance` command."""

from semblance.client.client import DEFAULT_URL, EVERY_PURPOSE, Client
from semblance.client.errors import ApiError, DamagedContent, StillRunning, Unreachable
from semblance.client.models import CaptureFrame, CaptureSession, ScreenColour

__all__ = [
    "DEFAULT_URL",
    "EVERY_PURPOSE",
    "ApiError",
    "CaptureFrame",
    "CaptureSession",
    "Client",
    "DamagedContent",
    "ScreenColour",
    "StillRunning",
    "Unreachable",
]
