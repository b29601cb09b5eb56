"""`python tests/bench_gateway`: what accepting a picture costs the gateway's process, beside a default FastAPI.

Three servers at once, asked in turn within each round; the services behind are fakes in memory for all of them. Counted
is the server's own processor time. Writes docs/benchmarks/gateway.{md,json}; a minute.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page
import psutil

from semblance.kernel.ids import new_id

SIDES = ("gateway", "default", "unchecked")
_WARM = 50


@dataclass(frozen=True)
class Server:
    """One side that answers. `told`: port, token, adapter_id."""

    process: psutil.Process
    told: dict[str, Any]

    def asked(self, requests: int) -> tuple[float, list[float]]:
        """(processor time a request in us, each answer's seconds) of POST /v1/images on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.told["port"], timeout=30)
        body = json.dumps({"adapter_id": self.told["adapter_id"], "prompt": "a portrait in a sunlit garden"})
        before_s, took = self._cpu_s(), []
        for _ in range(requests):
            headers = {"Authorization": f"Bearer {self.told['token']}", "Content-Type": "application/json"}
            began_s = time.perf_counter()
            connection.request("POST", "/v1/images", body, {**headers, "Idempotency-Key": new_id()})
            answer = connection.getresponse()
            found = answer.read()
            took.append(time.perf_counter() - began_s)
            if answer.status != 202 or json.loads(found)["state"] != "queued":
                raise RuntimeError(f"a picture was not accepted: {answer.status}")
        connection.close()
        return (self._cpu_s() - before_s) / requests * 1e6, took

    def _cpu_s(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)


def main() -> int:
    """Exit code 1 when a goal was not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    cpu_us: dict[str, list[float]] = {side: [] for side in SIDES}
    took_s: dict[str, list[float]] = {side: [] for side in SIDES}
    dice = random.Random(8)
    with tempfile.TemporaryDirectory(prefix="gateway-") as folder, ExitStack() as stack:
        servers = {side: stack.enter_context(_served(side, Path(folder) / side)) for side in SIDES}
        for server in servers.values():
            server.asked(_WARM)
        for _ in range(arguments.rounds):
            for side in dice.sample(SIDES, len(SIDES)):
                used_us, took = servers[side].asked(arguments.requests)
                cpu_us[side].append(used_us)
                took_s[side] += took
    row = {
        "name": "gateway",
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 1),
        "rounds": arguments.rounds,
        "requests": arguments.requests,
        "goals": page.goals(cpu_us),
        "sides": {side: _said(cpu_us[side], took_s[side]) for side in SIDES},
    }
    page.write(row, arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0 if all(goal["met"] for goal in row["goals"]) else 1


def _said(cpu_us: list[float], took_s: list[float]) -> dict[str, float]:
    percent = statistics.quantiles(took_s, n=100)
    found = {"cpu_us": statistics.median(cpu_us), "least_us": min(cpu_us), "most_us": max(cpu_us)}
    return {name: round(v) for name, v in found.items()} | {
        "p50_ms": round(percent[49] * 1e3, 2),
        "p95_ms": round(percent[94] * 1e3, 2),
    }


@contextmanager
def _served(side: str, folder: Path) -> Iterator[Server]:
    folder.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), side, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Server(psutil.Process(process.pid), told)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
