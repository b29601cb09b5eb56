"""What strangers' files may hold: bombs, addresses to fetch from, broken containers, manifests of other pictures.

The two bombs in `data/` are JPEGs of three kilobytes, signed by a chain that was thrown away, whose compressed manifest
(`core.prefer_compress_manifests`) holds an ingredient's thumbnail of 200 MiB, and of 8 MiB, of zeros. Making the larger
one takes the library four minutes.
"""

from __future__ import annotations

import io
import json
import resource
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import c2pa
import pytest
from PIL import Image

from semblance.provenance.domain.claim import TRAINED_ALGORITHMIC_MEDIA
from semblance.provenance.domain.embedded import can_be_read
from semblance.provenance.domain.errors import PictureTooLarge
from semblance.provenance.domain.picture import Limits
from semblance.provenance.domain.reading import ManifestState

DATA = Path(__file__).parent / "data"
TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "video/mp4"]
MIB = 1 << 20


@pytest.mark.parametrize("name", ["bomb_200_mib.jpg", "bomb_8_mib.jpg"])
def test_a_manifest_that_decompresses_to_far_more_is_not_read(bench, name: str) -> None:
    data = (DATA / name).read_bytes()
    assert len(data) < 4000
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    reading = bench.engine.read(data, "image/jpeg")
    assert (reading.state, reading.failures) == (ManifestState.INVALID, ("asset.unreadable",))
    assert time.process_time() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_the_library_by_itself_would_read_the_smaller_one() -> None:
    """So the limit is ours, and not there by chance."""
    with c2pa.Reader("image/jpeg", io.BytesIO((DATA / "bomb_8_mib.jpg").read_bytes())) as reader:
        assert reader.get_active_manifest() is not None


def test_a_manifest_of_200_megabytes_is_too_large_to_be_looked_at(bench) -> None:
    """The picture's own size is the limit: nothing is parsed of what is larger."""
    png = bench.files["image/png"]
    large = png[:33] + struct.pack(">I", 200 * MIB) + b"caBX" + bytes(200 * MIB) + png[33:]
    with pytest.raises(PictureTooLarge):
        Limits(max_bytes=20 * MIB, max_pixels=50_000_000).check(large)


@pytest.mark.parametrize(
    "content", [bytes(15 * MIB), b"\xff" * (15 * MIB), b"jumb" * (4 * MIB)], ids=["0", "ff", "jumb"]
)
def test_a_large_chunk_that_is_no_manifest_is_read_in_no_time(bench, content: bytes) -> None:
    png, began = bench.files["image/png"], time.process_time()
    reading = bench.engine.read(png[:33] + _chunk(b"caBX", content) + png[33:], "image/png")
    assert reading.state in {ManifestState.INVALID, ManifestState.NONE}
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("media_type", "compressed"),
    [("image/png", False), ("image/jpeg", False), ("image/webp", False), ("image/png", True), ("image/jpeg", True)],
)
def test_a_manifest_of_very_many_parts_is_not_read(bench, media_type: str, compressed: bool) -> None:
    """The library takes seconds for one of 4,000 assertions: 750 kB, or a seventh of that compressed."""
    settings = {"builder": {"thumbnail": {"enabled": False}}, "core": {"prefer_compress_manifests": compressed}}
    count = 20 if compressed else 1_100
    many = [{"label": f"com.example.a{number}", "data": {"value": "x"}} for number in range(count)]
    created = {"action": "c2pa.created", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA}
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [created]}}
    info = [{"name": "a stranger", "version": "1"}]
    manifest = {"claim_version": 2, "claim_generator_info": info, "assertions": [actions, *many]}
    identity, output = bench.authority.identity(), io.BytesIO()
    with (
        c2pa.Context.from_json(json.dumps({"verify": {"verify_after_sign": False}, **settings})) as context,
        c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None) as signer,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        builder.sign(signer, media_type, io.BytesIO(bench.files[media_type]), output)
    began = time.thread_time()
    reading = bench.engine.read(output.getvalue(), media_type)
    assert (reading.state, reading.failures) == (ManifestState.INVALID, ("asset.unreadable",))
    assert time.thread_time() - began < 0.1
    assert bench.engine.read(bench.signed(media_type), media_type).state is ManifestState.TRUSTED


