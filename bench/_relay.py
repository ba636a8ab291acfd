"""The least that a server can do with a model's stream, as a process of its own: pass on its bytes.

python -m bench._relay MODEL_PORT PORT
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


def relay(model: str) -> Starlette:
    client = httpx2.AsyncClient(base_url=model, timeout=None, limits=httpx2.Limits(max_connections=None))

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ready")

    async def passed_on(request: Request) -> Response:
        opened = AsyncExitStack()
        asked = client.stream("POST", "/chat/completions", content=await request.body())
        answer = await opened.enter_async_context(asked)

        async def pieces() -> AsyncIterator[bytes]:
            async with opened:
                async for piece in answer.aiter_raw():
                    yield piece

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return Starlette(routes=[Route("/ready", ready), Route("/relay", passed_on, methods=["POST"])])


if __name__ == "__main__":
    model_port, port = sys.argv[1:]
    app = relay(f"http://127.0.0.1:{model_port}/v1")
    uvicorn.run(app, port=int(port), log_level="error", access_log=False, lifespan="off", backlog=2000)
