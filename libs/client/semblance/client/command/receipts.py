"""`semblance receipt`: proofs of consents and erasures, checked without trusting who wrote them to be there still."""

from __future__ import annotations

import datetime as dt
import json as json_module
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from semblance.client import consent_receipts, receipts
from semblance.client.client import Client
from semblance.client.command.credentials import load
from semblance.client.command.output import Json, say, table
from semblance.client.consent_receipts import ConsentReceipt
from semblance.client.erasure_lists import (
    LIST_MAX_BYTES,
    ErasureList,
    ErasureProof,
    check_list,
    check_proof,
    prove,
    summary,
)
from semblance.client.receipts import Receipt, check_receipt
from semblance.client.signatures import MAX_BYTES, NoSuchThing, ReceiptInvalid, kind_of

ModelT = TypeVar("ModelT", bound=BaseModel)
app = typer.Typer(help="Signed receipts of consents and erasures.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A receipt or credential as it was saved.")]
Keys = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Keys kept from before; without it they are fetched."),
]
Subject = Annotated[str | None, typer.Option(help="An account's id: says whether the receipt is about it.")]
Saved = Annotated[Path | None, typer.Option("--list", exists=True, dir_okay=False, help="The list saved beside it.")]


@app.command("verify")
def verify(
    file: File,
    *,
    keys: Keys = None,
    subject: Subject = None,
    salt: Annotated[str | None, typer.Option(help="Of a consent: what the person was given with it.")] = None,
    grantee: Annotated[str | None, typer.Option(help="Of a grant: says whether it is to this account.")] = None,
    listed: Saved = None,
    item: Annotated[str | None, typer.Option(help="Of an erasure: an id that must be in the list.")] = None,
    proof: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="What `receipt prove` made.")] = None,
    json: Json = False,
) -> None:
    """Check a receipt of a consent or of an erasure, or a credential. With --keys nothing is asked of any platform."""
    text, trusted = _text(file, MAX_BYTES), _keys(keys)
    if text.lstrip().startswith("{") or kind_of(text) != receipts.TYPE:
        if listed or item or proof:
            raise ReceiptInvalid("only the receipt of an erasure has a list")
        _say_consent(*_consent(text, trusted, salt), subject, grantee, as_json=json)
        return
    receipt = check_receipt(text, trusted)
    if subject is not None and not receipt.names(subject):
        raise ReceiptInvalid("the receipt is genuine, but about another account")
    more = _more(receipt, listed, item, proof)
    if json:
        say(receipt, as_json=True)
        return
    table(receipt.stores, ("service", "store", "count", "destroyed_at"), as_json=False)
    print(" ".join([_genuine(receipt), *more]))


@app.command("prove")
def prove_one(
    file: File,
    *,
    listed: Annotated[Path, typer.Option("--list", exists=True, dir_okay=False, help="The list saved beside it.")],
    item: Annotated[str, typer.Option(help="The id of a photo, an image, an adapter, a job.")],
    keys: Keys = None,
    out: Annotated[Path, typer.Option(help="Where the proof goes.", dir_okay=False)] = Path("erasure-proof.json"),
    json: Json = False,
) -> None:
    """Prove to somebody who is not to see the list that things of one id are in it."""
    made = prove(check_receipt(_text(file, MAX_BYTES), _keys(keys)), _model(listed, ErasureList, LIST_MAX_BYTES), item)
    out.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
    say({"proof": str(out), "found": len(made.found)}, as_json=json, words=f"{summary(made)}. Proof: {out}")


@app.command("keys")
def save_keys(
    out: Annotated[Path, typer.Option(help="Where they go.", dir_okay=False)] = Path("receipt-keys.json"),
    json: Json = False,
) -> None:
    """Keep the platform's public keys, so that receipts can be checked when it is gone."""
    found = _fetched()
    out.write_text(json_module.dumps(found, indent=2) + "\n", encoding="utf-8")
    say({"keys": str(out)}, as_json=json, words=f"{len(found['keys'])} keys: {out}")


