"""Files that are their owner's alone."""

from __future__ import annotations

import os
from pathlib import Path


def private(path: Path, text: str) -> None:
    """Write `text`; the file is readable for its owner only from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
