"""Prompts to embeddings, for pipelines with several text encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch

from semblance.diffusion.errors import PromptTooLong
from semblance.diffusion.prompts import windows


def clip_windows(tokenizers: Sequence[Any], prompts: Sequence[str]) -> list[list[list[list[int]]]]:
    """Token ids by prompt and tokenizer: as many windows for each as the longest needs. Raises PromptTooLong."""
    made = [[windows(tokenizer, prompt) for tokenizer in tokenizers] for prompt in prompts]
    count = max(len(pieces) for own in made for pieces in own)
    empty = [windows(tokenizer, "") for tokenizer in tokenizers]
    return [[pieces + empty[place] * (count - len(pieces)) for place, pieces in enumerate(own)] for own in made]


def penultimate(encoder: Any, pieces: list[list[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The last hidden layer but one, (1, windows * length, width), and the encoder's first output of the first window:
    the projection (1, width) where it has one."""
    told = encoder(torch.tensor(pieces, device=device), output_hidden_states=True)
    hidden = told.hidden_states[-2]
    return hidden.reshape(1, -1, hidden.shape[-1]), told[0][:1]


class T5Reader:
    """A T5 encoder with windows of fixed lengths: the shortest that all prompts fit into is taken."""

    def __init__(self, tokenizer: Any, encoder: Any, lengths: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._lengths = sorted(lengths)

    def length(self, prompts: Sequence[str]) -> int:
        """Tokens of the window. Raises PromptTooLong."""
        needed = max(len(self._tokenizer(prompt, verbose=False).input_ids) for prompt in prompts)
        for length in self._lengths:
            if needed <= length:
                return length
        raise PromptTooLong(
            f"the prompt has {needed} tokens and at most {self._lengths[-1]} are read", remedy="Shorten it."
        )

    def read(self, prompt: str, length: int, device: torch.device) -> torch.Tensor:
        """(1, length, width)."""
        ids = self._tokenizer(prompt, padding="max_length", max_length=length, truncation=True).input_ids
        embeddings: torch.Tensor = self._encoder(torch.tensor([ids], device=device))[0]
        return embeddings


MAX_T5_TOKENS: Final = 512
"""Of both families that read by T5; diffusers' pipelines take no more."""


def first_window(tokenizer: Any, prompt: str, *, whole: bool) -> list[list[int]]:
    """The only window that is read; whole: a longer prompt raises PromptTooLong."""
    pieces = windows(tokenizer, prompt)
    if whole and len(pieces) > 1:
        raise PromptTooLong(
            f"the prompt has more than the {tokenizer.model_max_length - 2} tokens that this backbone reads",
            remedy="Shorten it, or put the pipeline's T5 encoder beside it.",
        )
    return pieces[:1]
