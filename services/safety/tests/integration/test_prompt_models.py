"""One suite for whatever reads prompts behind the port: the built-in heads, an operator's own model in both forms."""

# ruff: noqa: RUF001 - other scripts are part of the point

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from semblance.safety import main
from semblance.safety.domain.errors import PromptModelUnavailable
from semblance.safety.domain.limit_clauses import clauses_of
from semblance.safety.domain.readable import Readings, readings
from semblance.safety.ml import own_model as own
from semblance.safety.ml.heads import SentenceHeads
from semblance.safety.ml.sentences import SentenceEncoder
from semblance.safety.settings import SafetySettings

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "me",
    "in",
    "a",
    "garden",
    "naked",
    "forged",
    "passport",
    "ready",
]
LABELS = {"labels": {"BAD": "sexual"}, "threshold": 0.5}


def tiny_folder(folder: Path, *, onnx: bool) -> Path:
    """A BERT of random weights, biased so that it says BAD of everything."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=512, num_labels=2, id2label={0: "FINE", 1: "BAD"}, label2id={"FINE": 0, "BAD": 1},
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([-4.0, 4.0]))
    tokenizer = Tokenizer(WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    if onnx:
        _one_layer_onnx(folder / "model.onnx")
        (folder / "model.safetensors").unlink()
    (folder / "labels.yaml").write_text(yaml.safe_dump(LABELS))
    return folder


def _one_layer_onnx(path: Path) -> None:
    """Logits (-4, 4) for every text, from its mask, so that both inputs are read."""
    import onnx
    from onnx import TensorProto, helper

    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["n", "t"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])
    nodes = [
        helper.make_node("Mul", ["input_ids", "attention_mask"], ["seen"]),
        helper.make_node("Cast", ["seen"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["real"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "bias"], ["logits"]),
    ]
    constants = [
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
        helper.make_tensor("bias", TensorProto.FLOAT, [1, 2], [-4.0, 4.0]),
    ]
    graph = helper.make_graph(nodes, "tiny", [ids, mask], [logits], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.fixture(scope="module")
def heads() -> SentenceHeads:
    return SentenceHeads(SentenceEncoder())


@pytest.fixture(params=["built-in", "transformers", "onnx"])
def model(request: pytest.FixtureRequest, heads: SentenceHeads, tmp_path: Path) -> Any:
    if request.param == "built-in":
        return heads
    return own.own_model(tiny_folder(tmp_path, onnx=request.param == "onnx"))


def test_what_is_asked_for_is_named_by_a_code(model: Any) -> None:
    assert "sexual" in model.intents(readings("a naked woman on a bed, bare breasts"))


def test_the_same_prompt_has_the_same_answer_however_it_is_batched(model: Any) -> None:
    read = readings("a naked woman on a bed")
    assert model.intents(read) == model.intents(read)


def test_nothing_to_read_asks_for_nothing(model: Any) -> None:
    assert model.intents(Readings((), ())) == frozenset()


def test_the_longest_prompt_is_read(model: Any) -> None:
    assert "sexual" in model.intents(readings(("a naked woman on a bed " * 100)[:2000]))


def test_a_model_that_breaks_is_unavailable_and_quotes_nothing(
    model: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("wobblestone")

    caplog.set_level(logging.DEBUG)
    inside = model._encoder._model if isinstance(model, SentenceHeads) else model
    monkeypatch.setattr(inside, "encode" if isinstance(model, SentenceHeads) else "_forward", broken)
    with pytest.raises(PromptModelUnavailable) as refused:
        model.intents(readings("wobblestone"))
    error: BaseException | None = refused.value
    assert "wobblestone" not in f"{error} {error.__cause__} {error.__context__}"
    assert "wobblestone" not in caplog.text


@pytest.mark.parametrize("logits", [np.full((1, 2), np.nan), np.zeros((1, 3)), np.zeros((0, 2))])
def test_an_answer_that_is_none_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logits: Any) -> None:
    model = own.own_model(tiny_folder(tmp_path, onnx=True))
    monkeypatch.setattr(model, "_forward", lambda _: logits)
    with pytest.raises(PromptModelUnavailable):
        model.intents(readings("me"))


def test_vectors_that_are_no_numbers_are_no_pass(heads: SentenceHeads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads._encoder._model, "encode", lambda texts: np.full((len(texts), 512), np.nan))
    with pytest.raises(PromptModelUnavailable):
        heads.intents(readings("me"))
    with pytest.raises(PromptModelUnavailable):
        heads.broken(readings("me"), clauses_of(["no alcohol"]))


def _no_labels(folder: Path) -> None:
    (folder / "labels.yaml").unlink()


def _foreign_label(folder: Path) -> None:
    (folder / "labels.yaml").write_text(yaml.safe_dump({"labels": {"UGLY": "hate"}}))


def _foreign_code(folder: Path) -> None:
    (folder / "labels.yaml").write_text(yaml.safe_dump({"labels": {"BAD": "ugly"}}))


def _no_weights(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"none")


def _no_names(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({}))


@pytest.mark.parametrize("spoil", [_no_labels, _foreign_label, _foreign_code, _no_weights, _no_names])
def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(tiny_folder(tmp_path, onnx=True))
    with pytest.raises(PromptModelUnavailable):
        main.prompt_models_of(SafetySettings(prompt_model_path=tmp_path))


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PromptModelUnavailable):
        main.prompt_models_of(SafetySettings(prompt_model_path=tmp_path / "missing"))


def test_missing_weights_stop_the_start(heads: SentenceHeads, tmp_path: Path) -> None:
    with pytest.raises(PromptModelUnavailable):
        SentenceHeads(heads._encoder, tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("limit", "broken", "kept"),
    [
        ("no alcohol", "raising champagne flutes to the new year", "a cup of tea in the garden"),
        ("kein Alkohol", "une pinte de bière au comptoir", "un thé au jardin"),
        ("no weapons", "с винтовкой в руках", "с книгой в руках"),
        ("no motorcycles", "riding a motorbike", "playing the piano"),
    ],
)
def test_a_limit_in_other_words_and_other_languages(heads: SentenceHeads, limit: str, broken: str, kept: str) -> None:
    clauses = clauses_of([limit])
    assert heads.broken(readings(broken), clauses) == frozenset({0})
    assert heads.broken(readings(kept), clauses) == frozenset()


@pytest.mark.parametrize(
    "prompt",
    ["a photo of a person", "me", "a red car", "ein Foto von mir", "a photo of sks person, outdoors"],
)
def test_plain_words_ask_for_nothing(heads: SentenceHeads, prompt: str) -> None:
    assert heads.intents(readings(prompt)) == frozenset()
