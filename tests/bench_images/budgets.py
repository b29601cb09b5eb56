"""How large each image may be, base and all, in MB (a million bytes) of files unpacked; and why so large.

The gateway's is a goal of its own: it faces the world and starts often. The others are what docs/benchmarks/images.json
had measured when they were set, and about 5 % for later versions of packages and of Debian: an image that outgrows that
has got something new, and whoever lets it says so here.
"""

from __future__ import annotations

BUDGET_MB = {
    "gateway": 250,  # 247.3 measured: no torch, no model, no image library
    "walk": 600,  # 567.7: the made people and their photos, and numba to film them
    "ingest": 675,  # 641.1: OpenCV, onnxruntime and the face models
    "provenance": 705,  # 672.9: C2PA, OpenCV and scipy for watermarks
    "identity": 715,  # 680.4: as ingest, and faiss for the templates
    "loadtests": 890,  # 849.5: Locust, OpenCV, numba and scipy
    "safety": 1590,  # 1,516: as ingest, and torch (CPU) for the prompts' and pictures' classifiers
    "training": 1850,  # 1,761.7: torch, diffusers and Ray
    "generation": 1850,  # 1,759.7: torch, diffusers and Ray
}
