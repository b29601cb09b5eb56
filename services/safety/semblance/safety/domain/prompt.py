"""Rules over prompts: categories of patterns, and phrases that only look as if they broke one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from semblance.safety.domain.errors import InvalidPrompt
from semblance.safety.domain.names import Names, no_persons, person_pattern
from semblance.safety.domain.normalise import plain, views

MAX_CHARACTERS = 2000
OTHER_PERSON = "other-person"


@dataclass(frozen=True)
class Category:
    """Something that is not made. `alone` breaks it by itself; `together` needs one pattern of each of its groups.
    `cased` is looked for in the prompt as typed, because names begin with capitals. `inside` needs no word's edge:
    some scripts have no spaces."""

    code: str
    message: str
    alone: re.Pattern[str] | None
    together: tuple[tuple[re.Pattern[str], ...], ...] = ()
    cased: re.Pattern[str] | None = None
    inside: re.Pattern[str] | None = None


@dataclass(frozen=True)
class PromptRules:
    """All categories, and the harmless phrases that are taken out before looking."""

    categories: tuple[Category, ...]
    harmless: re.Pattern[str] | None
    harmless_names: re.Pattern[str] | None
    given: re.Pattern[str] | None = None
    names: Names = field(default_factory=lambda: Names(()))

    def finding(self, codes: Collection[str]) -> Finding:
        """These codes, in the categories' order, with the first one's message."""
        found = [c for c in self.categories if c.code in codes]
        return Finding(tuple(c.code for c in found), found[0].message if found else "")


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
    seen = views(prompt)
    readings = [_without(rules.harmless, view) for view in seen]
    typed = _without(rules.harmless_names, prompt)
    broken = {c.code for c in rules.categories if any(_breaks(c, text) for text in readings) or _named(c, typed)}
    by_given_name = rules.given is not None and not _in_title_case(typed) and rules.given.search(typed)
    if by_given_name or any(rules.names.found_in(text) for text in seen):
        broken.add(OTHER_PERSON)
    return rules.finding(broken)


def with_names(rules: PromptRules, names: Sequence[str]) -> PromptRules:
    """The rules, and these people may not be named."""
    return replace(rules, names=Names(names))


def compile_rules(
    document: Mapping[str, object],
    others: Mapping[str, object] | None = None,
    names: Mapping[str, object] | None = None,
) -> PromptRules:
    """Rules from their YAML form: patterns are regular expressions over whole words, where * stands for any ending.
    `others` are words of other languages, folded here as prompts are. `names`: given names, and what only sounds so."""
    categories, words = document["categories"], (others or {}).get("categories", {})
    assert isinstance(categories, Mapping)
    assert isinstance(words, Mapping)
    return PromptRules(
        categories=tuple(_category(code, spec, words.get(code, {})) for code, spec in categories.items()),
        harmless=_any_of([*_strings(document.get("harmless")), *_folded((others or {}).get("harmless"))]),
        harmless_names=_any_of([*_strings(document.get("harmless_names")), *(no_persons(names) if names else [])]),
        given=person_pattern(names) if names else None,
    )


def _category(code: str, spec: Mapping[str, object], others: Mapping[str, object]) -> Category:
    groups = spec.get("together") or []
    assert isinstance(groups, Sequence)
    return Category(
        code=code,
        message=str(spec["message"]),
        alone=_any_of([*_strings(spec.get("alone")), *_folded(others.get("words"))]),
        together=tuple(tuple(p for p in map(_any_of, map(_strings, group)) if p is not None) for group in groups),
        cased=_any_of([*_strings(spec.get("cased")), *_strings(others.get("cased"))]),
        inside=re.compile("|".join(_folded(others["inside"]))) if others.get("inside") else None,
    )


def _folded(value: object) -> list[str]:
    """Lists parted by commas, each word as `plain` reads it."""
    lines = [value] if isinstance(value, str) else _strings(value)
    return [plain(word) for line in lines for word in line.split(",") if word.strip()]


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
    if any(p is not None and p.search(text) for p in (category.alone, category.inside)):
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
