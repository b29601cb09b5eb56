"""Text to embeddings. A prompt longer than the text encoder's window is encoded in several windows."""

from __future__ import annotations

from typing import Any, Final

import torch

from semblance.diffusion.errors import PromptTooLong, RequestInvalid

MAX_PROMPT_CHARACTERS: Final = 2000
MAX_WINDOWS: Final = 16
"""Cross-attention takes any length; past this many windows no backbone follows a prompt."""


def check_prompt(text: str) -> None:
    """Raise RequestInvalid for control characters, PromptTooLong past the limit."""
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise PromptTooLong(f"a prompt has at most {MAX_PROMPT_CHARACTERS} characters")
    if not text.isprintable():
        raise RequestInvalid("a prompt has no control characters")


def encode_prompts(pipeline: Any, prompt: str, negative_prompt: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings (1, windows * length, width) of both, equally long. Raises PromptTooLong."""
    wanted, unwanted = windows(pipeline.tokenizer, prompt), windows(pipeline.tokenizer, negative_prompt)
    empty = windows(pipeline.tokenizer, "")
    count = max(len(wanted), len(unwanted))
    return (
        _encode(pipeline, wanted + empty * (count - len(wanted))),
        _encode(pipeline, unwanted + empty * (count - len(unwanted))),
    )


def token_ids(tokenizer: Any, captions: list[str]) -> torch.Tensor:
    """Ids (n, length) for training captions, cut at the window: captions are ours and short."""
    encoded = tokenizer(captions, padding="max_length", truncation=True, max_length=tokenizer.model_max_length)
    return torch.tensor(encoded.input_ids)


def windows(tokenizer: Any, text: str) -> list[list[int]]:
    """Token ids, window by window, each with its marks and padding. Raises PromptTooLong."""
    room = tokenizer.model_max_length - 2
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    pieces = [ids[start : start + room] for start in range(0, len(ids), room)] or [[]]
    if len(pieces) > MAX_WINDOWS:
        raise PromptTooLong(
            f"the prompt has {len(ids)} tokens and at most {MAX_WINDOWS * room} are read", remedy="Shorten it."
        )
    padding = tokenizer.pad_token_id
    return [
        [tokenizer.bos_token_id, *piece, tokenizer.eos_token_id, *[padding] * (room - len(piece))] for piece in pieces
    ]


def _encode(pipeline: Any, windows: list[list[int]]) -> torch.Tensor:
    ids = torch.tensor(windows, device=pipeline.text_encoder.device)
    embeddings: torch.Tensor = pipeline.text_encoder(ids)[0]
    return embeddings.reshape(1, -1, embeddings.shape[-1])
