"""A setting that no service reads is refused by its name, and every one that is read may be said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import helm_python as helm
import pytest

from semblance.local.rights import SERVICES


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"services": {"safety": {"env": {"OTHER_TRESHOLD": "0.5"}}}},
            r"services\.safety\.env: safety has no setting OTHER_TRESHOLD; near it is OTHER_THRESHOLD\.",
            id="a misspelt setting",
        ),
        pytest.param(
            {"services": {"safety": {"env": {"SAFETY_OTHER_THRESHOLD": "0.5"}}}},
            r"no setting SAFETY_OTHER_THRESHOLD; near it is OTHER_THRESHOLD\. Names are without the prefix SAFETY_",
            id="with the prefix",
        ),
        pytest.param(
            {"services": {"gateway": {"env": {"OTHER_THRESHOLD": "0.5"}}}},
            r"services\.gateway\.env: gateway has no setting OTHER_THRESHOLD",
            id="another service's",
        ),
        pytest.param(
            {"services": {"training": {"env": {"OMP_NUM_THREADS": "1"}}}},
            "OMP_NUM_THREADS.* goes into `environment`",
            id="a library's",
        ),
        pytest.param(
            {"services": {"training": {"env": {"DRAIN_TIMEOUT_S": "900"}}}},
            r"services\.training\.env.* the chart says TRAINING_DRAIN_TIMEOUT_S itself",
            id="one that drainSeconds says",
        ),
        pytest.param(
            {"environment": {"SAFETY_OTHER_TRESHOLD": "0.5"}},
            "environment: safety has no setting OTHER_TRESHOLD; near it is OTHER_THRESHOLD",
            id="a misspelt setting in what all are told",
        ),
    ],
)
def test_a_setting_that_nobody_reads_is_refused_by_its_name(
    values: dict[str, Any], said: str, chart: helm.Chart
) -> None:
    with pytest.raises(helm.HelmRenderError, match=said):
        chart.render(values, name="demo", namespace="people")


def test_every_other_setting_may_be_said_and_arrives(
    facts: dict[str, Any], evaluation: Any, render: Callable[..., Any]
) -> None:
    """All but what the chart says from other values; of those three an operator may overrule, with nothing as well."""
    overruled = {"DATABASE_URL", "LOG_LEVEL", "MODELS_DIR"}
    known = facts["settings.json"]
    ours = {service: told(evaluation.objects, service) for service in SERVICES}
    said = {
        service: {name for name in (*known["every"], *known[service]) if name in overruled or name not in ours[service]}
        for service in SERVICES
    }
    found = render({"services": {service: {"env": dict.fromkeys(names, "")} for service, names in said.items()}})
    for service, names in said.items():
        assert len(names) > len(known[service]) / 2
        arrived = told(found, service)
        assert set(arrived) == names | set(ours[service])
        assert {arrived[name] for name in names} == {""}


def told(objects: list[dict[str, Any]], service: str) -> dict[str, str]:
    """What the service's process is told of its own, by name without the prefix; nothing twice."""
    [container] = [
        each["spec"]["template"]["spec"]["containers"][0]
        for each in objects
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", f"demo-semblance-{service}")
    ]
    prefix = f"{service.upper()}_"
    mine = [each for each in container["env"] if each["name"].startswith(prefix)]
    assert len({each["name"] for each in mine}) == len(mine)
    return {each["name"].removeprefix(prefix): each.get("value", "") for each in mine}


def test_what_libraries_read_is_the_operators_own(render: Callable[..., Any]) -> None:
    """The chart cannot know all of it: proxies, certificates, threads, Ray's and OpenTelemetry's own."""
    theirs = ["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "TZ", "OTEL_RESOURCE_ATTRIBUTES", "RAY_BACKEND_LOG_LEVEL"]
    assert render({"environment": {**dict.fromkeys(theirs, "x"), "SAFETY_OTHER_THRESHOLD": "0.6"}})
