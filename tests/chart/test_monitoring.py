"""Alerts and dashboards speak of metrics that the code sends."""

from __future__ import annotations

import ast
import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from semblance.generation.adapters.engine_metrics import watch_engines
from semblance.generation.ports import EngineLoad

ROOT = Path(__file__).parents[2]
FILES = ROOT / "charts" / "semblance" / "files"
RULES_TEST = Path(__file__).with_name("rules_test.yaml")
_MAKERS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "_seconds": "histogram",
    "create_observable_gauge": "gauge",
    "create_observable_counter": "counter",
}
_LABELS = {
    "job",
    "le",
    "kind",
    "outcome",
    "status",
    "route",
    "method",
    "consumer",
    "type",
    "reason",
    "overdue",
    "from",
    "role",
}


@functools.cache
def instruments() -> dict[str, tuple[str, str]]:
    """Name to kind and unit of every instrument that the code makes."""
    found = {}
    for top in ("libs", "services"):
        for path in (ROOT / top).glob("*/semblance/**/*.py"):
            text = path.read_text()
            if "opentelemetry" in text:
                found.update(made(ast.parse(text)))
    return found


def made(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """One module's, and once for each row of a table where a loop over the table makes them. ValueError for a name put
    together otherwise, which this cannot read; a function's own parameter is passed over: its callers are read."""
    looped = {call: rows for loop in ast.walk(tree) if isinstance(loop, ast.For) for call, rows in _in_loop(tree, loop)}
    for node in ast.walk(tree):
        name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if name not in _MAKERS or not isinstance(node, ast.Call) or not node.args or isinstance(node.args[0], ast.Name):
            continue
        units = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        said = (_MAKERS[name], "s" if name == "_seconds" else str(units.get("unit", "")))
        yield from ((_text(node.args[0], row), said) for row in looped.get(node, [{}]))


def _in_loop(tree: ast.Module, loop: ast.For) -> Iterator[tuple[ast.Call, list[dict[str, str]]]]:
    """The calls in it, and its variables in turn: `for a, b in TABLE`, or `for n, (a, b) in enumerate(TABLE)`."""
    table, target = loop.iter, loop.target
    if isinstance(table, ast.Call) and isinstance(target, ast.Tuple) and table.args:
        table, target = table.args[0], target.elts[1]
    if not isinstance(table, ast.Name) or not isinstance(target, ast.Tuple):
        return
    written = [one for one in tree.body if isinstance(one, ast.AnnAssign) and getattr(one.target, "id", "") == table.id]
    names = [getattr(one, "id", "") for one in target.elts]
    rows = [
        row.elts
        for one in written
        if isinstance(one.value, ast.Tuple)
        for row in one.value.elts
        if isinstance(row, ast.Tuple)
    ]
    said = [
        {n: str(cell.value) for n, cell in zip(names, row, strict=True) if isinstance(cell, ast.Constant)}
        for row in rows
    ]
    yield from ((node, said) for node in ast.walk(loop) if isinstance(node, ast.Call))


def _text(name: ast.expr, row: dict[str, str]) -> str:
    if isinstance(name, ast.Constant):
        return str(name.value)
    if not isinstance(name, ast.JoinedStr):
        raise ValueError(f"line {name.lineno}: not a name that can be read here")
    parts = [
        row.get(getattr(part.value, "id", ""))
        if isinstance(part, ast.FormattedValue)
        else str(getattr(part, "value", ""))
        for part in name.values
    ]
    if None in parts:
        raise ValueError(f"line {name.lineno}: not a name that can be read here")
    return "".join(part for part in parts if part is not None)


def exported() -> set[str]:
    """As Prometheus names them: dots, unit, _total, and a histogram's three (OpenTelemetry's compatibility with it)."""
    names = set()
    for name, (kind, unit) in instruments().items():
        base = name.replace(".", "_") + {"s": "_seconds", "": ""}[unit]
        ends = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}[kind]
        names |= {base + end for end in ends}
    return names


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((FILES / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    boards = [json.loads(path.read_text()) for path in (FILES / "dashboards").glob("*.json")]
    shown = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + shown


def test_the_code_has_the_instruments_that_are_looked_for() -> None:
    assert "semblance.consent.revocation_lag" in instruments()


def test_names_made_in_a_loop_are_read_as_the_engine_tells_them() -> None:
    """Against the instruments that the code itself makes."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    watch_engines(EngineLoad, provider.get_meter("test"))
    told = reader.get_metrics_data()
    assert told is not None
    names = {
        each.name for resource in told.resource_metrics for scope in resource.scope_metrics for each in scope.metrics
    }
    provider.shutdown()
    assert {name for name in instruments() if name.startswith("semblance.engine.")} == names
    assert len(names) > 1


def test_a_name_that_cannot_be_read_is_said_instead_of_passed_over() -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(made(ast.parse('for name in NAMES:\n    meter.create_counter(f"semblance.{name}")')))


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_is_sent_and_every_label_is_known(expression: str) -> None:
    _known(expression)


def test_workers_are_scaled_by_what_is_sent(production: Any) -> None:
    triggers = [trigger for found in production.of("ScaledObject") for trigger in found["spec"]["triggers"]]
    asked = [trigger["metadata"]["query"] for trigger in triggers if trigger["type"] == "prometheus"]
    assert asked
    for query in asked:
        _known(query)


def _known(expression: str) -> None:
    used = set(re.findall(r"\bsemblance_[a-z0-9_]+", expression))
    assert used
    assert used <= exported()
    selected = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", expression))
    grouped = {name.strip() for names in re.findall(r"by \(([^)]*)\)", expression) for name in names.split(",")}
    assert selected | grouped <= _LABELS
    assert expression.count("(") == expression.count(")")


def test_an_alert_for_a_single_event_sees_the_first_of_its_series() -> None:
    """A counter that begins with one event has not increased: what was not there before must count as it is."""
    single = [r["expr"] for r in rules() if "for" not in r and re.search(r"\b(increase|rate)\(", r["expr"])]
    assert len(single) == 2
    for expression in single:
        before, after = expression.split("\nor\n")
        grown = set(re.findall(r"(?:increase|rate)\((semblance_\w+)", before))
        assert grown == set(re.findall(r"(semblance_\w+)(?:{[^}]*})? unless \1(?:{[^}]*})? offset", after))


def test_a_panel_of_single_events_sees_the_first_of_each_series() -> None:
    for expression in expressions():
        rare = r"semblance_(?:dead_letters_total|consent_revocation_lag_seconds_\w+)(?:{[^}]*})?"
        grown = set(re.findall(rf"(?:increase|rate)\(({rare})\[", expression))
        assert grown == {
            one for one, again in re.findall(rf"({rare}) unless ({rare}) offset", expression) if one == again
        }


def test_what_only_those_tell_who_do_it_is_missed_when_nobody_does() -> None:
    """A gauge above its bound is one alert; where nobody tells it any more, another must come."""
    gauges = {name for name in exported() if not name.endswith(("_total", "_bucket", "_count", "_sum"))}
    missed = {name for rule in rules() for name in re.findall(r"present_over_time\((\w+)[^)]*\[5m\]", rule["expr"])}
    asked = {name for rule in rules() for name in re.findall(r"\bsemblance_\w+", rule["expr"])} & gauges
    # The first comes from every process that says whether it is ready, the second with the ages of generation's queue.
    assert asked - missed == {"semblance_outbox_age_seconds", "semblance_engine_oldest_wait"}
    assert missed == {"semblance_process_ready", "semblance_work_queue_age_seconds", "semblance_takedowns_open"}


def test_what_is_said_of_one_kind_of_work_is_asked_of_that_kind() -> None:
    """A sum over all that a service does would say of looks at pictures what is true of erasures."""
    facts = yaml.safe_load((FILES / "services.yaml").read_text())
    scaled = {kind for fact in facts.values() for kind in fact["scales"]}
    named = [re.findall(r'\bkind!?=~?"([^"]+)"', expression) for expression in expressions()]
    assert {kind for kinds in named for several in kinds for kind in several.split("|")} <= scaled
    assert not [e for e in expressions() if 'job="semblance/safety"' in e and 'kind="filter_image"' not in e]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here: Debian's package prometheus has it")
def test_the_alerts_come_when_they_should_and_only_then() -> None:
    done = subprocess.run(["promtool", "test", "rules", RULES_TEST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case_in_which_it_comes() -> None:
    cases = [case for test in yaml.safe_load(RULES_TEST.read_text())["tests"] for case in test["promql_expr_test"]]
    comes = {re.findall(r'alertname="(\w+)"', one["labels"])[0] for case in cases for one in case["exp_samples"]}
    assert comes == {rule["alert"] for rule in rules()}


def test_the_second_that_is_promised_is_a_bound() -> None:
    text = (ROOT / "libs/service_kit/semblance/service_kit/metrics.py").read_text()
    [bounds] = re.findall(r"_QUICK_S = \(([^)]*)\)", text)
    assert 1.0 in [float(bound) for bound in bounds.split(",")]


def test_alerts_say_what_to_do() -> None:
    assert all(rule["annotations"]["action"] for rule in rules())
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_rules_and_dashboards_are_in_the_production_render(production: Any) -> None:
    [kept] = production.of("PrometheusRule")
    assert [rule["alert"] for group in kept["spec"]["groups"] for rule in group["rules"]] == [
        r["alert"] for r in rules()
    ]
    boards = production.one("ConfigMap", "demo-semblance-dashboards")["data"]
    assert {json.loads(text)["title"] for text in boards.values()} == {
        "Semblance: services",
        "Semblance: promises",
        "Semblance: engine",
    }


def test_nothing_is_scraped_since_everything_is_pushed(rendered: Any) -> None:
    assert not rendered.of("ServiceMonitor") + rendered.of("PodMonitor")
