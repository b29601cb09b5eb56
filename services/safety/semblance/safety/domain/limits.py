"""A person's own limits, in their own words, against a prompt. Deterministic, and no mind reader: English, and the
words of fourteen topics in thirteen more languages.

A limit is read clause by clause ("no beer or wine, nothing political"). A clause is broken when the prompt holds every
one of its content words, in any inflection; a word that names a topic stands for the topic's whole list. A clause that
says "only" is broken when the prompt lacks one of them. A limit without any content word cannot be checked, and
what cannot be checked is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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

_CLAUSES: Final = re.compile(r"[,;.!?/\n]+|\b(?:and|or|nor|also|und|oder|noch|ni|ou|lub|ani|veya)\b")
_WORDS: Final = re.compile(r"[^\W_]+")
_ONLY: Final = frozenset(
    map(plain, ("only", "nur", "seulement", "apenas", "soltanto", "alleen", "tylko", "sadece", "только"))
)
_ONLY_FIRST: Final = "solo"  # Spanish and Italian; "no solo portraits" is English
_ENDINGS: Final = ("ies", "ing", "ed", "es", "s", "y", "e")


@dataclass(frozen=True)
class _Sought:
    """Words of a prompt that a word of a limit stands for. `harmless`: phrases that hold such words and mean none.
    `itself`: the word of the limit, where that may be meant instead."""

    words: re.Pattern[str]
    harmless: re.Pattern[str] | None = None
    itself: re.Pattern[str] | None = None

    def held_by(self, text: str) -> bool:
        cleared = self.harmless.sub(" . ", text) if self.harmless else text
        return any(words is not None and words.search(cleared) for words in (self.words, self.itself))


@dataclass(frozen=True)
class Topics:
    """`of`: a word in a limit -> what in a prompt belongs to its topic. `empty`: words that say nothing. `inside`: what
    names a topic in scripts without spaces. `foreign`: words in `of` that may mean something else in English ("mayo" is
    Turkish for swimwear)."""

    of: Mapping[str, _Sought]
    empty: frozenset[str]
    inside: Sequence[tuple[re.Pattern[str], _Sought]] = ()
    foreign: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Clause:
    words: tuple[_Sought, ...]
    only: bool

    def broken_by(self, readings: Sequence[str]) -> bool:
        holds = all(any(word.held_by(text) for text in readings) for word in self.words)
        return holds != self.only


def compile_topics(document: Mapping[str, object], others: Mapping[str, object] | None = None) -> Topics:
    """From the YAML forms, the English one and that of other languages: every topic has `named` and `means`, lists
    parted by commas; * is any ending. What is not English is folded here as prompts are."""
    topics, more = document["topics"], (others or {}).get("topics", {})
    assert isinstance(topics, Mapping)
    assert isinstance(more, Mapping)
    english: dict[str, _Sought] = {}
    foreign: dict[str, _Sought] = {}
    inside = []
    for name, topic in topics.items():
        other = more.get(name, {})
        sought = _sought(topic, other)
        for of, names in ((english, _listed(topic["named"])), (foreign, _folded(other.get("named")))):
            of |= {_root(word): sought for word in names if _root(word) not in of}
        if other.get("named_inside"):
            inside.append((_within(_folded(other["named_inside"])), sought))
    empty = frozenset([*_listed(document["empty"]), *_folded((others or {}).get("empty"))])
    return Topics(foreign | english, empty, tuple(inside), frozenset(foreign.keys() - english.keys()))


def _sought(topic: Mapping[str, object], other: Mapping[str, object]) -> _Sought:
    words = _any_of([*_listed(topic["means"]), *_folded(other.get("means"))])
    if other.get("inside"):
        words = re.compile(f"{words.pattern}|{_within(_folded(other['inside'])).pattern}")
    return _Sought(words, _any_of(_folded(topic["harmless"])) if topic.get("harmless") else None)


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


def without_harmless(prompt: str, limits: Sequence[str], topics: Topics) -> str:
    """The prompt without phrases that only look as if they broke one of these limits ("root beer"), in small letters
    without accents; the prompt as it is where there are none."""
    text = plain(prompt)
    for sought in {word for limit in limits for clause in _read(limit, topics) for word in clause.words}:
        text = sought.harmless.sub(" , ", text) if sought.harmless else text
    return prompt if text == plain(prompt) else text


def _read(limit: str, topics: Topics) -> list[_Clause]:
    clauses = []
    for part in _CLAUSES.split(plain(limit)):
        words = _WORDS.findall(part)
        only = not _ONLY.isdisjoint(words) or words[:1] == [_ONLY_FIRST]
        said = words[1:] if words[:1] == [_ONLY_FIRST] else words
        content = [word for word in said if word not in topics.empty and word not in _ONLY]
        if content:
            clauses.append(_Clause(tuple(_wanted(word, topics) for word in content), only))
        clauses += [_Clause((sought,), only=False) for named, sought in topics.inside if named.search(part)]
    return clauses


def _wanted(word: str, topics: Topics) -> _Sought:
    itself = re.compile(rf"(?<!\w){re.escape(_root(word))}{_inflected(word)}(?!\w)")
    topic = topics.of.get(_root(word))
    if topic is None:
        return _Sought(itself)
    return replace(topic, itself=itself) if _root(word) in topics.foreign else topic


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


def _folded(text: object) -> list[str]:
    return [plain(word) for word in _listed(text)] if text else []


def _within(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    words = (p.replace("*", r"\w*").replace(" ?", r"[\s\W]*").replace(" ", r"[\s\W]+") for p in patterns)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")
