"""The check before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from semblance.safety.domain.limit_clauses import clauses_of
from semblance.safety.domain.limits import LIMIT_BROKEN, MESSAGES, STYLE_DENIED, broken_limits, without_harmless
from semblance.safety.domain.normalise import plain
from semblance.safety.domain.prompt import Finding, check_prompt
from semblance.safety.domain.readable import NOT_READ, NOT_READ_MESSAGE, Readings, readings
from semblance.safety.ports import Ports


def check(
    prompt: str,
    ports: Ports,
    *,
    negative_prompt: str = "",
    limits: Sequence[str] = (),
    denied_styles: Sequence[str] = (),
) -> Finding:
    """What the prompt asks for that is not made, here or of this person. Nothing is kept.

    Rules and word lists have the first word: what they refuse is refused whatever the models say, and the phrases that
    they know as harmless are not shown to the models. A negative prompt is read by rules of its own: a picture without
    clothes is a nude. Raises InvalidPrompt, Unavailable (no model, no pass).
    """
    left_out = _left_out(negative_prompt, ports)
    if left_out.codes:
        return left_out
    finding = check_prompt(prompt, ports.prompt_rules)
    broken = broken_limits(prompt, limits, denied_styles, ports.topics)
    if finding.codes or broken:
        return Finding((*finding.codes, *broken), finding.message or MESSAGES[broken[0]])
    read = readings(prompt, ports.prompt_rules.harmless)
    if read.unread and ports.refuse_unread:
        return Finding((NOT_READ,), NOT_READ_MESSAGE)
    asked = ports.prompt_rules.finding(ports.intent_model.intents(read))
    clauses = clauses_of([*limits, *denied_styles])
    shown = _under(prompt, read, limits, ports)
    hit = {clauses[k].limit for k in ports.limit_model.broken(shown, clauses)} if clauses else set()
    meant = _codes(hit, len(limits))
    return Finding((*asked.codes, *meant), asked.message or (MESSAGES[meant[0]] if meant else ""))


def _under(prompt: str, read: Readings, limits: Sequence[str], ports: Ports) -> Readings:
    """What the model reads against limits: what their words know as harmless is not shown to it either."""
    cleared = without_harmless(prompt, limits, ports.topics)
    return read if cleared == prompt else readings(cleared, ports.prompt_rules.harmless)


def _left_out(negative_prompt: str, ports: Ports) -> Finding:
    if not plain(negative_prompt):
        return Finding((), "")
    if ports.refuse_unread and readings(negative_prompt).unread:
        return Finding((NOT_READ,), NOT_READ_MESSAGE)
    return check_prompt(negative_prompt, ports.left_out_rules)


def _codes(hit: Iterable[int], limits: int) -> tuple[str, ...]:
    return tuple(sorted({LIMIT_BROKEN if number < limits else STYLE_DENIED for number in hit}, reverse=True))
