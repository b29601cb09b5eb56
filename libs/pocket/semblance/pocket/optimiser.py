"""Muon for the matrices, AdamW for the rest.

Muon orthogonalises the momentum of each matrix by a Newton-Schulz iteration. Source: Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon/; scale 0.2 * sqrt(max(rows, columns)) from arXiv:2502.16982, so that an
update has the root-mean-square of AdamW's and the same rates apply."""

from collections.abc import Iterable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Nearest orthogonal-like matrix (rows, columns), singular values about 0.7..1.2."""
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(torch.bfloat16, memory_format=torch.contiguous_format)
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Parameters of two or more dimensions; convolutions count as (out, in * h * w). With several processes each
    orthogonalises its share of the matrices and the updates are summed: it is a third of a small step."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float, rank: int = 0, processes: int = 1
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "weight_decay": weight_decay, "momentum": 0.95})
        self._rank, self._processes = rank, processes
        self._owner = _share_out([w for g in self.param_groups for w in g["params"]], processes)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One update in place. Every weight must have a gradient."""
        for group in self.param_groups:
            weights: list[nn.Parameter] = group["params"]
            updates = torch.zeros(sum(w.numel() for w in weights), dtype=torch.bfloat16)
            slots = torch.split(updates, [w.numel() for w in weights])
            for weight, slot, owner in zip(weights, slots, self._owner, strict=True):
                direction = self._direction(weight, group["momentum"])
                if owner == self._rank:
                    flat = direction.reshape(weight.shape[0], -1)
                    slot.copy_((orthogonalise(flat) * (0.2 * max(flat.shape) ** 0.5)).reshape(-1))
            if self._processes > 1:
                dist.all_reduce(updates)
            for weight, slot in zip(weights, slots, strict=True):
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(slot.view(weight.shape), alpha=-group["lr"])

    def _direction(self, weight: nn.Parameter, momentum: float) -> Tensor:
        if weight.grad is None:
            raise ValueError("a matrix has no gradient")
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        state["momentum"].lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(state["momentum"], momentum)  # Nesterov


def _share_out(weights: Sequence[nn.Parameter], processes: int) -> list[int]:
    """The process that orthogonalises each matrix, balanced by cost (short side squared times long side)."""
    cost = [w.numel() * min(w.shape[0], w.numel() // w.shape[0]) for w in weights]
    load, owner = [0] * processes, [0] * len(weights)
    for k in sorted(range(len(weights)), key=lambda k: -cost[k]):
        owner[k] = load.index(min(load))
        load[owner[k]] += cost[k]
    return owner


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """(matrices for Muon, the rest for AdamW). Embeddings and the first and last convolution are no hidden layers."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            outer = "embedding.weight" in name or "conv_in" in name or "conv_out" in name
            (rest if weight.ndim < 2 or outer else matrices).append(weight)
    return matrices, rest