def test_names_of_parts_that_are_cut_by_a_jpegs_segments_are_not_hidden() -> None:
    """A segment costs a stranger twenty bytes, and would hide a box from whoever counts names."""

    def cut(part: bytes) -> bytes:
        head = b"JP\x00\x01\x00\x00\x00\x02" + bytes(8)
        return b"\xff\xeb" + (2 + len(head) + len(part)).to_bytes(2) + head + part

    assert can_be_read(b"\xff\xd8" + cut(b"mbju") * 100, "image/jpeg")
    assert not can_be_read(b"\xff\xd8" + cut(b"mbju") * 2_100, "image/jpeg")
    compressed = (DATA / "bomb_8_mib.jpg").read_bytes()
    at = compressed.index(b"c2cm\x00\x11")
    for size in (1, 5, 15):
        parts = [compressed[at - 40 : at + size], *(bytes([byte]) for byte in compressed[at + size : at + 60])]
        assert not can_be_read(b"\xff\xd8" + b"".join(map(cut, parts)), "image/jpeg"), size
    began = time.thread_time()
    assert can_be_read(b"\xff\xd8" + cut(b"") + b"\xff\xe0\x00\x02" * (4 * MIB), "image/jpeg")
    assert time.thread_time() - began < 0.5


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1.0)
        yield server


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_a_manifest_elsewhere_is_never_fetched(bench, listener: socket.socket, media_type: str) -> None:
    """The address is private, as a stranger's would be who wants to see our network from the inside."""
    data = _elsewhere(bench, media_type, f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa")
    reading = bench.engine.read(data, media_type)
    assert reading.state in {ManifestState.NONE, ManifestState.INVALID}
    assert reading.manifest_id == ""
    with pytest.raises(TimeoutError):
        listener.accept()


def test_the_library_by_itself_would_fetch_it(bench, listener: socket.socket) -> None:
    """So the listener would hear it."""
    data = _elsewhere(bench, "image/jpeg", f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa")

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            heard.append(True)

    heard: list[bool] = []
    listener.settimeout(20)
    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(c2pa.C2paError), c2pa.Context.from_json("{}") as context:
        c2pa.Reader("image/jpeg", io.BytesIO(data), context=context)
    thread.join(20)
    assert heard == [True]


@pytest.mark.parametrize("media_type", TYPES)
def test_a_file_cut_off_anywhere_is_never_trusted(bench, media_type: str) -> None:
    data = bench.signed(media_type)
    for part in range(1, 16):
        reading = bench.engine.read(data[: len(data) * part // 16], media_type)
        assert reading.state in {ManifestState.INVALID, ManifestState.NONE}, part


@pytest.mark.parametrize("said", TYPES)
@pytest.mark.parametrize("media_type", TYPES)
def test_a_file_called_another_type_than_it_is_never_harms(bench, media_type: str, said: str) -> None:
    """The type comes from the content before it gets here; called wrongly all the same, it is read or refused."""
    reading = bench.engine.read(bench.signed(media_type), said)
    assert isinstance(reading.state, ManifestState)


def test_a_flipped_byte_anywhere_in_the_manifest_never_makes_another_one(bench) -> None:
    """Every 311th byte of the file: trusted only where it is padding that nothing is read from."""
    data = bench.signed("image/png")
    honest = bench.engine.read(data, "image/png")
    for at in range(8, len(data), 311):
        changed = bytearray(data)
        changed[at] ^= 0x5A
        reading = bench.engine.read(bytes(changed), "image/png")
        if reading.state is ManifestState.TRUSTED:
            assert json.loads(reading.manifest_json)["manifests"] == json.loads(honest.manifest_json)["manifests"]


def test_two_manifests_in_one_picture_are_not_trusted(bench) -> None:
    first, second = bench.signed("image/png"), bench.signed("image/png", salt=b"another")
    both = first[:33] + _manifest_chunk(second) + first[33:]
    assert bench.engine.read(both, "image/png").state is ManifestState.INVALID
    behind = first[:-12] + _manifest_chunk(second) + first[-12:]
    assert bench.engine.read(behind, "image/png").state is ManifestState.INVALID


def test_a_manifest_copied_from_another_picture_is_not_trusted(bench, encoded) -> None:
    signed = bench.signed("image/png")
    other = encoded(_other_picture(), "PNG")
    found = bench.engine.read(other[:33] + _manifest_chunk(signed) + other[33:], "image/png")
    assert found.state is ManifestState.INVALID
    assert "assertion.dataHash.mismatch" in found.failures
    assert found.signed_here  # the signature is ours, and says nothing of this picture


def test_no_bytes_and_nonsense_are_no_manifest(bench) -> None:
    for data in (b"", b"\0", b"nothing", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"):
        for media_type in TYPES:
            assert bench.engine.read(data, media_type).state in {ManifestState.INVALID, ManifestState.NONE}


def _other_picture() -> Image.Image:
    return Image.new("RGB", (64, 64), (9, 99, 199))


def _chunk(kind: bytes, content: bytes) -> bytes:
    """PNG (W3C) section 5.3."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _manifest_chunk(png: bytes) -> bytes:
    at = png.index(b"caBX") - 4
    return png[at : at + 12 + struct.unpack_from(">I", png, at)[0]]


def _elsewhere(bench, media_type: str, url: str) -> bytes:
    """A picture that only says where its manifest lies."""
    identity, output = bench.authority.identity(), io.BytesIO()
    created = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    facts = {
        "claim_generator_info": [{"name": "A stranger"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    settings = json.dumps({"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}})
    signer = c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None)
    with signer, c2pa.Context.from_json(settings) as context, c2pa.Builder(facts, context=context) as builder:
        builder.set_no_embed()
        builder.set_remote_url(url)
        builder.sign(signer, media_type, io.BytesIO(bench.files[media_type]), output)
    return output.getvalue()
