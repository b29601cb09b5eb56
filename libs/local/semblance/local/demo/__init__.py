"""The main job, walked once from opt-in to erasure on real parts: `python -m semblance.local.demo`."""