def _consent(text: str, keys: Mapping[str, Any], salt: str | None) -> tuple[ConsentReceipt, str | None]:
    """The receipt in any of its three forms, and the salt if it is known. Raises ReceiptInvalid and its kinds."""
    now = dt.datetime.now(dt.UTC)
    if text.lstrip().startswith("{"):
        file = consent_receipts.exported(text)
        receipt = consent_receipts.check_exported(file, keys)
        salt = salt or file.pii_principal_salt or None
    elif (kind := kind_of(text)) == consent_receipts.CREDENTIAL_TYPE:
        receipt = consent_receipts.check_credential(text, keys, now)
    elif kind == consent_receipts.RECEIPT_TYPE:
        receipt = consent_receipts.check_consent_receipt(text, keys)
    else:
        raise ReceiptInvalid(f"this is a signed file of another kind ({kind or 'unnamed'}), no receipt or credential")
    receipt.require_standing(now)
    return receipt, salt


def _say_consent(
    receipt: ConsentReceipt, salt: str | None, subject: str | None, grantee: str | None, *, as_json: bool
) -> None:
    for who, about in ((subject, receipt.names), (grantee, receipt.given_to)):
        if who is None:
            continue
        if salt is None:
            raise ReceiptInvalid("whom it is about is a salted hash", remedy="Ask the person for the salt: --salt.")
        if not about(who, salt):
            raise ReceiptInvalid("the receipt is genuine, but about another account")
    purposes = ", ".join(each.purpose for each in receipt.pii_processing.purposes)
    given = receipt.events[0]
    until = f" until {given.valid_until:%Y-%m-%d}" if given.valid_until else ""
    notice = receipt.pii_processing.privacy_notice
    words = (
        f"Genuine. {receipt.issuer}: consent {receipt.record_id} to {purposes}, given {given.event_time:%Y-%m-%d}"
        f"{until} on notice {notice.version}; it stood on {receipt.receipt_timestamp:%Y-%m-%d %H:%M:%S %Z}, "
        "when this was written. Ask the platform whether it stands now."
    )
    say(receipt, as_json=as_json, words=words)


def _more(receipt: Receipt, listed: Path | None, item: str | None, proof: Path | None) -> list[str]:
    """What was found in the list and the proof, in words. Raises ReceiptInvalid."""
    words = []
    if listed is not None:
        found = _model(listed, ErasureList, LIST_MAX_BYTES)
        check_list(receipt, found)
        words.append(f"The list leads to the signed root: {sum(len(s.items) for s in found.stores)} things by name.")
        if item is not None:
            words.append(f"Of this id: {summary(prove(receipt, found, item))}.")
    elif item is not None and proof is None:
        raise ReceiptInvalid("an id is looked for in the list", remedy="Give the list with --list.")
    if proof is not None:
        made = _model(proof, ErasureProof, MAX_BYTES)
        check_proof(receipt, made)
        if item is not None and {each.identifier.partition("#")[0] for each in made.found} != {item}:
            raise NoSuchThing("the proof holds, but is about another id")
        words.append(f"The proof holds: {summary(made)}.")
    return words


def _genuine(receipt: Receipt) -> str:
    key = f"key {receipt.key_id} destroyed {receipt.key_destroyed_at:%Y-%m-%d %H:%M:%S %Z}, " if receipt.key_id else ""
    total = sum(store.count for store in receipt.stores)
    return (
        f"Genuine. {receipt.iss}: asked for {receipt.requested_at:%Y-%m-%d %H:%M:%S %Z}, {key}"
        f"completed {receipt.completed_at:%Y-%m-%d %H:%M:%S %Z}; {total} things."
    )


def _keys(file: Path | None) -> dict[str, Any]:
    if file is None:
        return _fetched()
    try:
        found = json_module.loads(_text(file, MAX_BYTES))
    except ValueError as e:
        raise ReceiptInvalid("the keys are not a JSON Web Key Set") from e
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise ReceiptInvalid("the keys are not a JSON Web Key Set")
    return found


def _fetched() -> dict[str, Any]:
    with Client(load().base_url) as here:
        return here.receipt_keys()


def _model(file: Path, model: type[ModelT], max_bytes: int) -> ModelT:
    try:
        return model.model_validate_json(_text(file, max_bytes))
    except ValidationError as e:
        raise ReceiptInvalid(f"{file.name} is not what it should be") from e


def _text(file: Path, max_bytes: int) -> str:
    """At most `max_bytes` of a file. Raises ReceiptInvalid."""
    with file.open("rb") as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ReceiptInvalid(f"{file.name} is larger than {max_bytes} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise ReceiptInvalid(f"{file.name} is not a text file") from e
