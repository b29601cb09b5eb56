"""`python -m semblance.provenance.check_conformance FILE ...`: each requirement that a picture keeps or breaks.

Trusts the root of PROVENANCE_SIGNING_DIR and PROVENANCE_TRUST_ANCHORS_FILE; exits 1 if anything is broken.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import SemblanceError
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.adapters.signers.choosing import generator_of, keys_of, time_stamps_of
from semblance.provenance.domain.conformance import REQUIREMENTS, explain
from semblance.provenance.domain.picture import read_header
from semblance.provenance.settings import ProvenanceSettings

VERSIONS = ("2.2", "2.4")


def main(files: Sequence[str], settings: ProvenanceSettings | None = None) -> int:
    """Print a line for each requirement of each file."""
    settings = settings or ProvenanceSettings()
    if not (settings.signing_dir / "root.pem").exists():  # a question must not make a chain
        print(f"{settings.signing_dir} holds no root.pem; set PROVENANCE_SIGNING_DIR")
        return 2
    anchors = settings.trust_anchors_file.read_text() if settings.trust_anchors_file else ""
    engine = C2paEngine(
        keys_of(settings, SystemClock()),
        generator_of(settings),
        other_anchors_pem=anchors,
        time_stamps=time_stamps_of(settings),
    )
    return max([_check(Path(file), engine) for file in files], default=2)


def _check(file: Path, engine: C2paEngine) -> int:
    try:
        data = file.read_bytes()
        crjson = engine.crjson(data, read_header(data).media_type)
    except (OSError, SemblanceError) as error:
        print(f"{file}: {error}")
        return 1
    status = 0
    for version in VERSIONS:
        broken = {each.code: each for each in explain(crjson, version)}
        for code in dict.fromkeys(one.code for one in REQUIREMENTS if version in one.versions):
            print(f"{file} {version} {'BROKEN' if code in broken else 'kept  '} {broken.get(code, code)}")
        status |= bool(broken)
    return int(status)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__)
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
