"""`python tests/bench_drain`: what becomes of drawings when engines and nodes go and come. Four minutes on two cores.

Two nodes on this machine with an engine each, three people who draw one picture after another. One node is drained as
a pod's `preStop` does, and a new one comes; then another node is lost without a word, and a new one comes. Then there
is one engine, as by default, which is upgraded, gets another beside it, and meets a defect (`few.py`). Writes
docs/benchmarks/drain.{md,json} (`--out` writes elsewhere); 1 when a goal was missed: a picture that differs, one that
a drained node did not end, an engine that was not replaced. A tiny random backbone: nothing here says how long real
pictures take.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from few import FEW, come_and_go
from page import WITHIN_S, row, write
from people import Drawing

from semblance.diffusion.testing import write_tiny_backbone
from semblance.generation.ml.options import EngineOptions, ReplicaOptions
from semblance.generation.testing import engines
from semblance.service_kit.cluster.testing import ENVIRONMENT

PEOPLE, DRAIN_S, STORE_BYTES = 3, 30, 80_000_000
MODELS = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()


def main() -> int:
    """Try both."""
    parser = argparse.ArgumentParser(prog="bench_drain")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    out = parser.parse_args().out
    os.environ.update(ENVIRONMENT | {"RAY_worker_niceness": "0"})
    warnings.simplefilter("ignore")  # Ray's own, of what it will do one day
    with tempfile.TemporaryDirectory(prefix="sd-", dir="/tmp") as folder:
        found = _tried(Path(folder))
    made = row(found, PEOPLE)
    write(made, out)
    for goal in made["goals"]:
        print(f"{'met' if goal['met'] else 'MISSED'}: {goal['goal']}: {goal['value']} (target {goal['target']})")
    return 0 if all(goal["met"] for goal in made["goals"]) else 1


def _tried(folder: Path) -> dict[str, Any]:
    # Not before the environment is set: Ray reads it when it is imported.
    import ray
    from ray import serve
    from ray.cluster_utils import Cluster

    from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer
    from semblance.generation.ml.serve_app import APP, deployed

    backbone = write_tiny_backbone(folder / "tiny", ip_adapter=True)
    options = EngineOptions(engines.small(backbone), MODELS)
    replicas = ReplicaOptions(least=2, most=2, drawings=4, drain_s=DRAIN_S, health_s=1)
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "temp_dir": str(folder / "r"),
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
        },
    )

    def add() -> Any:
        return cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)

    def engines_elsewhere(gone: Any) -> bool:
        actors = ray._private.state.actors().values()
        at = [each["Address"]["NodeID"] for each in actors if each["State"] == "ALIVE" and "#Engine#" in each["Name"]]
        states = serve.status().applications[APP].deployments["Engine"].replica_states
        return dict(states) == {"RUNNING": 2} and gone.node_id not in at

    first, second = add(), add()
    ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
    try:
        serve.start(proxy_location="Disabled")
        serve.run(deployed(options, replicas), name=APP, route_prefix=None)
        renderer = RayRenderer(ClusterSettings(cluster.address, silence_s=20, tell_s=10))
        adapter = engines.trained(backbone)

        def drain() -> None:
            ray_command = str(Path(sys.executable).with_name("ray"))
            asked = ["drain-node", "--address", cluster.address, "--node-id", first.node_id]
            why = ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "its pod ends"]
            until = ["--deadline-remaining-seconds", str(DRAIN_S)]
            subprocess.run([ray_command, *asked, *why, *until], check=True, stdout=subprocess.DEVNULL)

        found = {
            "drained": _through(Drawing(renderer, adapter), drain, add, lambda: engines_elsewhere(first)),
            "lost": _through(
                Drawing(renderer, adapter),
                lambda: cluster.remove_node(second, allow_graceful=False),
                add,
                lambda: engines_elsewhere(second),
            ),
        }

        renderer.close()
        # Two engines would stay two for as long as a downscaling waits, and leave no room beside them.
        serve.delete(APP)

        def deploy() -> None:
            # Ray 2.60 raises ValueError where another thread of this process asks for Serve's status at once.
            for left in reversed(range(5)):
                try:
                    serve.run(deployed(options, FEW), name=APP, route_prefix=None)
                except ValueError:
                    if not left:
                        raise
                    time.sleep(0.2)
                else:
                    return

        deploy()
        renderer = RayRenderer(ClusterSettings(cluster.address, silence_s=20, tell_s=10))
        found["few"] = come_and_go(renderer, adapter, deploy)
        renderer.close()
        return found
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()


def _through(
    drawing: Drawing, go: Callable[[], None], come: Callable[[], Any], replaced: Callable[[], bool]
) -> dict[str, Any]:
    """What was drawn while a node went and until its engine stood elsewhere."""
    with drawing.by(PEOPLE):
        begun_s = time.monotonic()
        go()
        come()
        while not (done := replaced()) and time.monotonic() - begun_s < WITHIN_S:
            time.sleep(0.5)
        took_s = round(time.monotonic() - begun_s, 1)
        time.sleep(1.0)  # also on what came
    return {
        "drawn": drawing.drawn,
        "differing": drawing.differing,
        "asked_again": drawing.again,
        "replaced_s": took_s if done else None,
    }


if __name__ == "__main__":
    sys.exit(main())
