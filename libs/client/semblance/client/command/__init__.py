"""The `semblance` command."""

from semblance.client.command.app import main

__all__ = ["main"]
