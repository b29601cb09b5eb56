"""Alerts and dashboards speak of metrics that the code sends."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = ROOT / "charts" / "semblance" / "files"
_MAKERS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "_seconds": "histogram",
    "create_observable_gauge": "gauge",
}
_LABELS = {"job", "le", "kind", "outcome", "status", "route", "method", "consumer", "type", "reason", "overdue", "from"}


def instruments() -> dict[str, tuple[str, str]]:
    """Name to kind and unit of every instrument that the code makes."""
    found = {}
    for top in ("libs", "services"):
        for path in (ROOT / top).glob("*/semblance/**/*.py"):
            text = path.read_text()
            if "opentelemetry" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in _MAKERS and isinstance(node.args[0], ast.Constant):
                    units = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
                    unit = "s" if name == "_seconds" else str(units.get("unit", ""))
                    found[str(node.args[0].value)] = (_MAKERS[name], unit)
    return found


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


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_is_sent_and_every_label_is_known(expression: str) -> None:
    used = set(re.findall(r"\bsemblance_[a-z_]+", expression))
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
    assert {json.loads(text)["title"] for text in boards.values()} == {"Semblance: services", "Semblance: promises"}


def test_nothing_is_scraped_since_everything_is_pushed(rendered: Any) -> None:
    assert not rendered.of("ServiceMonitor") + rendered.of("PodMonitor")
