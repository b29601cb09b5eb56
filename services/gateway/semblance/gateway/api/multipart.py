"""Multipart bodies in memory: a face photo must not touch the gateway's disk, not even a temporary file."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from semblance.gateway.api.bodies import PHOTO_LIMIT_BYTES
from semblance.kernel.errors import Invalid
from semblance.kernel.units import KIB

_FIELD_LIMIT_BYTES = 8 * KIB


@dataclass(frozen=True)
class Part:
    """A file of the form. The client's file name is not kept: it may name a person."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """Text fields by name, files by name in order."""

    fields: dict[str, str]
    files: dict[str, list[Part]]


class _InMemory(MultiPartParser):
    spool_max_size = 2 * PHOTO_LIMIT_BYTES


async def read_form(
    request: Request, *, fields: frozenset[str], file: str, max_files: int, optional: frozenset[str] = frozenset()
) -> Form:
    """The form, holding nothing but `fields` and 1 to `max_files` files called `file`; all but `optional` are needed.

    Raises Invalid; 413 comes from the body limit while reading.
    """
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=max_files,
        max_fields=len(fields),
        max_part_size=_FIELD_LIMIT_BYTES,
    )
    try:
        data = await parser.parse()
    except (MultiPartException, KeyError) as e:
        text = e.message if isinstance(e, MultiPartException) else "Content-Type is missing."
        raise Invalid(f"the form cannot be read: {text}", code="malformed-form") from e
    form = Form({}, {})
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = Part((value.content_type or "").partition(";")[0].strip().lower(), await value.read())
            form.files.setdefault(name, []).append(content)
            await value.close()
        else:
            form.fields[name] = value
    missing = sorted((fields | {file}) - optional - form.fields.keys() - form.files.keys())
    unknown = sorted((form.fields.keys() - fields) | (form.files.keys() - {file}))
    if missing or unknown:
        said = "; ".join(
            f"{word}: {', '.join(names)}" for word, names in (("missing", missing), ("unknown", unknown)) if names
        )
        raise Invalid(f"the form's fields are wrong ({said[:300]})", remedy="See /docs.", code="malformed-form")
    return form
