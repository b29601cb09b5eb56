"""`.commit()` of a database transaction is written in one module; offsets are committed with records, which differ."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[4]
ALLOWED = {"libs/service_kit/semblance/service_kit/database.py"}


def commits(source: str) -> int:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return sum(
        isinstance(call.func, ast.Attribute) and call.func.attr == "commit" and not (call.args or call.keywords)
        for call in calls
    )


def test_the_check_sees_what_it_should() -> None:
    assert commits("def f(s):\n    s.commit()") == 1
    assert commits("consumer.commit(records)") == 0


def test_only_the_database_module_commits() -> None:
    sources = [*ROOT.glob("libs/*/semblance/**/*.py"), *ROOT.glob("services/*/semblance/**/*.py")]
    assert len(sources) > 50
    found = {str(path.relative_to(ROOT)) for path in sources if commits(path.read_text())}
    assert found == ALLOWED
