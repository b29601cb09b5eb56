"""`semblance receipt`: proofs of erasure, checked without trusting who wrote them to be there still."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from semblance.client.client import Client
from semblance.client.command.credentials import load
from semblance.client.command.output import Json, say, table
from semblance.client.receipts import MAX_BYTES, ReceiptInvalid, check_receipt

app = typer.Typer(help="Signed receipts of erasures.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `semblance erase` saved.")]


@app.command("verify")
def verify(
    file: File,
    keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Keys kept from before; without it they are fetched."),
    ] = None,
    subject: Annotated[str | None, typer.Option(help="The account's id: says whether the receipt is about it.")] = None,
    json: Json = False,
) -> None:
    """Check a receipt and say what was destroyed, where and when. With --keys nothing is asked of any platform."""
    receipt = check_receipt(_text(file), _keys(keys))
    if subject is not None and not receipt.names(subject):
        raise ReceiptInvalid("the receipt is genuine, but about another account")
    if json:
        say(receipt, as_json=True)
        return
    table(receipt.stores, ("service", "store", "count"), as_json=False)
    key = f"key {receipt.key_id} destroyed {receipt.key_destroyed_at:%Y-%m-%d %H:%M:%S %Z}, " if receipt.key_id else ""
    total = sum(store.count for store in receipt.stores)
    print(f"Genuine. {receipt.iss}: asked for {receipt.requested_at:%Y-%m-%d %H:%M:%S %Z}, {key}", end="")
    print(f"completed {receipt.completed_at:%Y-%m-%d %H:%M:%S %Z}; {total} things.")


@app.command("keys")
def save_keys(
    out: Annotated[Path, typer.Option(help="Where they go.", dir_okay=False)] = Path("receipt-keys.json"),
    json: Json = False,
) -> None:
    """Keep the platform's public keys, so that receipts can be checked when it is gone."""
    found = _fetched()
    out.write_text(json_module.dumps(found, indent=2) + "\n", encoding="utf-8")
    say({"keys": str(out)}, as_json=json, words=f"{len(found['keys'])} keys: {out}")


def _keys(file: Path | None) -> dict[str, Any]:
    if file is None:
        return _fetched()
    try:
        found = json_module.loads(_text(file))
    except ValueError as e:
        raise ReceiptInvalid("the keys are not a JSON Web Key Set") from e
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise ReceiptInvalid("the keys are not a JSON Web Key Set")
    return found


def _fetched() -> dict[str, Any]:
    with Client(load().base_url) as here:
        return here.receipt_keys()


def _text(file: Path) -> str:
    """At most MAX_BYTES of a file. Raises ReceiptInvalid."""
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ReceiptInvalid(f"{file.name} is larger than {MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise ReceiptInvalid(f"{file.name} is not a text file") from e
