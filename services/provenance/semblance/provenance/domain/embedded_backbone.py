"""The backbone that ships with this project, by the digest of its weights; a test compares it with the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from semblance.provenance.domain.models_used import Backbone

EMBEDDED: Final[Mapping[str, Backbone]] = {
    "788ec46183453505bbc881b82745d32959111f11e63a8d43f36d71be75168f68": Backbone("pocket-64", "0.4.0", "Apache-2.0"),
}
