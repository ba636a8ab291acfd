"""The files of the page: compressed, kept by browsers, and nothing but those."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from bots.web.assets import FOLDER, read_assets
from tests.support.door import door

TYPES = {
    "js/main.js": "text/javascript; charset=utf-8",
    "css/login.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/katex/fonts/KaTeX_Main-Regular.woff2": "font/woff2",
}


@pytest.mark.parametrize("name", TYPES)
async def test_a_file_is_what_it_says(name: str, tmp_path: Path) -> None:
    async with door(tmp_path) as browser:
        answer = await browser.get(read_assets().path + name)
        assert answer.content == (FOLDER / name).read_bytes()
        assert answer.headers["content-type"] == TYPES[name]
        assert answer.headers.get("content-encoding") == (None if name.endswith("woff2") else "gzip")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "set-cookie" not in answer.headers


async def test_a_browser_that_has_it_is_sent_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as browser:
        path = read_assets().path + "js/main.js"
        etag = (await browser.get(path)).headers["etag"]
        again = await browser.get(path, headers={"If-None-Match": f'"other", {etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert (await browser.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_under_the_name_of_another_version_it_is_sent_but_not_kept(tmp_path: Path) -> None:
    """While processes are renewed one by one, the page may come from one and its files from another."""
    async with door(tmp_path) as browser:
        answer = await browser.get("/static/000000000000/js/main.js")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "login.html", "", "js", "//etc/passwd"])
async def test_nothing_else_is_sent(name: str, tmp_path: Path) -> None:
    async with door(tmp_path) as browser:
        assert (await browser.get(f"{read_assets().path}{name}")).status_code == 404


def test_files_are_compressed_once() -> None:
    asset = read_assets().files["js/main.js"]
    assert gzip.decompress(asset.compressed) == asset.content
    assert asset.compressed is asset.compressed


async def test_all_that_the_page_loads_at_first_is_there(tmp_path: Path) -> None:
    async with door(tmp_path) as browser:
        named = re.findall(r'(?:href|src)="(/static/[^"]+)"', (await browser.get("/")).text)
        assert len(named) > 3
        for path in set(named):
            assert (await browser.get(path)).status_code == 200
