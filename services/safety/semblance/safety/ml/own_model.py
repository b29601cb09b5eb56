"""An operator's own text classifier, by folder: ONNX (model.onnx, tokenizer.json) or transformers (safetensors).

Either has a config.json with id2label.

labels.yaml says what its labels mean here:

    labels: {nsfw: sexual, toxic: hate}   # the model's label or its number: one of the codes in rules/prompts.yaml
    threshold: 0.5                        # from this probability on; or one for each label
    many: false                           # true: every label by itself (sigmoid); false: one of all (softmax)

Nothing is downloaded, and no code from the folder is run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime
import yaml
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Tokenizer

from semblance.safety.domain.errors import PromptModelUnavailable
from semblance.safety.domain.readable import Readings

Logits = npt.NDArray[np.float64]
Forward = Callable[[Sequence[str]], Logits]
MAX_TOKENS: Final = 256
Chance = Annotated[float, Field(gt=0, lt=1)]
Code = Literal["sexual", "minors", "violence", "self-harm", "hate", "fraud", "other-person"]


class Labels(BaseModel):
    """labels.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    labels: dict[str, Code] = Field(min_length=1)
    threshold: Chance | dict[str, Chance] = 0.5
    many: bool = False

    def threshold_of(self, label: str) -> float:
        """One for all, or the label's own; 0.5 where it has none."""
        return self.threshold.get(label, 0.5) if isinstance(self.threshold, dict) else self.threshold


class OwnModel:
    """Any classifier behind the port. Safe to call from many threads, one at a time."""

    def __init__(self, forward: Forward, names: Sequence[str], labels: Labels) -> None:
        """Raises PromptModelUnavailable when the labels are not the model's."""
        self._forward, self._labels, self._lock = forward, labels, threading.Lock()
        places = {**{str(k): k for k in range(len(names))}, **{name: k for k, name in enumerate(names)}}
        if not set(labels.labels) <= set(places):
            raise PromptModelUnavailable("labels.yaml names a label that the prompt model does not have")
        self._places = {label: places[label] for label in labels.labels}
        self._width = len(names)
        self.intents(Readings(("ready",), ()))

    def intents(self, read: Readings) -> frozenset[str]:
        """Codes of labels at or above their thresholds in some reading. Raises PromptModelUnavailable."""
        texts = [*read.whole, *read.parts]
        if not texts:
            return frozenset()
        chances = self._chances(texts).max(0)
        return frozenset(
            code
            for label, code in self._labels.labels.items()
            if chances[self._places[label]] >= self._labels.threshold_of(label)
        )

    def _chances(self, texts: Sequence[str]) -> Logits:
        logits = self._logits(texts)
        if logits is None or logits.shape != (len(texts), self._width) or not np.isfinite(logits).all():
            raise PromptModelUnavailable("the prompt model failed")
        if self._labels.many:
            return np.asarray(1 / (1 + np.exp(-logits)))
        e = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(e / e.sum(1, keepdims=True))

    def _logits(self, texts: Sequence[str]) -> Logits | None:
        try:
            with self._lock:
                return np.asarray(self._forward(texts), np.float64)
        except Exception:  # noqa: BLE001 - whatever broke, its message may hold the prompt
            return None


def own_model(folder: Path) -> OwnModel:
    """Raises PromptModelUnavailable: the service does not start without the model that it was told to use."""
    try:
        labels = Labels.model_validate(yaml.safe_load((folder / "labels.yaml").read_text("utf-8")))
        config = json.loads((folder / "config.json").read_text("utf-8"))
        forward, names = (_onnx if (folder / "model.onnx").exists() else _transformers)(folder), _names(config)
    except Exception as e:
        raise PromptModelUnavailable("the prompt model, or its labels.yaml or config.json, cannot be read") from e
    return OwnModel(forward, names, labels)


def _names(config: Mapping[str, Any]) -> list[str]:
    by_number = {int(number): str(name) for number, name in config["id2label"].items()}
    return [by_number[k] for k in range(len(by_number))]


def _onnx(folder: Path) -> Forward:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    wanted = [entry.name for entry in session.get_inputs()]

    def forward(texts: Sequence[str]) -> Logits:
        read = tokenizer.encode_batch(list(texts))
        given = {
            "input_ids": np.array([r.ids for r in read], np.int64),
            "attention_mask": np.array([r.attention_mask for r in read], np.int64),
            "token_type_ids": np.array([r.type_ids for r in read], np.int64),
        }
        return np.asarray(session.run(None, {name: given[name] for name in wanted})[0], np.float64)

    return forward


def _transformers(folder: Path) -> Forward:
    # Imported here: most installations use the built-in heads, and this takes seconds.
    import torch  # noqa: PLC0415
    from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: PLC0415

    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(str(folder), **local)
    model = AutoModelForSequenceClassification.from_pretrained(str(folder), use_safetensors=True, **local).eval()

    def forward(texts: Sequence[str]) -> Logits:
        read = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            return np.asarray(model(**read).logits.double().numpy())

    return forward
