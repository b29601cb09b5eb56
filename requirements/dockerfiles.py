"""Dockerfiles as lists of instructions, and what is wrong with one by rules that are ours.

hadolint (`make images-lint`) knows more of shell and of package managers; these rules need nothing installed, and are
about what this repository promises: pinned, small, not root, with a health check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PINNED = re.compile(r"^[\w./-]+:(?!latest@)[\w.-]+@sha256:[0-9a-f]{64}$")
# No ADD, ARG, VOLUME or SHELL.
KNOWN = frozenset(
    ["FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"]
)
WRITING = frozenset({"COPY", "RUN"})


@dataclass(frozen=True)
class Instruction:
    """One instruction, continued lines joined; `text` as written, flags among them."""

    name: str
    text: str

    @property
    def flags(self) -> tuple[str, ...]:
        """Leading --flags."""
        words = self.text.split()
        return tuple(words[: next((n for n, word in enumerate(words) if not word.startswith("--")), len(words))])

    @property
    def rest(self) -> str:
        """The text behind the flags."""
        return self.text.split(maxsplit=len(self.flags))[-1] if self.flags else self.text


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next. `name` is empty without AS."""

    base: str
    name: str
    steps: tuple[Instruction, ...]


def parse(text: str) -> list[Instruction]:
    """Raises ValueError for a line that has no arguments."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE))
    found = []
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.strip().partition(" ")
        if not rest.strip():
            raise ValueError(f"an instruction without arguments: {name}")
        found.append(Instruction(name.upper(), rest.strip()))
    return found


def stages(instructions: list[Instruction]) -> list[Stage]:
    """Raises ValueError where something stands before the first FROM."""
    found: list[Stage] = []
    for each in instructions:
        if each.name == "FROM":
            base, _, name = each.rest.partition(" AS ")
            found.append(Stage(base.strip(), name.strip(), ()))
        elif not found:
            raise ValueError(f"{each.name} before the first FROM")
        else:
            found[-1] = Stage(found[-1].base, found[-1].name, (*found[-1].steps, each))
    return found


def variables(text: str) -> dict[str, str]:
    """What `ENV A=b C="d e"` or a LABEL sets."""
    pairs = re.findall(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S+)', text)
    return {name: json.loads(value) if value.startswith('"') else value for name, value in pairs}


def faults(text: str) -> list[str]:
    """What is wrong, in words; empty for a sound file. Raises ValueError for what is no Dockerfile."""
    parsed = parse(text)
    parts = stages(parsed)
    if not parts:
        raise ValueError("no FROM")
    return [fault for rule in _RULES for fault in rule(parsed, parts)]


def _known(parsed: list[Instruction], _: list[Stage]) -> Iterator[str]:
    for each in parsed:
        if each.name not in KNOWN:
            yield f"{each.name} is not used here"


def _bases(_: list[Instruction], parts: list[Stage]) -> Iterator[str]:
    names = {part.name for part in parts if part.name}
    for part in parts:
        if part.base not in names and not PINNED.match(part.base):
            yield f"a base that is not pinned by tag and digest: {part.base}"


def _user(_: list[Instruction], parts: list[Stage]) -> Iterator[str]:
    steps = parts[-1].steps
    places = [n for n, each in enumerate(steps) if each.name == "USER"]
    if not places:
        yield "nobody said USER: it would run as root"
        return
    user = steps[places[-1]].text.split(":")[0]
    if not user.isdigit() or int(user) == 0:
        yield f"USER {user} is not a number other than 0"
    if any(each.name in WRITING for each in steps[places[-1] :]):
        yield "something is written after USER"


def _commands(_: list[Instruction], parts: list[Stage]) -> Iterator[str]:
    steps = parts[-1].steps
    if not any(each.name == "ENTRYPOINT" for each in steps):
        yield "no ENTRYPOINT"
    for each in steps:
        if each.name in {"ENTRYPOINT", "CMD"} and exec_form(each.text) is None:
            yield f"{each.name} is not in exec form"
    checks = [each for each in steps if each.name == "HEALTHCHECK"]
    if len(checks) != 1:
        yield "not one HEALTHCHECK"
    for each in checks:
        if each.text != "NONE" and health_command(each) is None:
            yield "HEALTHCHECK is not in exec form"


def _runs(parsed: list[Instruction], _: list[Stage]) -> Iterator[str]:
    for each in parsed:
        if each.name != "RUN":
            continue
        if re.search(r"\b(sudo|curl|wget)\b", each.text):
            yield "RUN with sudo, curl or wget"
        parts = each.rest.split("&&")
        for part in parts:
            if "pip install" in part and not ("-r requirements/" in part and "--no-cache-dir" in part):
                yield "pip install without the pins of requirements/, or with a cache"
        if "apt-get install" in each.text and not (
            "apt-get update" in parts[0] and "--no-install-recommends" in each.text and "rm -rf /var/lib/apt/lists/*"
            in parts[-1]
        ):  # fmt: skip
            yield "apt-get install that is not one layer of update, install --no-install-recommends, clean"


def _places(parsed: list[Instruction], _: list[Stage]) -> Iterator[str]:
    for each in parsed:
        if each.name == "WORKDIR" and not each.text.startswith("/"):
            yield f"WORKDIR {each.text} is relative"
        if each.name == "ENV":
            for name in variables(each.text):
                if re.search(r"PASSWORD|SECRET|TOKEN|_KEY$", name):
                    yield f"ENV {name} would be a secret in a layer"


_RULES: tuple[Callable[[list[Instruction], list[Stage]], Iterator[str]], ...] = (
    _known, _bases, _user, _commands, _runs, _places,
)  # fmt: skip


def health_command(check: Instruction) -> list[str] | None:
    """The words of `HEALTHCHECK ... CMD [...]`; None if it has none in exec form."""
    options, word, command = check.text.partition("CMD ")
    return exec_form(command) if word and all(each.startswith("--") for each in options.split()) else None


def exec_form(text: str) -> list[str] | None:
    """The words of a JSON list of words; None if it is none."""
    try:
        words = json.loads(text)
    except json.JSONDecodeError:
        return None
    return words if isinstance(words, list) and words and all(isinstance(word, str) for word in words) else None
