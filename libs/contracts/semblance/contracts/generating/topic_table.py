"""The topics' files as a Python module, so that a running service reads no YAML."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from semblance.contracts.topic import Topic

_HEAD = '''"""Generated from protos/topics by semblance.contracts.generate; do not edit."""
# fmt: off
# ruff: noqa: I001

from __future__ import annotations

{imports}
from semblance.contracts.topic import Topic

EVENT_MODULES = (
{modules}
)

TOPIC_TABLE: tuple[Topic, ...] = (
'''


def render(topics: Sequence[Topic]) -> str:
    """The module's source, in the order of `topics`."""
    packages = sorted({name.rsplit(".", 1)[0] for topic in topics for name in topic.messages})
    aliases = {package: f"{package.split('.')[2]}_{package.split('.')[3]}" for package in packages}
    imports = "\n".join(f"from {package} import events_pb2 as {alias}" for package, alias in aliases.items())
    modules = "\n".join(f"    {alias}," for alias in aliases.values())
    return _HEAD.format(imports=imports, modules=modules) + "".join(_entry(t) for t in topics) + ")\n"


def _entry(topic: Topic) -> str:
    lines = [f"        {f.name}={_literal(getattr(topic, f.name))},\n" for f in dataclasses.fields(topic)]
    return "    Topic(\n" + "".join(lines) + "    ),\n"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "(\n" + "".join(f"            {_literal(item)},\n" for item in value) + "        )"
    return repr(value)
