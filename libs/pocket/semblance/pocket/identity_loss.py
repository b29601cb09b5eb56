"""SFace as a differentiable module: how far a drawn face is from the person's photos, as a loss.

Our own twenty lines of converter, because onnx2torch needs torchvision, which has no build beside the pinned torch, and
the network is a plain chain. Judge a model that was trained with this by another embedder (see judges.py)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semblance.pocket.framing import TEMPLATE_64, similarity
from semblance.pocket.latents import PatchTransform
from semblance.pocket.precision import mixed

_EDGE_PX = 112
# Where SFace wants the five points in its 112 px input: arXiv:1801.07698.
_ARCFACE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)


def sface(path: Path) -> nn.Sequential:
    """The ONNX file's network, frozen: (B, 3, 112, 112) RGB 0-255 to (B, 128), not normalised. Raises ValueError for a
    node that is not in the published file."""
    import onnx  # noqa: PLC0415 - slow to import, and only training needs it
    from onnx import numpy_helper  # noqa: PLC0415

    graph = onnx.load(str(path)).graph
    stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    layers: list[nn.Module] = []
    for node in graph.node:
        values = [stored[name] for name in node.input[1:]]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type in ("Sub", "Mul", "Dropout"):
            continue  # (x - 127.5) / 128 is done by the caller's scaling; dropout is off
        layers.append(_layer(node.op_type, values, attributes))
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _layer(kind: str, values: list[Tensor], attributes: dict[str, Any]) -> nn.Module:
    """One node with its weights. nn.utils.parametrize-free: plain modules, assigned parameters."""
    if kind == "Conv":
        (weight,) = values
        groups, stride, pad = attributes["group"], attributes["strides"][0], attributes["pads"][0]
        conv = nn.Conv2d(weight.shape[1] * groups, len(weight), weight.shape[2], stride, pad, groups=groups, bias=False)
        conv.weight = nn.Parameter(weight)
        return conv
    if kind == "BatchNormalization":
        gain, bias, mean, variance = values
        return _Affine(gain, bias, mean, variance, attributes["epsilon"])
    if kind == "PRelu":
        prelu = nn.PReLU(values[0].numel())
        prelu.weight = nn.Parameter(values[0].flatten())
        return prelu
    if kind == "Flatten":
        return nn.Flatten()
    if kind == "Gemm":
        linear = nn.Linear(values[0].shape[1], values[0].shape[0])
        linear.weight, linear.bias = nn.Parameter(values[0]), nn.Parameter(values[1])
        return linear
    raise ValueError(f"the face model has an unexpected node {kind}")


class _Affine(nn.Module):
    """Batch normalisation with frozen statistics."""

    def __init__(self, gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float) -> None:
        super().__init__()
        factor = gain / (variance + epsilon).sqrt()
        self.register_buffer("factor", factor)
        self.register_buffer("shift", bias - mean * factor)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C) or (B, C, h, w)."""
        shape = (1, -1) + (1,) * (x.ndim - 2)
        factor, shift = self.get_buffer("factor"), self.get_buffer("shift")
        return x * factor.view(shape).to(x.dtype) + shift.view(shape).to(x.dtype)


class IdentityLoss(nn.Module):
    """Embeds aligned pictures. The framing is fixed, so the crop that SFace wants is one constant warp."""

    def __init__(self, path: Path, transform: PatchTransform | None = None) -> None:
        super().__init__()
        self.network = sface(path)
        self.register_buffer("grid", _grid(64), persistent=False)
        if transform is not None:
            self.register_buffer("inverse", torch.from_numpy(transform.inverse), persistent=False)
            self.register_buffer("mean", torch.from_numpy(transform.mean), persistent=False)
            self.patch_px = transform.patch_px

    def embed(self, pictures: Tensor) -> Tensor:
        """pictures (B, 3, S, S), -1..1, in the framing; returns (B, 128) unit."""
        grid = self.get_buffer("grid").expand(len(pictures), -1, -1, -1)
        # Bicubic as the judge's enlargement is; border values as its replicated frame.
        face = F.grid_sample(pictures.float(), grid, mode="bicubic", padding_mode="border", align_corners=False)
        scaled = (face.clamp(-1, 1) * (127.5 / 128.0)).contiguous(memory_format=torch.channels_last)
        with mixed():
            raw = self.network(scaled)
        return F.normalize(raw.float(), dim=1)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (B, C, h, w) to pictures (B, 3, H, W) by the linear patch transform, -1..1, not clipped."""
        flat = latents.permute(0, 2, 3, 1) @ self.get_buffer("inverse") + self.get_buffer("mean")
        n, h, w, _ = flat.shape
        p = self.patch_px
        return flat.view(n, h, w, p, p, 3).permute(0, 5, 1, 3, 2, 4).reshape(n, 3, h * p, w * p)


def _grid(edge_px: int) -> Tensor:
    """Sampling positions (1, 112, 112, 2) in a picture of `edge_px`, for grid_sample."""
    warp = similarity(_ARCFACE, (TEMPLATE_64 * (edge_px / 64.0)).astype(np.float32))
    y, x = np.mgrid[0:_EDGE_PX, 0:_EDGE_PX].astype(np.float64)
    points = np.stack([x, y, np.ones_like(x)], -1) @ warp.T  # pixel centres at whole numbers
    return torch.from_numpy(((points + 0.5) / edge_px * 2 - 1).astype(np.float32))[None]
