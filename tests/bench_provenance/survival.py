"""The part of `make bench-provenance` that says what a watermark survives and what a fingerprint finds again. Alone:
`python tests/bench_provenance/survival.py`, which writes docs/benchmarks/watermark.{md,json,png}; half an hour on two
idle cores, less with smaller numbers (`--help`)."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import survival_page
from survival_distortions import DISTORTIONS
from survival_fingerprints import measure_fingerprints
from survival_limits import measure_limits
from survival_pictures import drawn, enlarged, portrait
from survival_unmarked import KEY, measure_unmarked

from semblance.safety.bench.rates import rate
from semblance.watermark import CHECK_BITS, MOST_DECODINGS, IsccFingerprint, RgbU8, SpreadWatermark, distance
from semblance.watermark import new_picture_id as drawn_id

NAME = "survival"
SIDES_PX = (512, 1024)
HARD = ("flat", "ramp", "cloud", "discs", "weave", "text")
_ENLARGED_EVERY = 5
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """pictures of 512 px, half as many of 1024 px; small pictures for the fingerprint: eight each of `people`, one each
    of `probes` distorted."""

    pictures: int = 200
    unmarked: int = 10_000
    people: int = 1250
    probes: int = 200
    workers: int = os.cpu_count() or 1


def measure(out: Path, plan: Plan | None = None) -> Row:
    """Also writes watermark.{md,json,png} into `out`: the whole matrix."""
    plan = plan or Plan()
    row = {
        "name": "watermark",
        **_matrix(plan.pictures, plan.workers),
        "limits": measure_limits(max(4, plan.pictures // 10), plan.workers),
        "unmarked": measure_unmarked(plan.unmarked, plan.workers),
        "fingerprint": measure_fingerprints(plan.people, plan.probes, plan.workers),
        "load_1min": round(os.getloadavg()[0], 1),
    }
    row["goals"] = survival_page.goals(row)
    (out / "watermark.json").write_text(json.dumps(row, indent=1) + "\n")
    (out / "watermark.md").write_text(survival_page.markdown(row))
    cv2.imwrite(str(out / "watermark.png"), survival_page.plot(row))
    return {"goals": row["goals"], "summary": survival_page.summary(row)}


def goals(found: Row) -> list[Row]:
    """What was asked for and what was found."""
    return list(found["goals"])


def section(found: Row) -> str:
    """Markdown; the matrix has a page of its own."""
    return str(found["summary"])


def _matrix(pictures: int, workers: int) -> Row:
    """Portraits, every fifth enlarged from 64 px, and the hard kinds."""
    jobs = [("portrait", n, 512) for n in range(pictures)] + [("portrait", n, 1024) for n in range(pictures // 2)]
    hard = [(kind, n, 512) for kind in HARD for n in range(max(1, pictures // 20))]
    with ProcessPoolExecutor(workers) as pool:
        rows = list(pool.map(_one, jobs))
        hard_rows = list(pool.map(_one, hard))
    return {
        "by_side": {str(side): _summary([r for r in rows if r["side_px"] == side]) for side in SIDES_PX},
        "hard": {kind: _summary([r for r in hard_rows if r["kind"] == kind]) for kind in HARD},
        "by_chance": MOST_DECODINGS * 2.0**-CHECK_BITS,
    }


def picture(kind: str, number: int, side_px: int) -> RgbU8:
    """One to mark."""
    if kind != "portrait":
        return drawn(kind, number, side_px, side_px)
    return (enlarged if number % _ENLARGED_EVERY == 0 else portrait)(number, side_px)


def _one(job: tuple[str, int, int]) -> Row:
    kind, number, side_px = job
    watermark, fingerprint = SpreadWatermark(KEY), IsccFingerprint()
    image, picture_id = picture(kind, number, side_px), drawn_id()
    marked, mark_ms = _timed(lambda: watermark.mark(image, picture_id))
    unmarked, unmarked_ms = _timed(lambda: watermark.read(image))
    own = fingerprint.fingerprint(marked)
    read, found, read_ms = {}, {}, []
    for name, do in DISTORTIONS.items():
        sent = do(marked)
        seen, ms = _timed(lambda sent=sent: watermark.read(sent))
        read[name] = seen is not None and seen.picture_id == picture_id
        found[name] = distance(own, fingerprint.fingerprint(sent)) <= fingerprint.max_distance
        read_ms.append(ms)
    return {
        "kind": kind, "side_px": side_px, "read": read, "found": found, "psnr_db": cv2.PSNR(image, marked),
        "ssim": ssim(image, marked), "mark_cpu_ms": mark_ms, "read_cpu_ms": max(read_ms),
        "unmarked_cpu_ms": unmarked_ms, "false": unmarked is not None,
    }  # fmt: skip


def ssim(one: RgbU8, other: RgbU8) -> float:
    """Of the brightness, windows of sigma 1.5 (Z. Wang et al., IEEE Trans. Image Processing 13, 2004)."""
    a, b = (cv2.cvtColor(it, cv2.COLOR_RGB2GRAY).astype(np.float64) for it in (one, other))

    def mean(it: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(it, (11, 11), 1.5))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    return float((((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def _timed(do: Any) -> tuple[Any, float]:
    started = time.process_time()
    return do(), 1000 * (time.process_time() - started)


def _summary(rows: Sequence[Row]) -> Row:
    return {
        "pictures": len(rows),
        "read": {name: rate(sum(r["read"][name] for r in rows), len(rows)) for name in DISTORTIONS},
        "found": {name: rate(sum(r["found"][name] for r in rows), len(rows)) for name in DISTORTIONS},
        "false": sum(r["false"] for r in rows),
        "psnr_db": _spread([r["psnr_db"] for r in rows], 2),
        "ssim": _spread([r["ssim"] for r in rows], 4),
        **{name: _spread([r[name] for r in rows], 0) for name in ("mark_cpu_ms", "read_cpu_ms", "unmarked_cpu_ms")},
    }


def _spread(values: Sequence[float], digits: int) -> list[float]:
    """Least, median, 95th percentile, most."""
    return [round(float(v), digits) for v in np.quantile(values, (0, 0.5, 0.95, 1))]


def main() -> int:
    """Measure and write the matrix' page only."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Plan):
        parser.add_argument(f"--{field.name}", type=int, default=field.default)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = vars(parser.parse_args())
    for goal in measure(arguments.pop("out"), Plan(**arguments))["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
