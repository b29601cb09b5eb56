"""protoc through grpcio-tools: message stubs, gRPC stubs, their types, descriptors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet


def proto_files(protos: Path) -> list[str]:
    """Every proto's path from `protos`, sorted."""
    return sorted(str(p.relative_to(protos)) for p in protos.rglob("*.proto"))


def compile_protos(protos: Path, scratch: Path) -> dict[str, bytes]:
    """Generated Python by path from the library's root. Raises CalledProcessError when a proto is wrong."""
    out = scratch / "stubs"
    out.mkdir()
    files = proto_files(protos)
    _protoc(protos, [f"--python_out={out}", f"--pyi_out={out}", *files])
    services = [f for f in files if not f.endswith("/events.proto")]
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    _protoc(
        protos,
        [
            f"--plugin=protoc-gen-mypy_grpc={plugin}",
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out=quiet:{out}",
            *services,
        ],
    )
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*_pb2*.py*"))}


def descriptor_set(protos: Path, scratch: Path, *, comments: bool) -> FileDescriptorSet:
    """All of our files as protoc understands them, in path order; with their comments if asked."""
    out = scratch / "descriptors.binpb"
    extra = ["--include_source_info"] if comments else []
    _protoc(protos, [f"--descriptor_set_out={out}", *extra, *proto_files(protos)])
    return FileDescriptorSet.FromString(out.read_bytes())


def _protoc(protos: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", *arguments]
    done = subprocess.run(command, cwd=protos, capture_output=True, text=True, check=False)  # noqa: S603 - our own files
    if done.returncode != 0:
        raise SyntaxError(f"protoc refused the protos:\n{done.stderr}")
