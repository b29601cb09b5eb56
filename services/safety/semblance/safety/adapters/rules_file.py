"""The prompt rules and topics that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from semblance.safety.domain.errors import BadNames
from semblance.safety.domain.limits import Topics, compile_topics
from semblance.safety.domain.normalise import plain
from semblance.safety.domain.prompt import PromptRules, compile_rules

MAX_NAMES, MIN_NAME_CHARACTERS = 50_000, 4


@cache
def prompt_rules() -> PromptRules:
    """Rules from rules/*.yaml, compiled once."""
    folder = resources.files("semblance.safety").joinpath("rules")
    files = ("prompts.yaml", "languages.yaml", "names.yaml")
    english, others, names = (yaml.safe_load(folder.joinpath(file).read_text("utf-8")) for file in files)
    return compile_rules(english, others, names)


@cache
def left_out_rules() -> PromptRules:
    """What a negative prompt may not ask to be without, from rules/left_out.yaml, compiled once."""
    text = resources.files("semblance.safety").joinpath("rules", "left_out.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    return compile_rules(document, document["languages"])


@cache
def topics() -> Topics:
    """What words in limits stand for, from rules/topics.yaml and topic_languages.yaml, compiled once."""
    folder = resources.files("semblance.safety").joinpath("rules")
    files = ("topics.yaml", "topic_languages.yaml")
    english, others = (yaml.safe_load(folder.joinpath(file).read_text("utf-8")) for file in files)
    return compile_topics(english, others)


def public_figures(path: Path | None) -> tuple[str, ...]:
    """An operator's list of names, one a line, # for remarks; none without a path. Raises BadNames."""
    if path is None:
        return ()
    try:
        lines = [line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as e:
        raise BadNames("the list of public figures cannot be read") from e
    names = tuple(line for line in lines if line)
    if len(names) > MAX_NAMES or any(len(plain(name)) < MIN_NAME_CHARACTERS for name in names):
        raise BadNames(
            f"the list of public figures has more than {MAX_NAMES} names, or one below {MIN_NAME_CHARACTERS} letters"
        )
    return names
