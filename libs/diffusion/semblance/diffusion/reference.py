"""The face embedding that some backbones are told beside the words."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import AdapterUnusable


def reference_tensor(backbone: Backbone, reference: NDArray[np.float32] | None) -> torch.Tensor:
    """The face embedding as (1, 1, D); zeros, as in the backbone's own training, when there is none.

    Raises AdapterUnusable for another length or for numbers that are not finite.
    """
    size = backbone.reference_size
    if size is None:
        raise AdapterUnusable("this backbone takes no reference face")
    device = backbone.pipeline.unet.device
    if reference is None:
        return torch.zeros(1, 1, size, device=device)
    if reference.shape != (size,) or not np.isfinite(reference).all():
        raise AdapterUnusable(f"the reference is not a vector of {size} finite numbers")
    return torch.from_numpy(np.array(reference, np.float32)).to(device).view(1, 1, size)
