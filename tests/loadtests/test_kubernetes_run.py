"""The Jobs are run anew each time, and an answer is only of the Job that was made for the question. `kubectl` is a
stand-in in the shell that keeps Jobs as files; its answers have the form of the real one's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "loadtests"
# `-n NAMESPACE` first. A Job's file holds its UID; what `says` says of it is true from the second look on.
KUBECTL = r"""#!/bin/sh
cd {cluster} || exit 9
shift 2
if [ -e down ]; then rm down; echo "connection refused" >&2; exit 1; fi
case "$1 $2" in
  "create --dry-run=client") printf 'job.batch/loadtest\njob.batch/loadtest-workers\n' ;;
  create*)
    [ -e loadtest ] && {{ echo '"loadtest" already exists' >&2; exit 1; }}
    echo x >> made
    for name in loadtest loadtest-workers; do echo "$name-$(wc -l < made)" > $name; echo "$name $(cat $name)"; done ;;
  apply*) [ -e loadtest ] && echo 'job.batch/loadtest unchanged' ;;
  delete*) rm -f loadtest loadtest-workers looked ;;
  logs*) echo judged ;;
  "get pods") cat code ;;
  get*)
    [ -e loadtest ] || exit 0
    echo "$(cat loadtest): $([ -e looked ] && cat says)"; touch looked
    [ -e flaky ] && mv flaky down ;;
esac
exit 0
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """What is said of the Jobs that are made."""
    made, tools = tmp_path / "cluster", tmp_path / "tools"
    made.mkdir()
    tools.mkdir()
    (made / "code").touch()
    (made / "says").touch()
    for name, text in {"kubectl": KUBECTL.format(cluster=made), "sleep": "#!/bin/sh\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o700)
    return made


@pytest.fixture
def asked(cluster: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """One of the two scripts."""
    given = {"PATH": f"{cluster.parent / 'tools'}:/usr/bin:/bin", "WAIT_MINUTES": "1"}

    def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(HERE / script), *arguments]
        return subprocess.run(command, env=given, check=False, timeout=60, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("says", "exit_code", "code"),
    [
        ("SuccessCriteriaMet Complete", "0", 0),
        ("FailureTarget Failed", "1", 1),
        ("FailureTarget Failed", "2", 2),  # not judged, and no "no"
        ("Failed", "137", 2),
        ("Failed", "", 2),  # its time was over, and its pod went with it
        ("", "", 2),
    ],
)
def test_the_answer_is_what_the_master_said(
    cluster: Path, asked: Callable[..., subprocess.CompletedProcess[str]], says: str, exit_code: str, code: int
) -> None:
    (cluster / "says").write_text(says)
    (cluster / "code").write_text(exit_code)
    ended = asked("run.sh", "people")
    assert ended.returncode == code, ended.stderr
    assert ("judged" in ended.stderr) == bool(says)
    assert "sh " in ended.stderr
    assert "wait.sh people loadtest loadtest-1" in ended.stderr


def test_the_second_release_is_not_let_through_by_the_first_ones_job(
    cluster: Path, asked: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (cluster / "says").write_text("Complete")
    assert asked("run.sh").returncode == 0
    (cluster / "says").write_text("Failed")
    (cluster / "code").write_text("1")
    assert asked("run.sh").returncode == 1
    assert (cluster / "made").read_text().count("x") == 2
    assert asked("wait.sh", "semblance", "loadtest", "loadtest-1").returncode == 2  # of the first release
    for name in ("loadtest", "loadtest-workers"):
        (cluster / name).unlink()
    assert "not there any more" in asked("wait.sh", "semblance", "loadtest", "loadtest-2").stderr


def test_what_is_still_going_on_is_left_alone(
    cluster: Path, asked: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert asked("run.sh").returncode == 2
    again = asked("run.sh")
    assert (again.returncode, (cluster / "loadtest").read_text()) == (2, "loadtest-1\n")
    assert "wait.sh semblance loadtest loadtest-1" in again.stderr
    (cluster / "says").write_text("Complete")
    assert asked("wait.sh", "semblance", "loadtest", "loadtest-1").returncode == 0


def test_a_server_that_is_away_for_a_moment_is_no_verdict(
    cluster: Path, asked: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (cluster / "flaky").touch()
    (cluster / "says").write_text("Complete")
    (cluster / "loadtest").write_text("loadtest-1\n")
    assert asked("wait.sh", "semblance", "loadtest", "loadtest-1").returncode == 0
    assert not (cluster / "down").exists()
    (cluster / "down").touch()
    assert asked("run.sh").returncode == 2


@pytest.mark.parametrize("arguments", [(), ("semblance",), ("semblance", "loadtest"), ("semblance", "loadtest", "")])
def test_whoever_names_no_job_of_theirs_gets_no_yes(
    cluster: Path, asked: Callable[..., subprocess.CompletedProcess[str]], arguments: tuple[str, ...]
) -> None:
    (cluster / "says").write_text("Complete")
    assert asked("run.sh").returncode == 0
    ended = asked("wait.sh", *arguments)
    assert (ended.returncode, "NAMESPACE JOB UID" in ended.stderr) == (2, True)


def test_nobody_is_told_to_apply_a_job() -> None:
    """`apply` says "unchanged" of a Job that is there."""
    pages = [*HERE.glob("*.md"), *HERE.glob("*.yaml"), *HERE.glob("*.sh"), ROOT / "docs" / "operators.md"]
    applied = {each for page in pages for each in re.findall(r"apply -f (\S*kubernetes\S*\.yaml)", page.read_text())}
    assert applied == {"loadtests/kubernetes-around.yaml"}
