"""One picture that shows what went in and what came out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

TILE_PX = 160
GAP_PX = 8
LABEL_PX = 30
HEADING_PX = 34
PAPER = (250, 249, 246)
INK = (40, 40, 46)
FAINT = (120, 120, 128)
REFUSED = (176, 58, 46)
ACCEPTED = (46, 125, 50)


@dataclass(frozen=True)
class Tile:
    """A picture with a short line under it; `pixels` are encoded bytes, None where nothing could be decoded."""

    pixels: bytes | None
    label: str
    good: bool = True


def _tile(tile: Tile) -> Image.Image:
    canvas = Image.new("RGB", (TILE_PX, TILE_PX + LABEL_PX), PAPER)
    drawing = ImageDraw.Draw(canvas)
    if tile.pixels is None:
        drawing.rectangle((0, 0, TILE_PX - 1, TILE_PX - 1), outline=FAINT)
        drawing.text((TILE_PX // 2, TILE_PX // 2), "unreadable", fill=FAINT, anchor="mm", font=_font(14))
    else:
        with Image.open(io.BytesIO(tile.pixels)) as picture:
            shown = ImageOps.contain(picture.convert("RGB"), (TILE_PX, TILE_PX))
        canvas.paste(shown, ((TILE_PX - shown.width) // 2, (TILE_PX - shown.height) // 2))
    colour = ACCEPTED if tile.good else REFUSED
    drawing.text(
        (TILE_PX // 2, TILE_PX + LABEL_PX // 2), _shorten(tile.label), fill=colour, anchor="mm", font=_font(12)
    )
    return canvas


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _shorten(text: str, limit: int = 26) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def contact_sheet(sections: Sequence[tuple[str, Sequence[Tile]]], *, columns: int = 8) -> bytes:
    """A JPEG: under each heading its tiles, `columns` a row."""
    rows = sum(HEADING_PX + -(-len(tiles) // columns) * (TILE_PX + LABEL_PX + GAP_PX) for _, tiles in sections)
    width = columns * (TILE_PX + GAP_PX) + GAP_PX
    sheet = Image.new("RGB", (width, rows + GAP_PX), PAPER)
    drawing = ImageDraw.Draw(sheet)
    y_px = GAP_PX
    for heading, tiles in sections:
        drawing.text((GAP_PX, y_px + HEADING_PX // 2), heading, fill=INK, anchor="lm", font=_font(18))
        y_px += HEADING_PX
        for start in range(0, len(tiles), columns):
            for column, tile in enumerate(tiles[start : start + columns]):
                sheet.paste(_tile(tile), (GAP_PX + column * (TILE_PX + GAP_PX), y_px))
            y_px += TILE_PX + LABEL_PX + GAP_PX
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88)
    return out.getvalue()
