"""Rules over prompts: categories of patterns, and phrases that only look as if they broke one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semblance.safety.domain.errors import InvalidPrompt
from semblance.safety.domain.normalise import plain, views

MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class Category:
    """Something that is not made. `alone` breaks it by itself; `together` needs one pattern of each of its groups.
    `cased` is looked for in the prompt as typed, because names begin with capitals."""

    code: str
    message: str
    alone: re.Pattern[str] | None
    together: tuple[tuple[re.Pattern[str], ...], ...] = ()
    cased: re.Pattern[str] | None = None


@dataclass(frozen=True)
class PromptRules:
    """All categories, and the harmless phrases that are taken out before looking."""

    categories: tuple[Category, ...]
    harmless: re.Pattern[str] | None
    harmless_names: re.Pattern[str] | None


@dataclass(frozen=True)
class Finding:
    """What a prompt asks for that is not made; nothing if `codes` is empty. Never holds the prompt."""

    codes: tuple[str, ...]
    message: str


def check_prompt(prompt: str, rules: PromptRules) -> Finding:
    """Raises InvalidPrompt for an empty or over-long one."""
    if not plain(prompt):
        raise InvalidPrompt("the prompt is empty")
    if len(prompt) > MAX_CHARACTERS:
        raise InvalidPrompt(f"the prompt has more than {MAX_CHARACTERS} characters")
    readings = [_without(rules.harmless, view) for view in views(prompt)]
    typed = _without(rules.harmless_names, prompt)
    broken = [c for c in rules.categories if any(_breaks(c, text) for text in readings) or _named(c, typed)]
    return Finding(codes=tuple(c.code for c in broken), message=broken[0].message if broken else "")


def compile_rules(document: Mapping[str, object]) -> PromptRules:
    """Rules from their YAML form: patterns are regular expressions over whole words, where * stands for any ending."""
    categories = document["categories"]
    assert isinstance(categories, Mapping)
    return PromptRules(
        categories=tuple(_category(code, spec) for code, spec in categories.items()),
        harmless=_any_of(_strings(document.get("harmless"))),
        harmless_names=_any_of(_strings(document.get("harmless_names"))),
    )


def _category(code: str, spec: Mapping[str, object]) -> Category:
    groups = spec.get("together") or []
    assert isinstance(groups, Sequence)
    return Category(
        code=code,
        message=str(spec["message"]),
        alone=_any_of(_strings(spec.get("alone"))),
        together=tuple(tuple(p for p in map(_any_of, map(_strings, group)) if p is not None) for group in groups),
        cased=_any_of(_strings(spec.get("cased"))),
    )


def _strings(value: object) -> list[str]:
    if value is None:
        return []
    assert isinstance(value, list)
    return [str(item) for item in value]


def _any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    words = map(_as_regex, patterns)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")


def _as_regex(pattern: str) -> str:
    """A star after a letter is any ending; a space is any gap, and `space?` perhaps none."""
    endings = re.sub(r"(?<![\])\\.+?}])\*", r"\\w*", pattern)
    return endings.replace(" ?", r"[\s\W]*").replace(" ", r"[\s\W]+")


def _breaks(category: Category, text: str) -> bool:
    if category.alone is not None and category.alone.search(text):
        return True
    return any(all(pattern.search(text) for pattern in group) for group in category.together)


def _named(category: Category, typed: str) -> bool:
    return category.cased is not None and not _in_title_case(typed) and category.cased.search(typed) is not None


def _in_title_case(text: str) -> bool:
    """Where nearly every word has a capital, capitals say nothing about names."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 2]
    return len(words) >= 5 and sum(word[0].isupper() for word in words) >= 0.8 * len(words)


def _without(harmless: re.Pattern[str] | None, text: str) -> str:
    """`text` with each harmless phrase made a word that no rule knows."""
    return harmless.sub(" . ", text) if harmless is not None else text
