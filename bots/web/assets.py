"""The files of the page: read once, sent compressed, kept by browsers until one of them changes."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from mimetypes import MimeTypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_PACKED = frozenset({"font/woff2", "image/png", "image/webp"})
_HASH = 12
"""Hexadecimal digits of a hash that stand in a path: enough to tell versions apart."""
_TYPES = MimeTypes()
for _suffix, _type in (
    (".js", "text/javascript"),
    (".woff2", "font/woff2"),
    (".webmanifest", "application/manifest+json"),
):
    _TYPES.add_type(_type, _suffix)


@dataclass(frozen=True)
class Asset:
    content: bytes
    type: str
    etag: str

    @cached_property
    def compressed(self) -> bytes:
        """With gzip, as soon as somebody wants it so."""
        return gzip.compress(self.content, mtime=0)

    def response(self, request: Request, caching: str) -> Response:
        headers = {"ETag": self.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = self.content
        if self.type not in _PACKED and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = self.compressed, "gzip"
        return Response(body, headers=headers, media_type=self.type)


@dataclass(frozen=True)
class Assets:
    """path: where they are, with a hash of them all in it, as modules name each other relatively."""

    files: dict[str, Asset] = field(repr=False)

    @cached_property
    def path(self) -> str:
        seen = sha256()
        for name, asset in sorted(self.files.items()):
            seen.update(f"{name}\0{asset.etag}\0".encode())
        return f"/static/{seen.hexdigest()[:_HASH]}/"

    def routes(self) -> list[Route]:
        async def send(request: Request) -> Response:
            version, _, name = request.path_params["file"].partition("/")
            asset = self.files.get(name)
            if asset is None:
                raise HTTPException(404)
            return asset.response(request, FOR_EVER if self.path == f"/static/{version}/" else ASK_AGAIN)

        return [Route("/static/{file:path}", send)]


def read_assets(folder: Path = FOLDER) -> Assets:
    """Every file below *folder* but the templates."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".html")
    return Assets({file.relative_to(folder).as_posix(): _read(file) for file in files})


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    kind = _TYPES.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(content, kind, f'"{sha256(content).hexdigest()[:_HASH]}"')
