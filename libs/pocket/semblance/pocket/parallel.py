"""Data-parallel training in single-threaded processes, one a core: on shared cores this beats OpenMP threads."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


def launch(work: Callable[..., None], processes: int, *arguments: Any) -> None:
    """Run work(rank, processes, *arguments) in that many processes and wait; in this one if it is a single one."""
    if processes == 1:
        torch.set_num_threads(1)
        work(0, 1, *arguments)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_enter, args=(r, processes, port, work, arguments)) for r in range(processes)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()  # if one dies, gloo ends the others: their next exchange fails
    finally:
        for worker in workers:
            worker.terminate()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"training processes ended with {[w.exitcode for w in workers]}; run the stage again")


def average_gradients(parameters: Sequence[nn.Parameter], clip_norm: float, processes: int) -> float:
    """Average over processes, clip to a norm, in place; returns the norm before clipping."""
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([g.reshape(-1) for g in grads])
    if processes > 1:
        dist.all_reduce(flat)
        flat /= processes
    norm = float(flat.norm())
    flat *= min(1.0, clip_norm / (norm + 1e-9))
    offset = 0
    for weight in parameters:
        weight.grad = flat[offset : offset + weight.numel()].view(weight.shape)
        offset += weight.numel()
    return norm


def agree(value: float, processes: int) -> float:
    """The largest of all processes' values: clocks differ, decisions must not."""
    if processes == 1:
        return value
    shared: Tensor = torch.tensor([value], dtype=torch.float64)
    dist.all_reduce(shared, op=dist.ReduceOp.MAX)
    return float(shared)


def _follow_parent() -> None:
    """End with the parent, however it ends: an orphan would go on writing checkpoints beside the next run."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _enter(rank: int, processes: int, port: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    _follow_parent()
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=processes)
    try:
        work(rank, processes, *arguments)
    finally:
        dist.destroy_process_group()
