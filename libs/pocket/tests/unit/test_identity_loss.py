"""The differentiable SFace is the judge's SFace, and a picture can be led to a face by it."""

import numpy as np
import pytest
import torch

from semblance.pocket.dataset import render_person
from semblance.pocket.identity_loss import IdentityLoss
from semblance.pocket.latents import fit
from semblance.pocket.pictures import Pictures, join
from semblance.pocket.recognition import FaceReader, embedder_path, models_dir
from semblance.pocket.settings import Recipe


@pytest.fixture(scope="module")
def taken() -> Pictures:
    reader = FaceReader(models_dir())
    return join([render_person(seed, Recipe(), reader) for seed in range(1, 4)])


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def test_it_agrees_with_the_judge(taken: Pictures) -> None:
    torch.set_num_threads(1)
    photos = taken.pixels[taken.is_photo]
    judged = FaceReader(models_dir()).embeddings(photos)
    seen = np.abs(judged).sum(1) > 0
    mine = IdentityLoss(embedder_path()).embed(tensor(photos)).numpy()
    assert seen.any()
    # One crops by the framing, the other by what it detects: they part where hair hides an eye, hence the median.
    assert np.median((mine * judged).sum(1)[seen]) > 0.9


def test_its_gradient_leads_to_the_face_and_linear_decoding_agrees(taken: Pictures) -> None:
    torch.set_num_threads(1)
    transform = fit(taken.pixels, 8, 32)
    looks = IdentityLoss(embedder_path(), transform)
    latents = transform.encode(taken.pixels[:2])
    decoded = looks.decode(torch.from_numpy(latents)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(decoded, transform.decode(latents), atol=1e-4)
    picture = tensor(taken.pixels[:1]).mul(0.5).requires_grad_(True)
    wanted = torch.from_numpy(taken.embeddings[1:2])
    before = (looks.embed(picture) * wanted).sum()
    before.backward()
    assert picture.grad is not None
    step = picture + 0.05 * picture.grad / picture.grad.abs().max()
    assert float((looks.embed(step.detach()) * wanted).sum()) > float(before.detach())
