"""The evaluation's broker by the chart's own script, with stand-ins for Kafka's tools."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path
from typing import Any

import pytest

from semblance.local.rights import SERVICES

USERS = ("admin", *sorted(SERVICES))
TOOL = """#!/bin/sh
echo "${0##*/} $*" >> HERE/log
case "$1" in @*) stat -c %a "${1#@}" > HERE/mode; cp "${1#@}" HERE/kept; exit "$STORAGE" ;; esac
"""


@pytest.fixture
def started(evaluation: Any, tmp_path: Path) -> Any:
    """Runs start.sh, the storage tool ending with the given code; returns the script's own."""
    for name in ("kafka-storage.sh", "kafka-server-start.sh"):
        (tmp_path / name).write_text(TOOL.replace("HERE", str(tmp_path)))
        (tmp_path / name).chmod(0o700)
    (tmp_path / "passwords").mkdir()
    for user in USERS:
        (tmp_path / "passwords" / user).write_text(f"word-of-{user}\n")
    script = evaluation.one("ConfigMap", "demo-semblance-kafka")["data"]["start.sh"]
    for there in ("/tmp/", "/opt/kafka/bin/"):
        script = script.replace(there, "HERE/")
    script = script.replace("/passwords/", "HERE/passwords/").replace("HERE", str(tmp_path))

    def start(storage: int) -> int:
        given = {"PATH": "/usr/bin:/bin", "STORAGE": str(storage)}
        return subprocess.run(["sh", "-c", script], env=given, check=False, timeout=60).returncode

    return start


def test_users_are_told_by_a_file_that_only_the_broker_reads_and_that_goes(started: Any, tmp_path: Path) -> None:
    assert started(0) == 0
    storage, server = (tmp_path / "log").read_text().splitlines()
    assert storage == f"kafka-storage.sh @{tmp_path}/format"
    assert server == "kafka-server-start.sh /config/server.properties"
    assert (tmp_path / "mode").read_text().strip() == "600"
    assert not (tmp_path / "format").exists()
    # Read as the tool's own parser does: an argument a line (argparse4j, by Python's argparse that it was made after).
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@", exit_on_error=False)
    parser.add_argument("command")
    parser.add_argument("--ignore-formatted", action="store_true")
    parser.add_argument("--cluster-id")
    parser.add_argument("--config")
    parser.add_argument("--add-scram", action="append")
    said = parser.parse_args([f"@{tmp_path}/kept"])
    assert (said.command, said.ignore_formatted, said.config) == ("format", True, "/config/server.properties")
    assert said.add_scram == [f"SCRAM-SHA-512=[name={user},password=word-of-{user}]" for user in USERS]


def test_a_broker_that_could_not_be_formatted_does_not_start_and_leaves_no_passwords(
    started: Any, tmp_path: Path
) -> None:
    assert started(3) == 3
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert not (tmp_path / "format").exists()
