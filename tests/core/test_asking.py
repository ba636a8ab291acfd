"""One answer from models that fail: what is retried, what is not, and what the user gets to see meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from core.conversations.asking import RETRY_RATE, Asking, AskingPolicy, Retries
from core.conversations.outages import LASTS, OVER
from core.domain import Finish, ModelSpec, Price, Prompt, PromptMessage, Usage
from core.errors import (
    BudgetSpent,
    ChatError,
    ContentRefused,
    MessageTooLong,
    ModelBusy,
    ModelError,
    ModelGarbled,
    ModelKeyRefused,
    ModelStalled,
    ModelUnreachable,
    StoreUnavailable,
    WindowExceeded,
)
from core.llm.scripted import Script, ScriptedModel, spoken
from core.llm.tokens import UNKNOWN_FACTOR
from core.ports import LanguageModel
from core.wording import Sentence
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.completions import CompletionsServer, answer
from tests.support.models import KeptFacts, model_on

POLICY = AskingPolicy(attempts=3, backoff=1.0, max_tokens=100)
HELLO = spoken("Hello there, Ada.")


class Try:
    """One asking over scripted models, on a clock that passes by itself."""

    def __init__(self, *models: list[Script]) -> None:
        self.clock = ManualClock()
        spec = ModelSpec("", window=1000, max_output=200, price=Price(1000, 4000, 100))
        self.models = [
            ScriptedModel(ModelSpec(f"m{number}", spec.window, spec.max_output, price=spec.price), self.clock, scripts)
            for number, scripts in enumerate(models, start=1)
        ]
        self.shown: list[str] = []
        self.retries = Retries(POLICY, self.clock, EvenChance())
        self.asking = Asking(POLICY, self.retries, self.shown.append, self.admit)
        self.limited = False
        self.affordable: list[int] = []
        self.refusal: Exception = BudgetSpent(Sentence.BUDGET_SPENT_USER, when="tomorrow")
        self.prompt_tokens = 0
        self.unprepared: dict[str, ChatError] = {}

    async def run(self) -> Asking:
        task = asyncio.create_task(self.asking.run(self.models, self.prepare))
        while not task.done():
            await self.clock.advance(self.clock.next_alarm or 0)
        task.result()
        return self.asking

    @asynccontextmanager
    async def admit(self, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> AsyncIterator[Prompt]:
        """As many calls as `affordable` has numbers; any where it never had one. The next one meets with `refusal`."""
        del spec, so_far
        if self.limited and not self.affordable:
            raise self.refusal
        yield replace(prompt, max_output=self.affordable.pop(0)) if self.limited else prompt

    async def prepare(self, model: LanguageModel) -> Prompt:
        if problem := self.unprepared.get(model.spec.id):
            raise problem
        tokens = self.prompt_tokens or model.spec.window // 2
        return Prompt((PromptMessage("user", f"for {model.spec.window}"),), tokens=tokens)

    @property
    def calls(self) -> Sequence[int]:
        return [len(model.prompts) for model in self.models]


async def test_words_are_shown_as_they_come() -> None:
    attempt = Try([HELLO])
    asking = await attempt.run()
    assert asking.text == "Hello there, Ada."
    assert attempt.shown == ["Hello", "Hello there,", "Hello there, Ada."]


@pytest.mark.parametrize("problem", [ModelUnreachable(), ModelBusy(), ModelStalled(), ModelGarbled()])
async def test_what_may_pass_is_asked_again(problem: ModelError) -> None:
    attempt = Try([Script(refusal=problem), Script(refusal=problem), HELLO])
    assert (await attempt.run()).text == "Hello there, Ada."
    assert attempt.calls == [3]


async def test_retries_wait_longer_each_time_and_as_long_as_the_server_says() -> None:
    attempt = Try([Script(refusal=ModelUnreachable()), Script(refusal=ModelBusy(retry_after=42.0)), HELLO])
    start = attempt.clock.now()
    await attempt.run()
    assert attempt.clock.now() - start == 0.75 + 42.0


async def test_a_server_that_asks_for_minutes_is_not_waited_for() -> None:
    attempt = Try([Script(refusal=ModelBusy(retry_after=600.0))], [HELLO])
    assert (await attempt.run()).model == "m2"
    assert attempt.calls == [1, 1]


async def test_after_the_last_attempt_the_next_model_is_asked() -> None:
    attempt = Try([Script(refusal=ModelUnreachable())] * 3, [HELLO])
    assert (await attempt.run()).model == "m2"
    assert attempt.calls == [3, 1]


async def test_a_wrong_key_is_not_tried_twice() -> None:
    attempt = Try([Script(refusal=ModelKeyRefused())], [HELLO])
    assert (await attempt.run()).model == "m2"
    assert attempt.calls == [1, 1]


async def test_refused_content_is_not_carried_to_another_model() -> None:
    attempt = Try([Script(refusal=ContentRefused())], [HELLO])
    with pytest.raises(ContentRefused):
        await attempt.run()
    assert attempt.calls == [1, 0]


async def test_when_no_model_answers_the_chosen_ones_problem_is_told() -> None:
    attempt = Try([Script(refusal=ModelKeyRefused())], [Script(refusal=ModelUnreachable())] * 3)
    with pytest.raises(ModelKeyRefused):
        await attempt.run()


@pytest.mark.parametrize(
    "problem", [MessageTooLong(tokens=9, limit=5, over=4), BudgetSpent(Sentence.BUDGET_SPENT_USER, when="tomorrow")]
)
async def test_a_model_that_stands_in_and_has_no_room_is_passed_over(problem: ChatError) -> None:
    """Small models stand in for large ones, and dear ones for cheap ones."""
    attempt = Try([Script(refusal=ModelKeyRefused())] * 2, [], [HELLO])
    attempt.unprepared = {"m2": problem}
    assert (await attempt.run()).model == "m3"
    del attempt.models[2]
    with pytest.raises(ModelKeyRefused):
        await attempt.run()


async def test_a_stream_that_is_cut_is_asked_again_and_what_was_shown_is_replaced() -> None:
    attempt = Try([Script(("Hello the",), error=ModelGarbled("cut")), HELLO])
    assert (await attempt.run()).text == "Hello there, Ada."
    assert attempt.shown == ["Hello the", "Hello", "Hello there,", "Hello there, Ada."]


async def test_an_empty_answer_is_none() -> None:
    attempt = Try([Script(()), HELLO])
    assert (await attempt.run()).text == "Hello there, Ada."


async def test_an_answer_that_stops_for_length_is_continued() -> None:
    first = Script(("One, two",), finish=Finish.LENGTH, usage=Usage(10, 0, 4, cost=26_000))
    attempt = Try([first, Script((", three.",), usage=Usage(20, 10, 3, cost=23_000))])
    asking = await attempt.run()
    assert (asking.text, asking.finish) == ("One, two, three.", Finish.STOP)
    assert asking.usage == Usage(30, 10, 7, cost=49_000, calls=2)
    assert [message.content for message in attempt.models[0].prompts[1].messages][1] == "One, two"


async def test_what_is_continued_is_not_taken_for_as_short_as_it_began() -> None:
    """A server that reports what it read of it would seem to count each word several times, for all who ask after."""
    facts = KeptFacts()
    async with CompletionsServer() as server, model_on(server, ManualClock(), facts, id="llama") as model:
        server.plan(
            answer("One", usage={"prompt_tokens": 500, "completion_tokens": 90}, finish="length"),
            answer(" two", usage={"prompt_tokens": 1420, "completion_tokens": 2}),
        )
        attempt = Try()
        attempt.prompt_tokens = 500
        await attempt.asking.run([model], attempt.prepare)
        assert attempt.asking.text == "One two"
        assert model.spec.factor == UNKNOWN_FACTOR


async def test_a_model_that_has_written_nothing_is_not_the_one_that_was_stopped() -> None:
    """What there is so far is another's, and is paid for at that one's price."""
    attempt = Try([Script(("Hello the",), error=ModelKeyRefused())], [Script(refusal=ModelKeyRefused())])
    with pytest.raises(ModelKeyRefused):
        await attempt.run()
    assert (attempt.asking.text, attempt.asking.model) == ("Hello the", "m1")


async def test_it_is_continued_no_further_than_configured() -> None:
    part = Script(("and so on ",), finish=Finish.LENGTH, usage=Usage(10, 0, 60))
    asking = await Try([part] * 5).run()
    assert (asking.text, asking.finish) == ("and so on and so on ", Finish.LENGTH)


async def test_a_continuation_that_fails_leaves_what_there_is() -> None:
    first = Script(("One, two",), finish=Finish.LENGTH, usage=Usage(10, 0, 4))
    attempt = Try([first, Script((", thr",), error=ModelKeyRefused())])
    asking = await attempt.run()
    assert (asking.text, asking.finish) == ("One, two", Finish.LENGTH)


async def test_a_prompt_that_is_too_long_after_all_is_cut_further_and_the_limit_kept() -> None:
    attempt = Try([Script(refusal=WindowExceeded(limit=600)), HELLO])
    assert (await attempt.run()).text == "Hello there, Ada."
    assert attempt.models[0].spec.window == 600
    assert attempt.models[0].prompts[1].messages[0].content == "for 600"


async def test_a_server_that_does_not_say_its_limit_gets_less_each_time() -> None:
    attempt = Try([Script(refusal=WindowExceeded())] * 3 + [HELLO])
    assert (await attempt.run()).text == "Hello there, Ada."
    windows = [int(prompt.messages[0].content.removeprefix("for ")) for prompt in attempt.models[0].prompts]
    assert windows == sorted(windows, reverse=True)
    assert len(set(windows)) == 4


@pytest.mark.parametrize("limit", [None, 1000, 128_000])
async def test_a_short_prompt_that_a_server_calls_too_long_teaches_nothing(limit: int | None) -> None:
    """One such answer must not close the model to everybody who asks after."""
    attempt = Try([Script(refusal=WindowExceeded(limit=limit)), HELLO])
    attempt.prompt_tokens = 90
    with pytest.raises(WindowExceeded):
        await attempt.run()
    assert attempt.models[0].spec.window == 1000


async def test_many_retries_at_once_do_not_bury_an_ailing_server() -> None:
    attempt = Try([])
    start, burst = attempt.clock.now(), int(RETRY_RATE.burst)
    pauses = [asyncio.create_task(attempt.retries.pause("m1", 1, ModelUnreachable())) for _ in range(burst * 3)]
    await attempt.clock.advance(2.0)
    assert sum(pause.done() for pause in pauses) <= burst + 2.0 * RETRY_RATE.per_second
    await attempt.clock.advance(60.0)
    assert all(pause.done() for pause in pauses)
    assert attempt.clock.now() - start == 62.0


async def pausing(retries: Retries, problem: ModelError, times: int = 1) -> list[BaseException | None]:
    return await asyncio.gather(*(retries.pause("m1", 1, problem) for _ in range(times)), return_exceptions=True)


async def down(here: Try) -> list[asyncio.Task[list[BaseException | None]]]:
    """Half a minute in which the server answers nobody."""
    waiting = []
    for _ in range(7):
        waiting.append(asyncio.create_task(pausing(here.retries, ModelUnreachable(), 5)))
        await here.clock.advance(5.0)
    return waiting


async def test_while_a_server_is_down_people_are_told_at_once() -> None:
    here = Try([])
    await down(here)
    with pytest.raises(ModelUnreachable):
        await here.retries.pause("m1", 1, ModelUnreachable())


async def test_nobody_waits_in_a_queue_of_retries_for_a_server_that_is_down() -> None:
    here = Try([])
    pauses = [asyncio.create_task(pausing(here.retries, ModelUnreachable())) for _ in range(1000)]
    await here.clock.advance(LASTS + 1)
    assert all(pause.done() for pause in pauses)


@pytest.mark.parametrize("known", ["it answered since", "nobody asked for a while", "it only asks for patience"])
async def test_a_server_that_is_not_known_to_be_down_is_asked_again(known: str) -> None:
    here = Try([])
    if known == "it only asks for patience":
        pausing_long = [asyncio.create_task(pausing(here.retries, ModelBusy(), 50))]
    else:
        pausing_long = await down(here)
    if known == "it answered since":
        here.retries.answered("m1")
    if known == "nobody asked for a while":
        await here.clock.advance(OVER)
    again = asyncio.create_task(here.retries.pause("m1", 1, ModelUnreachable()))
    await here.clock.advance(10.0)
    await again
    assert all(task.done() for task in pausing_long)


async def test_what_cannot_be_afforded_is_not_asked() -> None:
    here = Try([HELLO], [HELLO])
    here.limited = True
    with pytest.raises(BudgetSpent):
        await here.run()
    assert here.calls == [0, 0]


async def test_an_answer_is_not_continued_beyond_what_can_be_afforded() -> None:
    here = Try([Script(("One ",), finish=Finish.LENGTH), Script(("two ",), finish=Finish.LENGTH), spoken("three")])
    here.limited, here.affordable = True, [40, 30]
    asking = await here.run()
    assert (asking.text, asking.finish) == ("One two ", Finish.LENGTH)
    assert [prompt.max_output for prompt in here.models[0].prompts] == [40, 30]


async def test_a_store_that_is_away_when_an_answer_is_to_be_continued_costs_nothing_of_it() -> None:
    here = Try([Script(("One ",), finish=Finish.LENGTH), spoken("two")])
    here.limited, here.affordable, here.refusal = True, [40], StoreUnavailable("away")
    asking = await here.run()
    assert (asking.text, asking.finish) == ("One ", Finish.LENGTH)


async def test_while_a_model_is_away_the_log_does_not_tell_of_each_who_asked() -> None:
    here = Try([Script(refusal=ModelKeyRefused())] * 9 + [HELLO, Script(refusal=ModelKeyRefused())])
    with capture_logs() as lines:
        for answered in (*[False] * 9, True, False):
            with nullcontext() if answered else pytest.raises(ModelKeyRefused):
                await here.run()
    warnings = [line["times"] for line in lines if (line["event"], line["log_level"]) == ("model.failed", "warning")]
    assert warnings == [1, 2, 4, 8, 1]
