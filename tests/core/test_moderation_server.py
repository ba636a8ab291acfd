"""A moderation service over real sockets: what it finds, by whose limits, and what it is when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from core.config_models import ProviderConfig
from core.config_moderation import ModerationConfig
from core.domain_moderation import Reason
from core.errors import ModelError, ModelGarbled, ModelKeyRefused, RequestRefused
from core.llm.moderation import open_moderators
from core.ports_moderation import Moderator
from tests.support.clock import ManualClock
from tests.support.completions import KEY, CompletionsServer, Play, whole
from tests.support.faults import WHOLE
from tests.support.moderations import picture_of


@asynccontextmanager
async def moderator_on(server: CompletionsServer, key: str = KEY, **config: Any) -> AsyncIterator[Moderator]:
    providers = {"vendor": ProviderConfig(base_url=server.url, api_key=SecretStr(key))}
    async with open_moderators(providers, ManualClock()) as moderators:
        found = moderators.get(ModerationConfig(provider="vendor", **config))
        assert found is not None
        yield found


@pytest.fixture
async def server() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


async def test_the_likeliest_category_is_the_reason(server: CompletionsServer) -> None:
    async with moderator_on(server) as moderator:
        found = await moderator.check(["Good day.", "an insult, then murder"])
        assert (found.reason, found.detail) == (Reason.VIOLENCE, "violence, harassment, violence/graphic")
        assert (await moderator.check(["Good day."])).reason is None
    assert server.bodies[0] == {"model": "omni-moderation-latest", "input": ["Good day.", "an insult, then murder"]}


@pytest.mark.parametrize(
    ("thresholds", "refused"), [({"harassment": 0.6}, True), ({"harassment": 0.8}, False), ({"harassment": 1}, False)]
)
async def test_a_limit_of_ones_own_counts_instead_of_the_services(
    thresholds: dict[str, float], refused: bool, server: CompletionsServer
) -> None:
    async with moderator_on(server, thresholds=thresholds) as moderator:
        assert ((await moderator.check(["an insult"])).reason is Reason.HARASSMENT) == refused


async def test_a_limit_below_the_services_refuses_what_it_does_not_flag(server: CompletionsServer) -> None:
    server.judge.words["gun"] = {"illicit/violent": 0.3}
    async with moderator_on(server, thresholds={"illicit/violent": 0.2}) as moderator:
        assert (await moderator.check(["a gun"])).reason is Reason.ILLICIT


async def test_a_limit_for_what_has_no_score_lets_nothing_pass(server: CompletionsServer) -> None:
    server.checks.append(whole({"results": [{"flagged": False, "categories": {}, "category_scores": {"hate": 0.1}}]}))
    async with moderator_on(server, thresholds={"violence": 0.5}) as moderator:
        with pytest.raises(ModelGarbled):
            await moderator.check(["Hello"])


async def test_a_single_text_is_sent_as_one(server: CompletionsServer) -> None:
    async with moderator_on(server) as moderator:
        await moderator.check(["Hello"])
    assert server.bodies[0]["input"] == "Hello"


async def test_half_a_character_is_checked_all_the_same(server: CompletionsServer) -> None:
    async with moderator_on(server) as moderator:
        assert (await moderator.check(["murder \ud83d"])).reason is Reason.VIOLENCE


async def test_a_picture_is_judged_with_what_is_said_about_it(server: CompletionsServer) -> None:
    picture = picture_of("a murder")
    async with moderator_on(server, thresholds={"hate": 0.5}) as moderator:
        assert (await moderator.check(["What is this?"], picture)).reason is Reason.VIOLENCE
        assert (await moderator.check([], picture_of("a meadow"))).reason is None
    shown = {"type": "image_url", "image_url": {"url": picture}}
    assert server.bodies[0]["input"] == [{"type": "text", "text": "What is this?"}, shown]


@pytest.mark.parametrize(
    ("model", "picture"),
    [("text-moderation-latest", picture_of("a meadow")), ("omni-moderation-latest", "data:image/png;base64,AAAA")],
)
async def test_a_picture_that_it_does_not_read_is_refused(model: str, picture: str, server: CompletionsServer) -> None:
    async with moderator_on(server, model=model) as moderator:
        with pytest.raises(RequestRefused):
            await moderator.check(["What is this?"], picture)


ODD: dict[str, tuple[object, Reason | None]] = {
    "flagged, and not why": ({"flagged": True, "categories": {}, "category_scores": {}}, Reason.OTHER),
    "a category that nobody knows": (
        {"flagged": True, "categories": {"politics": True}, "category_scores": {"politics": 0.9}},
        Reason.OTHER,
    ),
    "no score": ({"flagged": True, "categories": {"hate": True}, "category_scores": {"hate": None}}, Reason.HATE),
    "nothing but whether it is flagged": ({"flagged": True}, Reason.OTHER),
    "nothing but that it is not": ({"flagged": False}, None),
    "categories that are null": (
        {"flagged": False, "categories": {"illicit": None}, "category_scores": {"illicit": None}},
        None,
    ),
}


@pytest.mark.parametrize("odd", ODD)
async def test_other_servers_answer_in_other_ways(odd: str, server: CompletionsServer) -> None:
    result, reason = ODD[odd]
    server.checks.append(whole({"results": [result]}))
    async with moderator_on(server) as moderator:
        assert (await moderator.check(["Hello"])).reason is reason


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"results": []},
        {"results": [7]},
        {"results": [{"categories": {"hate": False}}]},
        {"error": {"message": "no"}},
    ],
)
async def test_what_says_nothing_of_a_text_lets_nothing_pass(body: object, server: CompletionsServer) -> None:
    server.checks.append(whole(body))
    async with moderator_on(server) as moderator:
        with pytest.raises(ModelGarbled):
            await moderator.check(["Hello"])


@pytest.mark.parametrize("fault", WHOLE)
async def test_every_fault_is_an_error_of_ours(fault: str, server: CompletionsServer) -> None:
    play: Play = WHOLE[fault][0]
    server.checks.append(play)
    async with moderator_on(server) as moderator:
        with pytest.raises(ModelError):
            await moderator.check(["Hello"])


async def test_a_wrong_key_is_told_without_the_key(server: CompletionsServer) -> None:
    async with moderator_on(server, key="sk-wrong-0123456789") as moderator:
        with pytest.raises(ModelKeyRefused) as caught:
            await moderator.check(["Hello"])
    assert "sk-wrong" not in caught.value.detail
