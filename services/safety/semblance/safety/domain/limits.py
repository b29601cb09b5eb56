"""A person's own limits, in their own words, against a prompt. Deterministic, English, and no mind reader.

A limit is read clause by clause ("no beer or wine, nothing political"). A clause is broken when the prompt holds every
one of its content words, in any inflection; a word that names a topic stands for the topic's whole list. A clause that
begins with "only" is broken when the prompt lacks one of them. A limit without any content word cannot be checked, and
what cannot be checked is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from semblance.safety.domain.errors import InvalidPrompt
from semblance.safety.domain.normalise import plain, views

MAX_LIMITS: Final = 64
MAX_LIMIT_CHARACTERS: Final = 200
LIMIT_BROKEN: Final = "limit"
STYLE_DENIED: Final = "denied-style"
NOT_UNDERSTOOD: Final = "limit-not-understood"
MESSAGES: Final[Mapping[str, str]] = {
    LIMIT_BROKEN: "The person in the picture has set a limit that this prompt breaks.",
    STYLE_DENIED: "The person in the picture does not allow this style.",
    NOT_UNDERSTOOD: "The person in the picture has set a limit that cannot be checked, so nothing is made.",
}

_CLAUSES: Final = re.compile(r"[,;.!?/\n]+|\b(?:and|or|nor|also)\b")
_WORDS: Final = re.compile(r"[^\W_]+")
_ONLY: Final = "only"
_ENDINGS: Final = ("ies", "ing", "ed", "es", "s", "y", "e")


@dataclass(frozen=True)
class Topics:
    """`of`: a word in a limit -> what in a prompt belongs to its topic. `empty`: words that say nothing."""

    of: Mapping[str, re.Pattern[str]]
    empty: frozenset[str]


@dataclass(frozen=True)
class _Clause:
    words: tuple[re.Pattern[str], ...]
    only: bool

    def broken_by(self, readings: Sequence[str]) -> bool:
        holds = all(any(word.search(text) for text in readings) for word in self.words)
        return holds != self.only


def compile_topics(document: Mapping[str, object]) -> Topics:
    """From the YAML form: every topic has `named` and `means`, lists parted by commas; * is any ending."""
    topics = document["topics"]
    assert isinstance(topics, Mapping)
    of = {
        _root(name): _any_of(_listed(topic["means"])) for topic in topics.values() for name in _listed(topic["named"])
    }
    return Topics(of, frozenset(_listed(document["empty"])))


def broken_limits(prompt: str, limits: Sequence[str], denied_styles: Sequence[str], topics: Topics) -> tuple[str, ...]:
    """Codes of what the prompt breaks, without the texts. Raises InvalidPrompt for too many or too long."""
    if len(limits) + len(denied_styles) > MAX_LIMITS:
        raise InvalidPrompt(f"there are more than {MAX_LIMITS} limits")
    if any(len(text) > MAX_LIMIT_CHARACTERS for text in (*limits, *denied_styles)):
        raise InvalidPrompt(f"a limit has more than {MAX_LIMIT_CHARACTERS} characters")
    readings = views(prompt)
    found = []
    for code, texts in ((LIMIT_BROKEN, limits), (STYLE_DENIED, denied_styles)):
        for text in texts:
            clauses = _read(text, topics)
            if not clauses:
                found.append(NOT_UNDERSTOOD)
            elif any(clause.broken_by(readings) for clause in clauses):
                found.append(code)
    return tuple(dict.fromkeys(found))


def _read(limit: str, topics: Topics) -> list[_Clause]:
    clauses = []
    for part in _CLAUSES.split(plain(limit)):
        words = _WORDS.findall(part)
        content = [word for word in words if word not in topics.empty and word != _ONLY]
        if content:
            clauses.append(_Clause(tuple(_pattern(word, topics) for word in content), _ONLY in words))
    return clauses


def _pattern(word: str, topics: Topics) -> re.Pattern[str]:
    return topics.of.get(_root(word)) or re.compile(rf"(?<!\w){re.escape(_root(word))}{_inflected(word)}(?!\w)")


def _root(word: str) -> str:
    """What stays of a word in most of its forms: politics and politic, smoking and smoke, parties and party."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _inflected(word: str) -> str:
    """Short words are taken as they are: `gun` must not find `gunther`, nor `car` find `cared for`."""
    return r"(?:\w{0,1}(?:ing|ed|er|ers)|ies|es|s|y|e)?" if len(_root(word)) >= 3 else ""


def _listed(text: object) -> list[str]:
    return [word.strip() for word in str(text).split(",")]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    words = (pattern.replace("*", r"\w*").replace(" ", r"[\s\W]+") for pattern in patterns)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")
