"""`python tests/bench_images`: obeys each Dockerfile in a clean Debian root, starts what is in it and asks its health
check. Writes docs/benchmarks/images.{md,json}; `--images gateway` tries one and keeps what was found of the others.

No container engine is used: root, debootstrap and Linux's namespaces are enough. Each image's folder below out/images
goes once it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "requirements"))

import history  # noqa: E402
import page  # noqa: E402
import proof  # noqa: E402

NEEDED = ("debootstrap", "chroot", "unshare", "nsenter", "ip", "mount")


def main() -> int:
    """Exit code 1 when an image was not proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", nargs="+", choices=proof.IMAGES, default=list(proof.IMAGES))
    parser.add_argument("--page", action="store_true", help="prove nothing: write the pages anew from what was found")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    arguments = parser.parse_args()
    if arguments.page:
        return _write(json.loads((arguments.out / "images.json").read_text()), arguments.out)
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print(f"This needs root and {', '.join(NEEDED)}; missing: {', '.join(missing) or 'root'}", file=sys.stderr)
        return 2
    if "SEMBLANCE_OWN_MOUNTS" not in os.environ:  # every mount below ends with us
        os.environ["SEMBLANCE_OWN_MOUNTS"] = "yes"
        own = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.orig_argv[1:]]
        os.execvp(own[0], own)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends too
    file = arguments.out / "images.json"
    row: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"images": {}}
    for image in arguments.images:
        print(f"{image} ...", file=sys.stderr, flush=True)
        try:
            found = proof.prove(image, ROOT / "out" / "images")
        except Exception as error:  # noqa: BLE001 - one image's failure is a line of the report
            traceback.print_exc()
            found = {"failed": f"{type(error).__name__}: {error}"[:300]}
        row["images"][image] = {**found, "proven": history.now()}
        row |= {"name": "images", "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 1)}
        code = _write(row, arguments.out)
    return code


def _write(row: dict[str, Any], out: Path) -> int:
    """Both files. Exit code 1 when a goal is not met."""
    row["images"] = history.dated(row["images"], ROOT / "docs" / "benchmarks" / "images.json")
    row["goals"] = page.goals(row["images"])
    (out / "images.json").write_text(json.dumps(row, indent=1) + "\n")
    (out / "images.md").write_text(page.page(row))
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0 if all(goal["met"] for goal in row["goals"]) else 1


if __name__ == "__main__":
    sys.exit(main())
