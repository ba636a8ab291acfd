"""The model that runs on this machine: it loads when it is first asked, and it never outlives the bot."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.clock import SystemClock
from core.config_models import ModelConfig
from core.domain import Prompt, PromptMessage
from core.errors import ModelUnreachable, WindowExceeded
from core.llm.catalogue import Catalogue, open_models
from core.llm.local import LONGEST_LOAD, LocalConnection, why_unusable
from core.llm.tokens import UNKNOWN_FACTOR
from tests.support.clock import ManualClock, until
from tests.support.models import HELLO, KeptFacts, ask

CONFIG = ModelConfig(id="smollm2", provider="local")
pytestmark = pytest.mark.skipif(why_unusable(CONFIG) is not None, reason="set up without the local model")


@asynccontextmanager
async def local(**config: Any) -> AsyncIterator[Catalogue]:
    models = [CONFIG.model_copy(update=config)]
    async with open_models(models, {}, KeptFacts(), SystemClock()) as catalogue:
        yield catalogue


def question(text: str) -> Prompt:
    return Prompt((PromptMessage("user", text),), max_output=8)


async def test_it_loads_at_the_first_question_and_says_so_meanwhile() -> None:
    async with local() as models:
        assert models.loading() is None
        asking = asyncio.create_task(ask(models.get(""), question("Hello")))
        await until(lambda: models.loading() == "smollm2")
        assert (await asking)[0].strip()
        assert models.loading() is None


async def test_a_conversation_that_goes_on_is_not_read_again_from_its_beginning() -> None:
    async with local() as models:
        story = question("Once upon a time there was a fox. " * 20)
        _, _, first = await ask(models.get(""), story)
        _, _, again = await ask(models.get(""), story)
    assert first.cached == 0
    assert again.cached > again.prompt / 2


async def test_one_that_did_not_load_in_time_is_started_again() -> None:
    """It would pass for one that has loaded, as its process runs, and be asked where nobody knows who listens."""
    clock = ManualClock()
    connection = LocalConnection(CONFIG, clock)
    nowhere = connection.provider.base_url
    loading = asyncio.create_task(connection.ready())
    await until(lambda: clock.next_alarm is not None)
    await clock.advance(LONGEST_LOAD)
    with pytest.raises(ModelUnreachable):
        await loading
    await connection.ready()
    assert connection.provider.base_url != nowhere
    await connection.aclose()


async def test_the_examples_before_it_are_not_taken_for_the_questions_own_tokens() -> None:
    """A question that seemed twice as long would be refused where there is room for it."""
    async with local() as models:
        model = models.get("")
        fox = question("The quick brown fox jumps over the lazy dog again. " * 20)  # 207 tokens, with the frame
        await ask(model, replace(fox, tokens=round(207 * UNKNOWN_FACTOR)))
        assert model.spec.factor == UNKNOWN_FACTOR


async def test_a_prompt_beyond_its_window_is_known_as_such() -> None:
    async with local() as models:
        with pytest.raises(WindowExceeded) as caught:
            await ask(models.get(""), question("word " * 9000))
        assert caught.value.limit == 8192


async def test_a_file_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but not really")
    async with local(path=str(broken)) as models:
        with pytest.raises(ModelUnreachable, match="did not load"):
            await ask(models.get(""), HELLO)


async def test_where_no_process_can_be_started_the_model_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the next model is asked, as for any other."""
    async with local() as models:
        monkeypatch.setattr(sys, "executable", "/nothing/of/this/name")
        with pytest.raises(ModelUnreachable, match="did not load: No such file"):
            await ask(models.get(""), HELLO)


async def test_a_file_that_is_not_there_makes_the_model_unusable() -> None:
    async with local(path="nowhere.gguf") as models:
        assert models.unusable() == {"smollm2": "the file in `path` does not exist"}


async def test_a_question_withdrawn_while_it_loads_does_not_stop_the_loading() -> None:
    async with local() as models:
        asking = asyncio.create_task(ask(models.get(""), question("Hello")))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await ask(models.get(""), question("Hello")))[0].strip()


PROGRAM = """
import asyncio, os, signal
from core.clock import SystemClock
from core.config_models import ModelConfig
from core.llm.catalogue import open_models
from core.llm.local import built_in_weights
from tests.support.models import HELLO, KeptFacts

async def main():
    config = ModelConfig(id="smollm2", provider="local", path=str(built_in_weights()))
    async with open_models([config], {}, KeptFacts(), SystemClock()) as models:
        async with models.get("").stream(HELLO) as deltas:
            async for _ in deltas:
                print(models.get("")._connection.provider.base_url, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_it_ends_with_the_bot_however_that_dies() -> None:
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE)
    output, _ = await bot.communicate()
    address = urlsplit(output.decode().split()[-1])
    assert address.port
    await until(lambda: not listens(address.port or 0))


def listens(port: int) -> bool:
    with socket.socket() as plain:
        return plain.connect_ex(("127.0.0.1", port)) == 0
