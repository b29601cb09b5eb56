"""At /me every way in which a picture can fail to come has words that a person can act on."""

import re
from pathlib import Path

from semblance.generation.domain import errors
from semblance.kernel.errors import SemblanceError
from semblance.safety.domain.verdict import Reason

ROOT = Path(__file__).parents[2]
# Said when a picture is asked for, by the answer's own words.
AT_THE_DOOR = {"too-many-images", "image-in-wrong-state", "use-required", "use-denied", "invalid-order", "not-found"}
# The operator's to mend, and in the words of his log: to the person it could not be made, for now.
OPERATORS = {"backbone-missing", "size-not-offered"}


def test_each_reason_has_words() -> None:
    script = (ROOT / "services/gateway/semblance/gateway/pages/me/words.js").read_text()
    table = script[script.index("export const WHY") : script.index("};", script.index("export const WHY"))]
    told = set(re.findall(r'[{,\s]"?([a-z][a-z-]+)"?: "', table))
    own = [each for each in vars(errors).values() if getattr(each, "__module__", "") == errors.__name__]
    ends = {each.code for each in own if issubclass(each, SemblanceError)}
    assert ends > AT_THE_DOOR | OPERATORS
    wanted = {reason.value for reason in Reason} | (ends - AT_THE_DOOR - OPERATORS)
    assert wanted - told == set()
