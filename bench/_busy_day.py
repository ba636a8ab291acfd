"""A day of a busy bot in a few minutes: the page's process and a worker on one Redis, with people on Telegram and programs
at the API, and with what a day brings: a pause that Telegram wants, more questions than the provider takes at once, a
provider that is away, people whose budget is spent, words that moderation refuses. A Prometheus watches both processes."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.support.bot_process import process
from tests.support.completions import KEY, CompletionsServer, Wire, ending, text, words
from tests.support.servers import RedisServer, free_port
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import TOKEN, Fault, sends
from tests.support.web import listening

HOUR = 15.0
"""Seconds for each of the day's."""
PEOPLE = 12
"""On Telegram, and as many at the API."""
QUIET, BUSY = 0.2, 2.2
"""Questions a second at night, and at the busiest time of the day."""
NOON, SPREAD = 13.5, 3.5
"""Hours: when most is asked, and how far around it."""
PAUSE, AWAY, BACK = 10.0, 17.5, 18.5
"""Hours: when Telegram wants a pause, and when the provider is away."""
WORDS, WORD_TIME = 50, 0.02
AT_ONCE = 5
BUDGET = 0.0035
"""Dollars a day for each of them."""
BAD_GATEWAY = text("<html>Bad gateway</html>", 502)


@dataclass(frozen=True)
class Prometheus:
    """url: of one that runs. began: when the day did, in Unix seconds."""

    url: str
    began: float

    async def series(self, expression: str, step: float) -> list[dict[str, Any]]:
        """What Prometheus makes of it over the whole day."""
        asked: dict[str, str | float] = {
            "query": expression,
            "start": self.began,
            "end": self.began + 24 * HOUR,
            "step": step,
        }
        async with httpx2.AsyncClient() as http:
            answered = (await http.get(f"{self.url}/api/v1/query_range", params=asked)).json()
        found: list[dict[str, Any]] = answered["data"]["result"]
        return found


@asynccontextmanager
async def watched_day(folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that has seen the day, which is over."""
    page, worker, prometheus = free_port(), free_port(), free_port()
    async with AsyncExitStack() as opened:
        redis = opened.enter_context(RedisServer())
        telegram = await opened.enter_async_context(TelegramServer())
        model = await opened.enter_async_context(CompletionsServer(always=speak))
        shared = settings(redis.url, model, telegram)
        await opened.enter_async_context(process(written(folder / "page.yaml", shared, page, None), "web"))
        await opened.enter_async_context(process(written(folder / "worker.yaml", shared, page, worker), "telegram"))
        for port in (page, worker):
            await listening(port)
        await opened.enter_async_context(scraping(folder, prometheus, (page, worker)))
        loop = asyncio.get_running_loop()
        seen = Prometheus(f"http://127.0.0.1:{prometheus}", await now_of(prometheus))
        await Day(model, telegram, f"http://127.0.0.1:{page}", loop.time()).pass_by()
        yield seen


def settings(store: str, model: CompletionsServer, telegram: TelegramServer) -> str:
    return f"""
store: {store}
providers: {{openai: {{base_url: "{model.url}", api_key: {KEY}, at_once: {AT_ONCE}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}"}}
moderation: {{provider: openai}}
limits: {{budget: {{user: {{day: {BUDGET}}}}}}}
log: {{level: error}}
"""


def written(file: Path, shared: str, page: int, port: int | None) -> Path:
    clients = ", ".join(f"{{name: program-{who}, key: key-of-program-{who}}}" for who in range(PEOPLE))
    web = f"web: {{port: {page}, clients: [{clients}]}}\n"
    file.write_text(shared + web + (f"telemetry: {{port: {port}}}\n" if port else ""))
    return file


@asynccontextmanager
async def scraping(folder: Path, port: int, targets: tuple[int, ...]) -> AsyncIterator[None]:
    found = shutil.which("prometheus")
    if found is None:
        sys.exit("bench: no prometheus here (Debian: apt install prometheus)")
    names = ", ".join(f'"127.0.0.1:{target}"' for target in targets)
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: parlour, static_configs: [{{targets: [{names}]}}]}}]\n"
    )
    command = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder}/prometheus",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    running = await asyncio.create_subprocess_exec(found, *command, stderr=subprocess.DEVNULL)
    try:
        await listening(port)
        yield
    finally:
        running.terminate()
        await running.wait()


async def now_of(port: int) -> float:
    """Prometheus' own time, once it answers."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        for _ in range(300):
            if (await http.get("/-/ready")).status_code == 200:
                answered = (await http.get("/api/v1/query", params={"query": "time()"})).json()
                return float(answered["data"]["result"][0])
            await asyncio.sleep(0.1)
    sys.exit("bench: prometheus is not ready after half a minute")


async def speak(wire: Wire) -> None:
    """The model: word by word, and of a longer prompt more is known from before."""
    role, *spoken = words(" ".join(["word"] * WORDS))
    await wire.begin_stream()
    await asyncio.sleep(0.3)
    await wire.piece(role)
    for piece in spoken:
        await asyncio.sleep(WORD_TIME)
        await wire.piece(piece)
    said = len(wire.request.body["messages"])
    prompt, cached = 300 + 120 * said, 110 * (said - 2) if said > 2 else 0
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": WORDS * 2,
        "total_tokens": prompt + WORDS * 2,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": WORDS},
    }
    for piece in ending(usage=usage):
        await wire.piece(piece)
    await wire.end_stream()


class Day:
    """began: by the loop's clock."""

    def __init__(self, model: CompletionsServer, telegram: TelegramServer, page: str, began: float) -> None:
        self._model = model
        self._telegram = telegram
        self._page = page
        self._began = began
        self._asked = 0

    @property
    def hour(self) -> float:
        return (asyncio.get_running_loop().time() - self._began) / HOUR

    async def pass_by(self) -> None:
        paused = False
        async with httpx2.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as asking:
            while (hour := self.hour) < 24:
                if not paused and hour >= PAUSE:
                    paused = True
                    self._telegram.faults.append(Fault(sends, 429, retry_after=int(HOUR), scope="bot"))
                self._model.always = BAD_GATEWAY if AWAY <= hour < BACK else speak
                self._ask(http, asking)
                await asyncio.sleep(1 / (QUIET + BUSY * math.exp(-(((hour - NOON) / SPREAD) ** 2))))

    def _ask(self, http: httpx2.AsyncClient, asking: asyncio.TaskGroup) -> None:
        self._asked += 1
        who, on_telegram = divmod(self._asked * 7, 2)
        said = "That is an insult." if self._asked % 40 == 0 else f"Question {self._asked}, please."
        if on_telegram:
            self._telegram.say(1000 + who % PEOPLE, said)
        else:
            asking.create_task(self._ask_api(http, who % PEOPLE, said))

    async def _ask_api(self, http: httpx2.AsyncClient, who: int, said: str) -> None:
        """Whatever comes of it: what people read stands in what the processes count."""
        body = {"messages": [{"role": "user", "content": said}], "conversation": "day"}
        headers = {"Authorization": f"Bearer key-of-program-{who}"}
        with suppress(httpx2.TimeoutException):
            await http.post(f"{self._page}/v1/chat/completions", json=body, headers=headers)
