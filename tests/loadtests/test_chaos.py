"""What breaks things breaks them, and mends them again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests import profile
from loadtests.arrivals import BadPlan
from loadtests.chaos import record, running
from loadtests.chaos.clocks import Clocks
from loadtests.chaos.link import Link
from loadtests.chaos.plan import Act, acts_of, slack_of
from semblance.local import config as configuration
from semblance.local.layout import Layout


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                while block := client.recv(65_536):
                    client.sendall(block)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(60)


def said(port: int, data: bytes) -> bytes:
    """What comes back, until it is hung up."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        found = b""
        while block := client.recv(65_536):
            found += block
        return found


def test_a_link_passes_everything_on(echo: int) -> None:
    data = os.urandom(300_000)
    with Link("a>b", echo) as link:
        assert said(link.port, data) == data


def test_a_slow_link_takes_its_time_in_both_directions(echo: int) -> None:
    with Link("a>b", echo, delay_s=0.1) as link:
        began_s = time.monotonic()
        assert said(link.port, b"x") == b"x"
        assert time.monotonic() - began_s >= 0.2


def test_a_cut_link_ends_what_is_open_and_lets_nobody_in_until_it_is_mended(echo: int) -> None:
    with Link("a>b", echo) as link:
        with socket.create_connection(("127.0.0.1", link.port), timeout=60) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            link.cut()
            assert ended(client)
        with socket.create_connection(("127.0.0.1", link.port), timeout=60) as client:
            assert ended(client)
        link.mend()
        assert said(link.port, b"y") == b"y"


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_link_to_nobody_hangs_up() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Link("a>b", port) as link, socket.create_connection(("127.0.0.1", link.port), timeout=60) as client:
        assert ended(client)


@pytest.mark.parametrize(
    "row",
    [
        {"at_s": 1, "do": "hug", "to": "safety"},
        {"at_s": 1, "do": "kill", "to": "nobody"},
        {"at_s": 1, "do": "cut", "to": "gateway", "for_s": 1},
        {"at_s": 1, "do": "cut", "to": "gateway>broker", "for_s": 1},
        {"at_s": 1, "do": "fill", "to": "store"},
        {"at_s": 1, "do": "slow", "to": "gateway>safety", "for_s": 1},
        {"at_s": 1, "do": "skew", "to": "provenance", "for_s": 1, "by_s": 9},
        {"at_s": 1, "do": "kill", "to": "safety", "fors": 1},
        {"at_s": 1, "do": "kill", "to": "safety+safety"},
        {"at_s": 1, "do": "restart", "to": "safety+nobody"},
        {"at_s": 1, "do": "pause", "to": "safety+broker", "for_s": 1},
        {"at_s": 1, "do": "fill", "to": "broker", "for_s": 1},
        {"at_s": 1, "do": "tear", "to": "store"},
        {"do": "kill", "to": "safety"},
    ],
)
def test_what_cannot_be_broken_like_this_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(BadPlan):
        acts_of([row])


def test_the_chaos_that_ships_breaks_every_part_and_in_every_way() -> None:
    [acts] = running.planned(profile.read("chaos"))
    killed = {part for act in acts for part in act.parts if act.kind == "kill"}
    assert killed >= {"gateway", "ingest", "identity", "training", "generation", "safety", "provenance"}
    assert killed >= {"broker", "store"}
    assert {act.kind for act in acts} == {"kill", "restart", "tear", "pause", "slow", "cut", "fill", "skew"}
    assert slack_of(acts) == {"generation": 90.0}
    last = profile.read("chaos").plan()[-1].at_s
    assert acts[-1].at_s < last


def test_another_profile_gets_the_same_stretched_or_as_much_as_fits() -> None:
    [whole] = running.planned(profile.read("chaos"))
    [longer] = running.planned(profile.read("soak"))
    assert len(longer) == len(whole)
    assert longer[-1].at_s / whole[-1].at_s > 8
    [shorter] = running.planned(profile.read("standard"))
    assert shorter == whole[: len(shorter)]
    assert 0 < len(shorter) < len(whole)
    assert shorter[-1].at_s < 0.75 * profile.read("standard").plan()[-1].at_s
    with pytest.raises(BadPlan):
        running.planned(replace(profile.read("smoke"), arrivals=[{"shape": "steady", "per_s": 1, "for_s": 9}], also=[]))


def test_what_did_not_come_was_not_survived_or_met_nobody_is_no() -> None:
    good = {"at_s": 8.0, "hit": True, "whole": True}

    def unmet(*acts: dict[str, Any]) -> list[str]:
        return [f.goal for f in record.findings(2, record.under_load(acts, 60.0)) if not f.met]

    assert unmet(good, good) == []
    assert len(unmet(good)) == 3
    assert unmet(good, good | {"hit": False}) == ["acts of chaos that were done"]
    assert unmet(good, good | {"whole": False}) == ["acts after which all was whole again"]
    assert unmet(good, good | {"at_s": 60.1}) == ["acts begun before the last arrival"]
    assert record.findings(0, []) == []


def test_links_are_told_to_their_clients_before_the_platform_starts(tmp_path: Path) -> None:
    rows = [
        {"at_s": 1, "do": "cut", "to": "gateway>generation", "for_s": 1},
        {"at_s": 2, "do": "slow", "to": "safety>store", "for_s": 1, "by_s": 0.1},
    ]
    found = profile.read("smoke")
    found.chaos.extend(rows)
    before = os.environ.get("PYTHONPATH")
    with running.prepared(tmp_path, found, lambda _: None) as (_, slack_s, settings):
        config = configuration.read(Layout(tmp_path).config)
        assert set(settings) == {"GATEWAY_GENERATION_ADDRESS", "SAFETY_S3_ENDPOINT"}
        assert settings["SAFETY_S3_ENDPOINT"] != f"127.0.0.1:{config.store_port}"
        assert slack_s == {}
        assert os.environ["PYTHONPATH"].startswith(str(tmp_path / "clock"))
    assert os.environ.get("PYTHONPATH") == before


def test_a_skewed_service_starts_over_with_the_library_and_nobody_else_does(tmp_path: Path) -> None:
    """Without the library itself: what libc would be told is asked for instead. The load test sets a real one wrong."""
    clocks = Clocks(tmp_path / "clock")
    (clocks.folder / "skews.json").write_text(json.dumps({"library": "", "by_s": {"safety": 90}}))
    service = tmp_path / "semblance" / "safety"
    service.mkdir(parents=True)
    (service / "main.py").write_text("import os; print(os.environ.get('FAKETIME'), os.environ.get('LD_PRELOAD'))")
    (tmp_path / "semblance" / "training").mkdir()
    (tmp_path / "semblance" / "training" / "main.py").write_text((service / "main.py").read_text())

    def answered(name: str) -> str:
        environment = {"PYTHONPATH": f"{clocks.folder}:{tmp_path}", "PATH": os.environ["PATH"]}
        command = [sys.executable, "-S", "-c", "import sitecustomize, runpy, sys; runpy.run_module(sys.argv[1])", name]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    assert answered("semblance.safety.main") == "+90s"
    assert answered("semblance.training.main") == "None None"


def test_an_act_knows_its_link() -> None:
    assert Act(0, "cut", "gateway>store").link == ("gateway", "store")
