"""`python -m loadtests`: load with a verdict. Exit code 0: all objectives held, 1: one did not, 2: not judged."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from loadtests import ending, origin, running, slo
from loadtests import profile as profiles
from loadtests.arrivals import BadPlan
from loadtests.place import Place, keep_logs, started
from loadtests.profile import Profile
from loadtests.prometheus import Prometheus
from loadtests.report import compare, cost, document, page, requests, summary
from loadtests.stretch import Disturb
from loadtests.teams import options
from loadtests.verdict import judged


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print the verdict, write the report."""
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    parser.add_argument("--profile", default="standard", help="a file, or a name in loadtests/profiles")
    parser.add_argument("--url", help="a gateway that runs somewhere; without it a platform is started here")
    parser.add_argument("--bootstrap", default="", help="its Kafka, host:port; the ledger cannot balance without")
    parser.add_argument(
        "--chaos", action="store_true", help="break things during the load; only a platform started here"
    )
    parser.add_argument("--rounds", type=int, help="instead of the profile's, where it has rounds")
    parser.add_argument("--master-port", type=int, help="wait for workers from elsewhere on this port")
    parser.add_argument("--workers", type=int, help="instead of the profile's")
    parser.add_argument("--out", type=Path, default=Path("out/loadtest"), help="reports, one folder a run")
    parser.add_argument("--publish", type=Path, help="write load.* and requests.* there too")
    parser.add_argument("--requests", type=Path, help="write requests.* there too: what each service used")
    parser.add_argument(
        "--trace", type=Path, help="who comes when: a run's plan.jsonl or a log; instead of the profile's"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="the trace so many times as fast")
    options.add(parser, "instead of the profile's")
    parser.add_argument("--prometheus", help="of the platform at --url: what it uses is asked there")
    parser.add_argument("--namespace", default="semblance", help="in which the platform runs, for --prometheus")
    parser.add_argument("--windows", type=int, default=1, help="the trace's report in so many parts")
    arguments = parser.parse_args(argv)
    if arguments.url and not arguments.bootstrap:
        parser.error("--url needs --bootstrap: without the topics nothing balances")
    if arguments.prometheus and not arguments.url:
        parser.error("--prometheus knows a platform at --url; one of our own is measured here")
    if (arguments.speed, arguments.windows) != (1.0, 1) and not arguments.trace:
        parser.error("--speed and --windows are a trace's: name one")
    return ending.code_of(lambda: _wanted(parser, arguments))


def _wanted(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """The profile as the command line changes it, run."""
    profile = profiles.read(arguments.profile)
    if arguments.trace:
        profile = profile.replaying(arguments.trace, arguments.speed, arguments.windows)
    if arguments.workers:
        profile = replace(profile, workers=arguments.workers)
    if arguments.rounds and not profile.rounds:
        raise BadPlan(f"{profile.name} has no rounds")
    if arguments.rounds and profile.rounds:
        profile = replace(profile, rounds=replace(profile.rounds, count=arguments.rounds))
    profile = replace(profile, teams=options.wanted(arguments, profile.teams))
    if profile.broken() and arguments.trace is None:
        arguments.chaos = True
    if arguments.chaos and arguments.url:
        parser.error("chaos kills processes, so it needs a platform of its own: leave --url out")
    objectives = slo.read(profile.slo)
    if arguments.chaos and not profile.broken():
        objectives = slo.under_chaos(slo.read(profiles.HERE / "slo-chaos.yaml"), objectives)
        profile = replace(profile, name=f"{profile.name}-chaos")  # its times are no measure of those without
    if arguments.url:
        slo.answerable(objectives, metered=bool(arguments.prometheus))
        if profile.settings:
            wanted = " ".join(f"{name}={value}" for name, value in profile.settings.items())
            _say(f"{profile.name} is made for a platform with {wanted}")
    return _run(profile, objectives, arguments)


def _run(profile: Profile, objectives: slo.Objectives, arguments: argparse.Namespace) -> int:
    stamp, commit = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ"), origin.commit()
    folder = arguments.out / f"{profile.name}-{stamp}"
    folder.mkdir(parents=True)
    profile = profile.kept_in(folder)
    metered = not arguments.url or bool(arguments.prometheus)
    for text in cost.unmetered(profile.price, cores=metered, gpus=bool(arguments.prometheus)):
        _say(f"NO COST WILL BE TOLD: {text}")
    with ExitStack() as stack:
        disturb: Disturb | None = None
        slack_s: dict[str, float] = {}
        settings = dict(profile.settings)
        if arguments.url:
            known = _prometheus(arguments)
            place = Place(arguments.url, arguments.bootstrap, None, known)
        else:
            # A folder below: a platform keeps what was erased beside its data, and that is to go too.
            made = tempfile.TemporaryDirectory(prefix="loadtest-", ignore_cleanup_errors=True)
            data = Path(stack.enter_context(made)) / "data"
            stack.callback(keep_logs, data, folder / "logs")
            if arguments.chaos:
                from loadtests.chaos.running import prepared  # noqa: PLC0415 - only where something is to be broken

                disturb, slack_s, more = stack.enter_context(prepared(data, profile, _say))
                settings |= more
            place = stack.enter_context(started(data, settings, _say))
        found = running.run(
            profile, place, folder, _say, disturb=disturb, slack_s=slack_s, grace_s=objectives.grace_s,
            master_port=arguments.master_port,
        )  # fmt: skip
    findings = judged(objectives, found)
    row = summary.summary(found, findings, commit) | {"alike": compare.alike(arguments.url or "", profile)}
    summary.write(row, folder)
    for text in summary.verdict(row):
        print(text, flush=True)
    page.write(row, found, compare.last(arguments.out, row, folder), folder)
    print(f"report: {folder / 'report.html'}")
    if arguments.publish:
        document.publish(row, arguments.publish)
    if not row["chaos"]:  # a part that is killed and starts again is no measure of what to ask for
        for docs in filter(None, {arguments.publish, arguments.requests}):
            requests.publish(row, docs)
    return 0 if slo.passed(findings) else 1


def _prometheus(arguments: argparse.Namespace) -> Prometheus | None:
    """The one that was named, if it knows the platform. LOADTEST_PROMETHEUS_TOKEN, where it asks who does."""
    if not arguments.prometheus:
        return None
    found = Prometheus(arguments.prometheus, arguments.namespace, os.environ.get("LOADTEST_PROMETHEUS_TOKEN", ""))
    found.probe()
    return found


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
