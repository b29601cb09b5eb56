"""Our own BPE in CLIP's form."""

from pathlib import Path

from semblance.pocket import tokenizer

CAPTIONS = ["a photo of a young woman with long brown hair, smiling, outdoors", "an oil painting of an old man"] * 3


def test_trigger_words_are_single_tokens_and_all_text_survives(tmp_path: Path) -> None:
    tokenizer.write(tmp_path, CAPTIONS, 80)
    loaded = tokenizer.load(tmp_path, 24)
    assert loaded.tokenize("sks person") == ["sks</w>", "person</w>"]
    unknown = loaded("zürich 27").input_ids
    assert loaded.decode(unknown, skip_special_tokens=True) == "zürich 2 7"


def test_ids_are_padded_to_the_length(tmp_path: Path) -> None:
    tokenizer.write(tmp_path, CAPTIONS, 80)
    loaded = tokenizer.load(tmp_path, 24)
    ids = tokenizer.encode(loaded, ["", "a photo of sks person"], 24)
    assert ids.shape == (2, 24)
    assert ids[0, 1:].unique().tolist() == [loaded.eos_token_id]


def test_learning_is_deterministic() -> None:
    assert tokenizer.learn_merges(CAPTIONS, 60) == tokenizer.learn_merges(CAPTIONS, 60)
