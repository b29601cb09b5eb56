"""In which numbers a training step is computed on this CPU."""

import torch


def mixed() -> torch.autocast:
    """bfloat16 where the CPU has instructions for it, else float32: without AVX-512 it is emulated, and a step of the
    classifier in obedience.py took 15 times as long."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.backends.cpu.get_cpu_capability().startswith("AVX512"))
