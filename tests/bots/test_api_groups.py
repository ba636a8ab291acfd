"""Who may ask the API what, as `access` says it for everybody."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from core.clock import SystemClock
from core.domain_limits import Whose, day_of
from core.stores.opening import open_store
from tests.support.api import HELLO, MODEL, OTHER, Api, program, serve_api
from tests.support.completions import refuse

GROUPS = f"access: {{groups: {{pupils: {{users: [api:school], models: [{OTHER}]}}}}}}\nfallback: [{OTHER}]\n"
CLIENTS = (program("school"), program("shop", models=(MODEL,)))


async def asked(api: Api, client: str, model: str, **more: object) -> str:
    """The model that answered."""
    ask = api.as_client(f"key-of-{client}").chat.completions.create
    return (await ask(model=model, messages=HELLO, extra_body=more)).model


async def test_a_group_says_which_models_a_client_may_ask(tmp_path: Path) -> None:
    async with serve_api(tmp_path, GROUPS, clients=CLIENTS) as api:
        listed = [model.id async for model in api.as_client("key-of-school").models.list()]
        assert listed == [await asked(api, "school", OTHER)] == [OTHER]
        with pytest.raises(openai.NotFoundError):
            await asked(api, "school", MODEL)
        answered = await api.post({"Authorization": "Bearer key-of-school"}, model=None, conversation="work")
        assert answered.json()["model"] == OTHER


async def test_a_kept_conversation_falls_back_to_no_model_that_its_client_may_not_ask(tmp_path: Path) -> None:
    async with serve_api(tmp_path, GROUPS, clients=CLIENTS) as api:
        api.model.plan(refuse(401, "No such key", "invalid_request_error"))
        with pytest.raises(openai.APIStatusError):
            await asked(api, "shop", MODEL, conversation="work")
        assert await asked(api, "shop", MODEL, conversation="work") == MODEL


async def test_a_client_that_is_blocked_is_refused(tmp_path: Path) -> None:
    async with serve_api(tmp_path, "access: {blocked: [api:shop]}\n", clients=CLIENTS) as api:
        for more in ({}, {"conversation": "work"}):
            with pytest.raises(openai.PermissionDeniedError):
                await asked(api, "shop", MODEL, **more)
        assert await asked(api, "school", MODEL) == MODEL


async def test_answers_without_a_conversation_are_counted_too(tmp_path: Path) -> None:
    async with serve_api(tmp_path, clients=CLIENTS) as api:
        await asked(api, "shop", MODEL)
        await asked(api, "school", MODEL, conversation="work")
        api.model.plan(refuse(401, "No such key", "invalid_request_error"))
        with pytest.raises(openai.APIStatusError):
            await asked(api, "shop", MODEL)
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
        since = day_of(SystemClock().now() - 86_400)
        counted = await store.tallies(since)
        assert (sum(tally.answers for tally in counted), sum(tally.failures for tally in counted)) == (2, 1)
        assert await store.seen(Whose.USER, since) == 2
