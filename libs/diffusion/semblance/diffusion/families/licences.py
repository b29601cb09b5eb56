"""What a backbone's licence lets an operator do. A name that is not listed here is unknown, and unknown is refused.

Names are SPDX's, or those that the Hugging Face Hub uses in a model card's `license` and `license_name`. Sources:
spdx.org/licenses, huggingface.co/docs/hub/repositories-licenses, and the licences' own texts. This is a guard against
accidents, not legal advice: the text of a licence decides.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import Final

from semblance.diffusion.errors import LicenceRefused

RANDOM_NUMBERS: Final = "none: random numbers"
"""Of test pipelines: weights that nobody trained."""


class Terms(enum.Enum):
    """OPEN: any purpose. RESTRICTED: commercial too, with a list of forbidden uses that is passed on to users.
    LIMITED: research, private or small business use only. UNKNOWN: not stated, or not listed."""

    OPEN = "open"
    RESTRICTED = "restricted in use"
    LIMITED = "not free for commercial use"
    UNKNOWN = "unknown"


_OPEN: Final = ("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "CC-BY-4.0", "Unlicense")
_RESTRICTED: Final = (
    "CreativeML-OpenRAIL-M",
    "OpenRAIL",
    "OpenRAIL-M",
    "OpenRAIL++",
    "CreativeML-OpenRAIL++-M",
    "OpenRAIL++-M",
)
_LIMITED: Final = (
    "FLUX-1-dev-non-commercial-license",
    "FLUX.1-dev",
    "stabilityai-ai-community",
    "stabilityai-nc-research-community",
    "sai-nc-community",
    "SDXL-Turbo",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-4.0",
)


def _plain(name: str) -> str:
    """Spelling, spaces and punctuation do not make another licence; `++` does."""
    # Letters of every script are part of a name: what is said in another one is not punctuation.
    return re.sub(r"(?:[^\w+]|_)+", "-", name.casefold()).strip("-")


_TERMS: Final = {
    **{_plain(name): Terms.OPEN for name in (*_OPEN, RANDOM_NUMBERS)},
    **{_plain(name): Terms.RESTRICTED for name in _RESTRICTED},
    **{_plain(name): Terms.LIMITED for name in _LIMITED},
}


def terms_of(licence: str) -> Terms:
    """The terms of a licence by its name alone."""
    return _TERMS.get(_plain(licence), Terms.UNKNOWN)


def require_licence(licence: str, allowed: Iterable[str], *, part: str | None = None) -> None:
    """Raise LicenceRefused unless the terms are open or restricted, or an operator allowed this very licence.

    part: whose it is of what lies beside the backbone; None: the backbone's own."""
    terms, own = terms_of(licence), _plain(licence)
    if terms in (Terms.OPEN, Terms.RESTRICTED) or (own and own in map(_plain, allowed)):
        return
    whose = "the backbone's licence" if part is None else f"the licence of {part} beside the backbone"
    where = "" if part is None else f", under licences.{part},"
    raise LicenceRefused(
        f"{whose}, {licence[:80]!r}, is {terms.value}",
        remedy=f"State its licence{where} in semblance.json, or allow this one by name: GENERATION_ALLOW_LICENCES and "
        "TRAINING_ALLOW_LICENCES, each a JSON list.",
    )
