"""The check before anything is made."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.safety.domain.limits import MESSAGES, broken_limits
from semblance.safety.domain.prompt import Finding, check_prompt
from semblance.safety.ports import Ports


def check(prompt: str, ports: Ports, *, limits: Sequence[str] = (), denied_styles: Sequence[str] = ()) -> Finding:
    """What the prompt asks for that is not made, here or of this person. Nothing is kept. Raises InvalidPrompt."""
    finding = check_prompt(prompt, ports.prompt_rules)
    broken = broken_limits(prompt, limits, denied_styles, ports.topics)
    codes = (*finding.codes, *broken)
    return Finding(codes, finding.message or (MESSAGES[broken[0]] if broken else ""))
