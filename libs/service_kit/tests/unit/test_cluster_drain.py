from pathlib import Path

from semblance.service_kit.cluster import drain


def test_only_what_computes_keeps_a_node(tmp_path: Path) -> None:
    titles = {
        "1": b"/usr/bin/raylet\0--x",
        "2": b"ray::ServeReplica:semblance:Engine\0",
        "3": b"ray::IDLE\0",
        "4": b"ray::Seat.train\0",
        "6": b"ray::DashboardAgent\0",
        "7": b"ray::RuntimeEnvAgent\0",
        "self": b"ray::not a process",
    }
    for pid, title in titles.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(title)
    (tmp_path / "5").mkdir()  # has just ended
    assert drain.at_work(tmp_path) == ["ray::Seat.train", "ray::ServeReplica:semblance:Engine"]
