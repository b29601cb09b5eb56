"""Pictures to send and pictures received."""

from __future__ import annotations

from pathlib import Path

import httpx

from semblance.client.models import Content

_OPENINGS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n", "image/png"), (b"RIFF", "image/webp"))


def file_part(source: Path | bytes, content_type: str | None = None) -> tuple[bytes, str]:
    """(bytes, content type); the type is told by the first bytes, whatever the file is called."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    return data, content_type or type_of(data)


def type_of(data: bytes) -> str:
    """The media type that the first bytes tell; image/heic for any ISO media file, image/jpeg when nothing tells."""
    if data[4:8] == b"ftyp":
        return "image/heic"
    return next((media_type for opening, media_type in _OPENINGS if data.startswith(opening)), "image/jpeg")


def content_of(response: httpx.Response) -> Content:
    """The bytes of a content answer; an ETag here is the SHA-256."""
    return Content(
        data=response.content,
        content_type=response.headers.get("content-type", "application/octet-stream"),
        sha256=response.headers.get("etag", "").strip('"'),
    )
