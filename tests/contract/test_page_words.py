"""At /me every way in which a picture can fail to come has words that a person can act on."""

import re
from pathlib import Path

from semblance.safety.domain.verdict import Reason

ROOT = Path(__file__).parents[2]
# All that a picture's drawing runs through, whose errors its image may end with: each is asked, whoever raises it.
PASSED = (
    "libs/kernel/semblance/kernel/errors.py",
    "libs/service_kit/semblance/service_kit/consent_view.py",
    "libs/service_kit/semblance/service_kit/database.py",
    "libs/diffusion/semblance",
    "libs/faces/semblance",
    "libs/objects/semblance",
    "services/generation/semblance",
)
# No error's: what a bug ends a picture with.
DEFECT = "internal"
# Said when a picture is asked for, by the answer's own words.
AT_THE_DOOR = {"too-many-images", "image-in-wrong-state", "use-required", "use-denied", "invalid-order"}
# The operator's to mend, and in the words of his log: to the person it could not be made, for now.
OPERATORS = {
    *("backbone-missing", "backbone-unusable", "licence-refused", "engine-settings-refused", "size-not-offered"),
    *("bucket-missing", "store-denied", "store-full", "keyring-unavailable", "database-unavailable"),
    *("face-model-missing", "face-model-unusable", "consent-view-stale", "stub-sampler-refused"),
}
# The tree's own kinds, of which whatever is raised has a code of its own.
KINDS = {"invalid", "unauthenticated", "forbidden", "conflict", "quota-exceeded", "gone"}
# No picture ends with these, for the reason behind each.
NEVER = {
    "deadline-missed": "no request of the service has the engine's deadline",
    "queue-full": "the drawing waits and asks again",
    "cancelled": "only whoever drew calls a drawing off, and has a reason of their own",
    "adapter-wiped": "the engine's own, between a revocation and the next step",
    "slots-full": "the engine's own: the row waits",
    "backbone-taken": "a process has one engine, closed before another is made",
    "portable-adapter-needed": "answered by sending it",
    "rendering-still-stopping": "an erasure's, which waits for drawings",
    "unknown-face-model": "of who asks for a model by name; the engine asks for none",
    "invalid-image": "of photos that are given in; what was drawn is an array",
    "invalid-landmarks": "of landmarks that are given in; here the detector finds them",
    "subject-key-destroyed": "an erased person's, and their pictures are gone",
    "subject-key-unknown": "of who never had a thing sealed, an adapter among them",
}


def test_each_reason_has_words() -> None:
    script = (ROOT / "services/gateway/semblance/gateway/pages/me/words.js").read_text()
    table = script[script.index("export const WHY") : script.index("};", script.index("export const WHY"))]
    told = set(re.findall(r'[{,\s]"?([a-z][a-z-]+)"?: "', table))
    ends = codes() | {DEFECT}
    untold = AT_THE_DOOR | OPERATORS | KINDS | set(NEVER)
    assert untold <= ends, "somebody took these codes away"
    assert {reason.value for reason in Reason} | (ends - untold) <= told
    assert not told & untold


def codes() -> set[str]:
    """Of every error in the source of what a picture passes."""
    files = [each for path in PASSED for each in (sorted((ROOT / path).rglob("*.py")) or [ROOT / path])]
    stated = {each: re.findall(r'\bcode(?:: str)? = "([a-z-]+)"', each.read_text()) for each in files}
    assert {each.name for each in files if each.name == "errors.py" and not stated[each]} == set()
    return {code for own in stated.values() for code in own}
