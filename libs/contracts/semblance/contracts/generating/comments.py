"""Leading comments of a proto, which protoc keeps apart from what they describe."""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import FileDescriptorProto


def by_path(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Leading comment, on one line, by the path of what it describes (descriptor.proto, SourceCodeInfo)."""
    return {
        tuple(location.path): " ".join(location.leading_comments.split())
        for location in file.source_code_info.location
        if location.leading_comments
    }
