"""Make everything that follows from protos/: stubs, the topic table, AsyncAPI documents.

    python -m semblance.contracts.generate            # write
    python -m semblance.contracts.generate --check    # say what differs, write nothing, exit 1 if anything does
    python -m semblance.contracts.generate --baseline # also accept today's protos as what must never break

Needs the source tree and the developer packages (grpcio-tools, mypy-protobuf, PyYAML); services never run it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from semblance.contracts.generating import asyncapi, stubs, topic_files, topic_table

ROOT = Path(__file__).parents[4]


def generate(root: Path) -> dict[str, bytes]:
    """Every generated file's content by its path from `root`. Raises CalledProcessError, TopicFileError."""
    topics = topic_files.read_all(root / "protos" / "topics")
    with tempfile.TemporaryDirectory() as scratch:
        made = stubs.compile_protos(root / "protos", Path(scratch))
        descriptors = stubs.descriptor_set(root / "protos", Path(scratch), comments=True)
    files = {f"libs/contracts/{path}": data for path, data in made.items()}
    files["libs/contracts/semblance/contracts/topic_table.py"] = topic_table.render(topics).encode()
    for owner, document in asyncapi.documents(topics, descriptors).items():
        files[f"docs/events/asyncapi-{owner}.yaml"] = document.encode()
    return files


def stale(root: Path, files: dict[str, bytes]) -> list[str]:
    """Paths whose committed content differs from `files`, and generated files that nothing generates any more."""
    differing = [p for p, data in files.items() if not (root / p).is_file() or (root / p).read_bytes() != data]
    present = [*root.glob("libs/contracts/semblance/contracts/*/v*/*_pb2*.py*"), *root.glob("docs/events/asyncapi-*")]
    return sorted(differing + [str(p.relative_to(root)) for p in present if str(p.relative_to(root)) not in files])


def write(root: Path, files: dict[str, bytes]) -> None:
    """Make the tree agree with `files`: write what differs, remove what nothing generates."""
    for path in stale(root, files):
        target = root / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        else:
            target.unlink()


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m semblance.contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is out of date")
    parser.add_argument("--baseline", action="store_true", help="accept today's protos as the breaking-change baseline")
    arguments = parser.parse_args(argv)
    files = generate(ROOT)
    changed = stale(ROOT, files)
    sys.stdout.write("".join(f"{path}\n" for path in changed))
    if arguments.check:
        return 1 if changed else 0
    write(ROOT, files)
    if arguments.baseline:
        with tempfile.TemporaryDirectory() as scratch:
            snapshot = stubs.descriptor_set(ROOT / "protos", Path(scratch), comments=False)
        (ROOT / "protos" / "baseline.binpb").write_bytes(snapshot.SerializeToString(deterministic=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
