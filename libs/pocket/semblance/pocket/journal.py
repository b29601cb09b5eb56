"""The loss log: a CSV that is appended to and a small plot of it."""

from pathlib import Path

import cv2
import numpy as np

_HEADER = "step,samples,elapsed_s,loss\n"


class Journal:
    """Appends the mean of every `every` steps. Rows after the step that a run resumes from are cut off."""

    def __init__(self, path: Path, resumed_step: int, every: int = 25) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = path.read_text().splitlines()[1:] if path.exists() else []
        kept = [r for r in rows if int(r.split(",")[0]) <= resumed_step]
        path.write_text(_HEADER + "".join(f"{r}\n" for r in kept))
        self._path, self._every, self._losses = path, every, list[float]()

    def add(self, step: int, samples: int, elapsed_s: float, loss: float) -> None:
        """Count one step."""
        self._losses.append(loss)
        if step % self._every == 0:
            with self._path.open("a") as stream:
                stream.write(f"{step},{samples},{elapsed_s:.1f},{np.mean(self._losses):.5f}\n")
            self._losses.clear()


def plot(source: Path, target: Path, title: str) -> None:
    """Draw loss over samples as a PNG of 640 x 360."""
    rows = np.genfromtxt(source, delimiter=",", skip_header=1, ndmin=2)
    canvas = np.full((360, 640, 3), 255, np.uint8)
    low, high = float(rows[:, 3].min()), float(np.percentile(rows[:, 3], 98))
    x = 50 + rows[:, 1] / rows[-1, 1] * 570
    y = 320 - (rows[:, 3].clip(low, high) - low) / (high - low + 1e-9) * 280
    cv2.polylines(canvas, [np.stack([x, y], 1).astype(np.int32)], False, (160, 60, 20), 1, cv2.LINE_AA)
    cv2.rectangle(canvas, (50, 40), (620, 320), (120, 120, 120), 1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    for text, place in (
        (title, (50, 26)),
        (f"{high:.3f}", (4, 46)),
        (f"{low:.3f}", (4, 322)),
        (f"{int(rows[-1, 1]):,} samples", (470, 345)),
    ):
        cv2.putText(canvas, text, place, font, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    cv2.imwrite(str(target), canvas)
