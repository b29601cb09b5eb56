"""A small byte-level BPE of our own in the form that CLIPTokenizer reads (vocab.json and merges.txt)."""

import collections
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTokenizer

WHOLE_WORDS = ("sks", "person")
START, END = "<|startoftext|>", "<|endoftext|>"
_END_OF_WORD = "</w>"


def byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes that byte-level BPE uses. Source: GPT-2's encoder."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [b for b in range(256) if b not in kept]
    return [chr(b) for b in kept] + [chr(256 + k) for k in range(len(moved))]


def learn_merges(texts: Iterable[str], count: int) -> list[tuple[str, str]]:
    """The `count` most frequent joins, plus those that make each of WHOLE_WORDS one token (these come first)."""
    words = collections.Counter(w for t in texts for w in re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", t.lower()))
    pieces = {w: [*w[:-1], w[-1] + _END_OF_WORD] for w in words}
    merges: list[tuple[str, str]] = []
    for word in WHOLE_WORDS:
        left = word[0]
        for k, letter in enumerate(word[1:], start=2):
            right = letter + (_END_OF_WORD if k == len(word) else "")
            if (left, right) not in merges:
                merges.append((left, right))
            left += right
    for pair in merges:
        pieces = {w: _join(p, pair) for w, p in pieces.items()}
    while len(merges) < count:
        pairs: collections.Counter[tuple[str, str]] = collections.Counter()
        for word, n in words.items():
            for pair in zip(pieces[word], pieces[word][1:], strict=False):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        pieces = {w: _join(p, best) for w, p in pieces.items()}
    return merges


def write(folder: Path, texts: Iterable[str], merges: int) -> None:
    """Learn from captions and write vocab.json and merges.txt."""
    joins = learn_merges(texts, merges)
    alphabet = byte_alphabet()
    entries = alphabet + [c + _END_OF_WORD for c in alphabet] + [a + b for a, b in joins]
    store(folder, {token: k for k, token in enumerate([*dict.fromkeys(entries), START, END])}, joins)


def store(folder: Path, vocabulary: dict[str, int], joins: list[tuple[str, str]]) -> None:
    """Write vocab.json and merges.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in joins))


def load(folder: Path, length: int) -> Any:
    """The CLIPTokenizer over files that `write` made."""
    return CLIPTokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=length)


def encode(tokenizer: Any, texts: list[str], length: int) -> Any:
    """Token ids (N, length), padded with the end token, as the pipeline does."""
    rows = tokenizer(texts, padding="max_length", max_length=length, truncation=True).input_ids
    return torch.tensor(rows, dtype=torch.long)


def _join(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    k = 0
    while k < len(pieces):
        if k + 1 < len(pieces) and (pieces[k], pieces[k + 1]) == pair:
            joined.append(pieces[k] + pieces[k + 1])
            k += 2
        else:
            joined.append(pieces[k])
            k += 1
    return joined
