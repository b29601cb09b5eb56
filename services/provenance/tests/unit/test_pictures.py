"""Types and sizes by their first bytes, checked against a real encoder."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from semblance.provenance.domain.errors import UnsupportedPicture
from semblance.provenance.domain.picture import Header, read_header


def _encoded(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, 7).save(output, kind, **options)
    return output.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3, 5000)])
@pytest.mark.parametrize(
    ("kind", "options", "media_type"),
    [
        ("PNG", {}, "image/png"),
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True, "comment": b"x" * 1000}, "image/jpeg"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, "image/webp"),
    ],
)
def test_type_and_size_are_read(kind: str, options: dict[str, object], media_type: str, size: tuple[int, int]) -> None:
    assert read_header(_encoded(kind, size, **options)) == Header(media_type, *size)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_header_cut_anywhere_is_refused_or_read(kind: str) -> None:
    whole = _encoded(kind, (64, 48))
    for length in range(min(len(whole), 700)):
        try:
            header = read_header(whole[:length])
        except UnsupportedPicture:
            continue
        assert (header.width_px, header.height_px) == (64, 48)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"\xff\xd8\xff" + b"\0" * 50, b"RIFF0000WEBPnope" + b"\0" * 50],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedPicture):
        read_header(data)
