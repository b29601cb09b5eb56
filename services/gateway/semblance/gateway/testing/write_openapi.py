"""Write the API's document: python -m semblance.gateway.testing.write_openapi docs/openapi.json"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from semblance.gateway.api.docs import document_text
from semblance.gateway.testing.process import gateway

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        Path(sys.argv[1]).write_text(document_text(gateway(Path(directory)).app))
