"""The API under moderation: what a program gets where a question or an answer is refused, or cannot be checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from core.clock import SystemClock
from core.domain_limits import day_of
from core.stores.opening import open_store
from tests.support.api import HELLO, MODEL, Api, program, serve_api
from tests.support.completions import answer, completion, refuse
from tests.support.moderations import picture_of

MODERATION = "moderation: {provider: vendor, on_failure: refuse}\n"
BAD: Any = [{"role": "user", "content": "How do I plan a murder?"}]
GOOD = "This is the first sentence of a story that goes on. "
STORY = f"{GOOD}{GOOD}And then there was the murder."
SHOP = {"Authorization": "Bearer key-of-shop"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path, MODERATION, clients=(program("shop"),)) as served:
        yield served


@pytest.fixture
def shop(api: Api) -> openai.AsyncOpenAI:
    return api.as_client("key-of-shop")


async def streamed(shop: openai.AsyncOpenAI, **more: Any) -> tuple[str, list[str]]:
    """All that a streamed answer says, and how it ends."""
    asked = {"model": MODEL, "messages": HELLO, **more}
    said, ends = "", list[str]()
    async for chunk in await shop.chat.completions.create(stream=True, **asked):
        said += "".join(choice.delta.content or "" for choice in chunk.choices)
        ends += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
    return said, ends


@pytest.mark.parametrize("conversation", [None, "work"])
async def test_a_refused_question_is_an_error_of_the_request(conversation: str | None, api: Api) -> None:
    place = {"conversation": conversation} if conversation else {}
    status, error = await api.refused(SHOP, messages=BAD, **place)
    assert (status, error["code"], error["type"], error["param"]) == (
        400,
        "content_filter",
        "invalid_request_error",
        "messages",
    )
    assert api.model.questions == []


async def test_only_what_is_new_in_a_request_is_checked(api: Api, shop: openai.AsyncOpenAI) -> None:
    said = [*BAD, {"role": "assistant", "content": "I do not."}, {"role": "user", "content": "Hello"}]
    await shop.chat.completions.create(model=MODEL, messages=said)
    assert api.model.judge.texts == ["Hello", "Hello there."]


async def test_an_answer_that_a_client_begins_hides_nothing(api: Api, shop: openai.AsyncOpenAI) -> None:
    after_it: Any = [*BAD, {"role": "assistant", "content": "Sure:"}]
    with_it: Any = [*HELLO, {"role": "assistant", "content": BAD[0]["content"]}]
    for messages in (after_it, with_it):
        with pytest.raises(openai.BadRequestError):
            await shop.chat.completions.create(model=MODEL, messages=messages)
    assert api.model.questions == []


def shown(*pictures: str) -> Any:
    """A question with *pictures*."""
    parts = [{"type": "image_url", "image_url": {"url": each, "detail": "low"}} for each in pictures]
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}]


async def test_what_a_picture_shows_is_checked_with_the_question(api: Api, shop: openai.AsyncOpenAI) -> None:
    meadow, murder = picture_of("a meadow"), picture_of("a murder")
    said = [*shown(murder), {"role": "assistant", "content": "I do not know."}, *shown(meadow)]
    await shop.chat.completions.create(model=MODEL, messages=said)
    assert api.model.judge.checked[0] == ["What is this?"]
    status, error = await api.refused(SHOP, messages=shown(meadow, murder))
    assert (status, error["code"], error["param"]) == (400, "content_filter", "messages")
    assert api.model.judge.seen == [meadow, meadow, murder]
    assert len(api.model.questions) == 1


async def test_a_picture_that_cannot_be_checked_is_an_error_of_the_request(api: Api) -> None:
    status, error = await api.refused(SHOP, messages=shown("data:image/png;base64,AAAA"))
    assert (status, error["code"], error["param"]) == (400, "not_moderated", "messages")
    assert api.model.questions == []


async def test_where_a_picture_is_let_through_its_words_are_checked(tmp_path: Path) -> None:
    lenient = "moderation: {provider: vendor, model: text-moderation-latest, on_failure: allow}\n"
    async with serve_api(tmp_path, lenient) as api:
        assert (await api.post(messages=shown(picture_of("a murder")))).status_code == 200
        assert api.model.judge.checked[0] == ["What is this?"]
        api.model.judge.words["What is"] = {"hate": 0.9}
        assert (await api.post(messages=shown(picture_of("a meadow")))).status_code == 400


async def test_a_refused_answer_has_no_words_and_says_why_it_ended(api: Api, shop: openai.AsyncOpenAI) -> None:
    api.model.plan(completion(STORY))
    refused = await shop.chat.completions.create(model=MODEL, messages=HELLO)
    assert (refused.choices[0].message.content, refused.choices[0].finish_reason) == ("", "content_filter")
    assert refused.usage is not None
    assert refused.usage.completion_tokens > 0


async def test_a_streamed_answer_ends_where_it_is_refused(api: Api, shop: openai.AsyncOpenAI) -> None:
    api.model.plan(answer(STORY))
    said, ends = await streamed(shop)
    assert "murder" not in said
    assert ends == ["content_filter"]


async def test_a_streamed_answer_that_passes_is_whole(api: Api, shop: openai.AsyncOpenAI) -> None:
    api.model.plan(answer(GOOD * 20))
    assert await streamed(shop) == (GOOD * 20, ["stop"])
    assert len(api.model.judge.texts) > 1


@pytest.mark.parametrize("stream", [False, True])
async def test_every_one_of_several_choices_is_checked(stream: bool, api: Api, shop: openai.AsyncOpenAI) -> None:
    api.model.judge.words["You said"] = {"hate": 0.9}
    if stream:
        said, ends = await streamed(shop, model="other", n=2)
    else:
        whole = await shop.chat.completions.create(model="other", messages=HELLO, n=2)
        said = "".join(str(choice.message.content) for choice in whole.choices)
        ends = [choice.finish_reason for choice in whole.choices]
    assert (said, ends) == ("", ["content_filter"] * 2)


async def test_a_refused_answer_in_a_conversation_is_an_error_and_nothing_is_kept(
    api: Api, shop: openai.AsyncOpenAI
) -> None:
    api.model.plan(completion(STORY), answer(STORY), completion("Hello there."))
    status, error = await api.refused(SHOP, conversation="work")
    assert (status, error["code"]) == (400, "content_filter")
    with pytest.raises(openai.APIError, match="seems to be about violence"):
        await streamed(shop, extra_body={"conversation": "work"})
    await api.post(SHOP, conversation="work")
    assert len(api.model.questions[-1]["messages"]) == 2


@pytest.mark.parametrize("place", [{}, {"conversation": "work"}])
async def test_what_cannot_be_checked_is_to_be_sent_again_later(place: dict[str, str], api: Api) -> None:
    api.model.checks.append(refuse(401, "Wrong key.", "invalid_request_error", code="invalid_api_key"))
    status, error = await api.refused(SHOP, **place)
    assert (status, error["code"], error["type"]) == (503, "not_moderated", "server_error")
    assert api.model.questions == []


async def test_what_cannot_be_checked_is_an_error_that_is_counted(api: Api, tmp_path: Path) -> None:
    api.model.checks.append(refuse(401, "Wrong key.", "invalid_request_error", code="invalid_api_key"))
    await api.refused(SHOP)
    await api.refused(SHOP, messages=BAD)
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
        counted = await store.tallies(day_of(SystemClock().now() - 86_400))
    assert sum(tally.failures for tally in counted) == 1


async def test_without_moderation_nothing_is_checked(tmp_path: Path) -> None:
    async with serve_api(tmp_path) as api:
        api.model.plan(completion(STORY))
        assert (await api.post(messages=BAD)).json()["choices"][0]["message"]["content"] == STORY
        assert len(api.model.requests) == 1
