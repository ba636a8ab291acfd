"""Who may talk to the bot, and which models answer whom."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from core.config import parse_config
from core.conversations.access import EVERYBODY, Access, Group
from core.conversations.service import ConversationSettings
from core.domain import Incoming, PersonId, Sender
from core.domain_limits import Ruling
from core.errors import BadArgument, ConfigError, ModelKeyRefused, ModelNone, NoAdmins, NotAllowed
from core.limits.configured import access_policy
from core.llm.scripted import Script
from core.wording import Sentence, say
from tests.contracts.making import asked
from tests.support.bot import Bot, open_bot
from tests.support.clock import ManualClock

FAILS = Script(refusal=ModelKeyRefused("401"))


def said(
    person: str = "x:1", roles: tuple[str, ...] = (), places: tuple[str, ...] = ("x:channel", "x:server")
) -> Incoming:
    return asked("1", conversation="x:thread/7", sender=Sender(PersonId(person)), places=places, roles=roles)


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        (Access(servers=ids("x:server")), True),
        (Access(servers=ids("x:channel")), False),
        (Access(roles=ids("x:staff")), True),
        (Access(roles=ids("x:others")), False),
        (Access(roles=ids("x:others"), rulings={"x:1": Ruling.ALLOWED}), True),
        (Access(users=ids("x:2"), rulings={"x:server": Ruling.ALLOWED}), True),
        (Access(rulings={"x:2": Ruling.ALLOWED}), True),
    ],
)
def test_servers_and_roles_grant_and_so_do_admins_in_chat(access: Access, allowed: bool) -> None:
    assert access.allows(said(roles=("x:staff",))) is allowed


@pytest.mark.parametrize("blocked", ["x:1", "x:staff", "x:thread", "x:channel", "x:server"])
def test_a_block_outdoes_every_grant_but_that_of_an_admin(blocked: str) -> None:
    for denying in (Access(blocked=ids(blocked)), Access(rulings={blocked: Ruling.BLOCKED})):
        granting = Access(
            users=ids("x:1"),
            servers=ids("x:server"),
            blocked=denying.blocked,
            rulings={"x:1": Ruling.ALLOWED, **denying.rulings},
        )
        assert not granting.allows(said(roles=("x:staff",)))
        assert Access(admins=ids("x:1"), blocked=denying.blocked, rulings=denying.rulings).allows(said())


def test_where_no_admin_is_named_nobody_is_one() -> None:
    with pytest.raises(NoAdmins) as problem:
        Access().require_admin(PersonId("x:1"))
    assert "x:1" in say(problem.value.sentence, "en", **problem.value.values)
    with pytest.raises(NotAllowed) as refused:
        Access(admins=ids("x:2")).require_admin(PersonId("x:1"))
    assert refused.value.sentence is Sentence.NOT_ALLOWED
    Access(admins=ids("x:1")).require_admin(PersonId("x:1"))


# models for groups of people

STAFF = Group(name="staff", roles=ids("x:staff"), models=ids("large"))
GUESTS = Group(name=EVERYBODY, models=ids("small"))
MODELS = ("medium", "small", "large")


@pytest.mark.parametrize(
    ("groups", "roles", "models"),
    [
        ((), (), MODELS),
        ((STAFF,), (), MODELS),
        ((STAFF,), ("x:staff",), ("large",)),
        ((STAFF, GUESTS), (), ("small",)),
        ((STAFF, GUESTS), ("x:staff",), ("large",)),
        ((STAFF, Group(name="here", servers=ids("x:server"), models=ids("medium"))), ("x:staff",), ("medium", "large")),
    ],
)
def test_who_belongs_to_groups_may_use_what_any_of_them_allows(
    groups: tuple[Group, ...], roles: tuple[str, ...], models: Sequence[str]
) -> None:
    assert Access(groups=groups).models(said(roles=roles), MODELS) == tuple(models)
    assert Access(groups=groups, admins=ids("x:1")).models(said(roles=roles), MODELS) == MODELS


def bot_for(folder: Path, *models: str, fallback: tuple[str, ...] = ()) -> AbstractAsyncContextManager[Bot]:
    """Everybody may use those of the *models*."""
    access = Access(groups=(Group(name=EVERYBODY, models=frozenset(models)),), admins=ids("test:root"))
    return open_bot(folder, ManualClock(), access, ("alpha", "beta", "gamma"), ConversationSettings(fallback=fallback))


async def test_who_may_not_use_the_default_is_answered_by_the_first_model_that_they_may(tmp_path: Path) -> None:
    async with bot_for(tmp_path, "gamma", "beta") as bot:
        answer = await bot.tell("Hello")
        assert [prompt.messages[-1].content for prompt in bot.models.get("beta").prompts] == ["Hello"]
        assert answer.note == "", "nothing else was chosen"
        assert (await bot.run("/context")).text.startswith("What beta would see")


async def test_a_model_that_somebody_else_chose_gives_way_and_it_is_said(tmp_path: Path) -> None:
    async with bot_for(tmp_path, "beta") as bot:
        await bot.run("/model gamma", person="test:root")
        answer = await bot.tell("Hello")
        assert answer.note == say(Sentence.MODEL_BARRED, "en", model="beta", other="gamma")
        assert not bot.models.get("gamma").prompts


async def test_only_models_that_one_may_use_can_be_chosen(tmp_path: Path) -> None:
    async with bot_for(tmp_path, "beta", "gamma") as bot:
        shown = (await bot.run("/model")).choices
        assert [(choice.value, choice.current) for choice in shown] == [("beta", True), ("gamma", False)]
        completed = await bot.commands.complete("model", "", bot.incoming())
        assert [choice.value for choice in completed] == ["beta", "gamma"]
        with pytest.raises(BadArgument):
            await bot.run("/model alpha")
        assert len((await bot.run("/model", person="test:root")).choices) == 3


async def test_a_fallback_leads_to_no_model_that_one_may_not_use(tmp_path: Path) -> None:
    async with bot_for(tmp_path, "beta", fallback=("alpha", "gamma")) as bot:
        bot.models.get("beta").scripts.append(FAILS)
        await bot.store.put(bot.incoming("Hello"))
        assert isinstance((await bot.answer()).problem, ModelKeyRefused)
        assert not bot.models.get("alpha").prompts


async def test_who_may_use_no_model_that_works_is_told_so(tmp_path: Path) -> None:
    async with bot_for(tmp_path, "delta") as bot:
        assert isinstance((await bot.tell("Hello")).problem, ModelNone)


# as the operator writes it

LISTS = """
models: [{id: large, provider: scripted}, {id: small, provider: scripted}]
web: {clients: [{name: shop, key: key-of-shop, models: [small]}]}
access:
  servers: [discord:1]
  roles: [discord:2]
  blocked: [discord:3]
  groups: {staff: {roles: [discord:4], models: [large]}}
"""


def test_lists_and_groups_are_read_and_a_programs_models_are_a_group() -> None:
    access = access_policy(parse_config(LISTS, {}))
    assert (access.servers, access.roles, access.blocked) == (ids("discord:1"), ids("discord:2"), ids("discord:3"))
    assert access.groups[0] == Group(name="staff", roles=ids("discord:4"), models=ids("large"))
    assert access.models(said("api:shop"), ("large", "small")) == ("small",)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("{admins: [web:1], blocked: [web:1]}", "access.blocked[0]: expected nobody of access.admins, got “web:1”"),
        ("{groups: {a: {models: [large]}}}", "access.groups.a.models[0]: expected one of gpt-5-mini, smollm2"),
        ("{groups: {a: {models: []}}}", "access.groups.a.models: expected at least one"),
        ("{groups: {a: {users: [bob], models: [smollm2]}}}", "access.groups.a.users[0]: expected ids such as"),
    ],
)
def test_lists_that_cannot_be_meant_are_refused(wrong: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(f"access: {wrong}", {})
    assert problem in str(refused.value)
