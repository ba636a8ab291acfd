"""A Chat Completions server as a process of its own, cheap enough to speak to thousands at once:

    python -m bench._model

prints its port. It answers with the last word of the question, then words, 50 a second to each.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque

from bench._speaking import ANSWER, WORD_TIME, WORDS
from tests.support.completions import chunk, ending, words

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
Speech = tuple[asyncio.StreamWriter, deque[bytes]]


def framed(*events: bytes) -> bytes:
    data = b"".join(events)
    return b"%x\r\n%b\r\n" % (len(data), data)


ROLE, *_ = words("")
SPOKEN = [framed(chunk({"content": f" {word}"})) for word in ANSWER.split()]
END = framed(*ending()) + b"0\r\n\r\n"


class Model:
    def __init__(self) -> None:
        self._speeches: list[Speech] = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                asked = json.loads(await reader.readexactly(length))
                name = asked["messages"][-1]["content"].split()[-1]
                writer.write(OK + framed(ROLE))
                self._speeches.append((writer, deque([framed(chunk({"content": name})), *SPOKEN, END])))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def speak(self) -> None:
        """One word to everybody at a time, for ever."""
        due = time.monotonic()
        while True:
            due += WORD_TIME
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            for writer, rest in self._speeches:
                writer.write(rest.popleft())
            self._speeches = [(writer, rest) for writer, rest in self._speeches if rest and not writer.is_closing()]


async def main() -> None:
    model = Model()
    server = await asyncio.start_server(model.hear, "127.0.0.1", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await model.speak()


if __name__ == "__main__":
    assert len(SPOKEN) == WORDS - 1
    asyncio.run(main())
