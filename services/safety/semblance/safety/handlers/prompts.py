"""The check before anything is made."""

from __future__ import annotations

from semblance.safety.domain.prompt import Finding, check_prompt
from semblance.safety.ports import Ports


def check(prompt: str, ports: Ports) -> Finding:
    """What the prompt asks for that is not made. Nothing of it is kept. Raises InvalidPrompt."""
    return check_prompt(prompt, ports.prompt_rules)
