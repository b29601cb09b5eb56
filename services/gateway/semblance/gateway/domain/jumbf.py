"""Boxes of a C2PA manifest store (JUMBF, ISO 19566-5): a superbox with a description box, then a box a manifest."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER_BYTES = 8


def active_manifest_only(store: bytes) -> bytes:
    """A store that holds the active manifest alone: by C2PA 2.2 section 11.1.4.2 it is the last one."""
    description, *manifests = _boxes(store[_HEADER_BYTES:])
    if len(manifests) < 2:
        return store
    content = description + manifests[-1]
    return struct.pack(">I4s", _HEADER_BYTES + len(content), b"jumb") + content


def _boxes(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEADER_BYTES <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if length < _HEADER_BYTES:  # to the end, or longer than 4 GiB: neither occurs in what is kept
            yield data[at:]
            return
        yield data[at : at + length]
        at += length
