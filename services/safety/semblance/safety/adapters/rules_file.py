"""The prompt rules and topics that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from semblance.safety.domain.limits import Topics, compile_topics
from semblance.safety.domain.prompt import PromptRules, compile_rules


@cache
def prompt_rules() -> PromptRules:
    """Rules from rules/prompts.yaml, compiled once."""
    text = resources.files("semblance.safety").joinpath("rules", "prompts.yaml").read_text("utf-8")
    return compile_rules(yaml.safe_load(text))


@cache
def topics() -> Topics:
    """What words in limits stand for, from rules/topics.yaml, compiled once."""
    text = resources.files("semblance.safety").joinpath("rules", "topics.yaml").read_text("utf-8")
    return compile_topics(yaml.safe_load(text))
