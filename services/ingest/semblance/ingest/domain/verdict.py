"""What becomes of a photo once its faces are known, and the sentence that tells the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.ingest.domain.faces import Answer, FoundFace, Match


@dataclass(frozen=True)
class Rules:
    """min_face_px: shorter side of the face's box. min_sharpness: variance of the Laplacian of the aligned face."""

    min_face_px: float = 40.0
    min_sharpness: float = 10.0


@dataclass(frozen=True)
class Verdict:
    """own: the index of the subject's face in an accepted photo."""

    accepted: bool
    reason_code: str
    sentence: str
    own: int | None


def judge(faces: Sequence[FoundFace], answer: Answer, rules: Rules) -> Verdict:
    """The verdict on a photo with these faces; the answer is identity's, its matches in the same order."""
    matches = answer.matches
    if not faces:
        return _refused("no-face", "no face was found in it")
    own = _own(matches)
    if _is_protected(faces, matches, own):
        return _refused("protected-face", "its main face is one that nothing may be made of here")
    if own is None:
        return _without_own(faces, answer, rules)
    others = len(faces) - 1
    if bad := _too_bad(faces[own], rules):
        return bad
    if others == 0:
        return Verdict(True, "", "Used.", own)
    who = "1 other person is" if others == 1 else f"{others} other people are"
    return Verdict(True, "", f"Used, your own face only: {who} left out and never learnt from.", own)


def _is_protected(faces: Sequence[FoundFace], matches: Sequence[Match], own: int | None) -> bool:
    """Whether the largest face, or the one that would be learnt from, is on the protected register."""
    largest = max(range(len(faces)), key=lambda i: faces[i].size_px)
    return matches[largest].protected or (own is not None and matches[own].protected)


def _without_own(faces: Sequence[FoundFace], answer: Answer, rules: Rules) -> Verdict:
    """A lone face that is too bad to be recognised is called that: it helps more than "not found"."""
    if len(faces) == 1 and (bad := _too_bad(faces[0], rules)):
        return bad
    if answer.opt_in_again:
        why = "faces are recognised in a new way here, and yours is not known to it: opt in again before your camera"
        return _refused("opt-in-again", why)
    known = answer.enrolled
    why = "your face was not found in it" if known else "your face is not known yet, so it cannot be found in it"
    return _refused("own-face-missing", why)


def _own(matches: Sequence[Match]) -> int | None:
    """At most one face in a photo is the subject's: the likeliest."""
    found = [i for i, match in enumerate(matches) if match.own]
    return max(found, key=lambda i: matches[i].own_score) if found else None


def _too_bad(face: FoundFace, rules: Rules) -> Verdict | None:
    if face.size_px < rules.min_face_px:
        return _refused("face-too-small", "the face in it is too small")
    if face.sharpness < rules.min_sharpness:
        return _refused("too-blurry", "the face in it is too blurry")
    return None


def _refused(reason_code: str, why: str) -> Verdict:
    return Verdict(False, reason_code, f"Not used: {why}.", None)
