"""Pictures of what was shown in a terminal or said in a chat: drawn as a page, and photographed by Chromium."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

QUALITY = 82
"""Of WebP, 0 to 100."""
SCALE = 1.5
"""Pixels of the picture per pixel of the page."""
STYLE = """
body { margin: 0; font: 15px/1.45 "DejaVu Sans", "Noto Sans CJK SC", sans-serif; color: #1f2328; background: #fff; }
main { display: inline-block; padding: 16px 20px; border: 1px solid #d0d7de; }
.terminal { background: #16181d; color: #d6d9df; border: 0; }
pre { margin: 0; font: 14px/1.4 "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; }
.chat { width: 430px; background: #f6f7f9; }
h1 { margin: 0 0 10px; font-size: 14px; color: #59636e; }
article { display: flex; gap: 12px; padding: 6px 0; }
.face { flex: none; width: 34px; height: 34px; border-radius: 50%; background: #8594a6; color: #fff; font: 600 15px/34px
  "DejaVu Sans", sans-serif; text-align: center; }
.bot .face { background: #3b6ea5; }
b.name { font-size: 14px; } .tag { font-size: 11px; color: #59636e; border: 1px solid #c3cad2; border-radius: 3px;
  padding: 0 4px; margin-left: 4px; }
p, blockquote { margin: 0; overflow-wrap: anywhere; } p { white-space: pre-line; }
.about { font-size: 13px; color: #59636e; border-left: 3px solid #9db4cc; padding-left: 8px; margin: 2px 0; }
blockquote { border-left: 3px solid #c3cad2; padding-left: 8px; color: #59636e; }
.mention { background: #dde8f5; border-radius: 3px; padding: 0 2px; }
.buttons { display: flex; gap: 6px; margin-top: 5px; }
.buttons span { border: 1px solid #b8c1cb; background: #fff; border-radius: 5px; padding: 1px 12px; font-size: 13px; }
.bubbles article { justify-content: flex-start; } .bubbles .face { display: none; }
.bubbles .text { background: #fff; border: 1px solid #dfe3e8; border-radius: 12px; padding: 6px 12px; max-width: 78%; }
.bubbles article:not(.bot) { justify-content: flex-end; } .bubbles article:not(.bot) .text { background: #e0efe0; }
"""
NAMED = {"brown": "#c9a227", "brightblack": "#8b929e", "blue": "#6ea8fe", "cyan": "#5cc8d8", "green": "#7bc47f"}
"""Colours of a terminal by the names that pyte has for them."""


@dataclass(frozen=True)
class Said:
    """One message, as it stands there at last. html: its text. about: what it replies to. buttons: their labels."""

    name: str
    html: str
    is_bot: bool = False
    about: str = ""
    buttons: Sequence[str] = ()


async def photograph(page: Page, file: Path, size: Mapping[str, float], scale: float = SCALE) -> int:
    """As WebP, which Playwright itself does not write; its bytes. size: width and height from the upper left corner."""
    session = await page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
    shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    return _written(file, base64.b64decode(shot["data"]))


def _written(file: Path, picture: bytes) -> int:
    file.parent.mkdir(exist_ok=True)
    return file.write_bytes(picture)


async def draw(browser: Browser, file: Path, html: str) -> int:
    """*html* as `of_terminal` or `of_chat` made it; the picture's bytes."""
    page = await browser.new_page(viewport={"width": 1200, "height": 400}, device_scale_factor=SCALE)
    try:
        await page.set_content(f"<!doctype html><style>{STYLE}</style>{html}")
        box = await page.locator("main").bounding_box()
        assert box
        await page.set_viewport_size({"width": 1200, "height": int(box["height"]) + 20})
        return await photograph(page, file, {"width": box["width"], "height": box["height"]})
    finally:
        await page.close()


def of_terminal(screen: Any) -> str:
    """The lines of a pyte *screen* down to the last one that is not empty."""
    used = [number for number, line in enumerate(screen.display) if line.strip()]
    width = max(len(line.rstrip()) for line in screen.display) + 2
    lines = (_line(screen.buffer[number], width) for number in range(used[-1] + 1))
    return f"<main class=terminal><pre>{chr(10).join(lines)}</pre></main>"


def _line(cells: Mapping[int, Any], width: int) -> str:
    parts = []
    for looks, run in groupby((cells[column] for column in range(width)), lambda cell: (cell.fg, cell.bold)):
        colour, bold = looks
        shown = NAMED.get(colour, f"#{colour}" if len(colour) == 6 else "inherit")
        text = escape("".join(cell.data for cell in run))
        parts.append(f'<span style="color:{shown};font-weight:{"bold" if bold else "normal"}">{text}</span>')
    return "".join(parts)


def of_chat(title: str, messages: Iterable[Said], *, bubbles: bool = False) -> str:
    looks = "chat bubbles" if bubbles else "chat"
    return f"<main class='{looks}'><h1>{escape(title)}</h1>{''.join(map(_message, messages))}</main>"


def _message(said: Said) -> str:
    about = f"<div class=about>{escape(said.about)}</div>" if said.about else ""
    buttons = "".join(f"<span>{escape(label)}</span>" for label in said.buttons)
    tag = " <span class=tag>bot</span>" if said.is_bot else ""
    return (
        f"<article class={'bot' if said.is_bot else 'person'}><div class=face>{escape(said.name[0].upper())}</div>"
        f"<div class=text><b class=name>{escape(said.name)}</b>{tag}{about}{said.html}"
        f"{f'<div class=buttons>{buttons}</div>' if buttons else ''}</div></article>"
    )
