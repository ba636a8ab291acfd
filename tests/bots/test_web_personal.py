"""What a visitor of the page can have done with everything that is kept about them."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from core.clock import SystemClock
from core.config import parse_config
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.bots.test_web_messages import HERE
from tests.core.test_keeping_commands import kept
from tests.support.clock import until
from tests.support.page import Page, fresh, page
from tests.support.servers import RedisServer, free_port
from tests.support.web import serving, settings, web


async def test_everything_about_a_visitor_is_a_file(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada, page(url) as bob:
        await ada.answer("Ada's words")
        await bob.answer("Bob's words")
        given = await ada.call("GET", "/me/export")
        assert "attachment" in given.headers["content-disposition"]
        (conversation,) = given.json()["conversations"]
        texts = [message["parts"][0]["text"] for message in conversation["messages"]]
        assert texts == ["Ada's words", "You said: Ada's words"]
        assert "Bob" not in given.text


async def test_a_visitor_who_is_deleted_is_not_known_any_more(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        before = await _person(ada)
        gone = await ada.call("DELETE", "/me")
        assert gone.json()["rows"] > 3
        assert "Max-Age=0" in gone.headers["set-cookie"]
        assert (await ada.call("GET", "/conversations")).json() == {"conversations": []}
        assert await _person(ada) != before
    assert before.encode() not in kept(tmp_path)


async def test_who_may_not_talk_is_given_and_can_delete_their_own_all_the_same(tmp_path: Path) -> None:
    async with web(tmp_path, more="access: {users: ['telegram:1']}") as url, page(url) as ada:
        assert (await ada.call("GET", "/me/export")).json()["format"] == "parlour-person"
        assert (await ada.call("DELETE", "/me")).json() == {"rows": 0}


async def _person(ada: Page) -> str:
    """Who the server takes the browser for."""
    person: str = (await ada.call("GET", "/me/export")).json()["person"]
    return person


async def test_a_typed_command_does_the_same(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        person = await _person(ada)
        said = await ada.call("POST", f"{HERE}/messages", id=fresh(), text="/forget me")
        assert said.json()["reaction"]["forgotten"]
        assert "Max-Age=0" in said.headers["set-cookie"]
    assert person.encode() not in kept(tmp_path)


async def test_who_wants_something_else_than_to_say_it_reads_that_it_could_not_be_done(tmp_path: Path) -> None:
    with RedisServer() as redis:
        port = free_port()
        async with serving(parse_config(settings(tmp_path, port, store=redis.url), {})) as url, page(url) as ada:
            await ada.answer("Hello")
            redis.kill()
            for method, path in (("DELETE", "/me"), ("GET", "/me/export"), ("DELETE", HERE)):
                refused = await ada.call(method, path)
                assert refused.status_code == 503
                assert refused.json()["error"]["message"] == say(Sentence.STORE_AWAY_UNDONE, "en")
            unsaid = await ada.call("POST", f"{HERE}/messages", id=fresh(), text="Are you there?")
            assert unsaid.json()["error"]["message"] == say(Sentence.STORE_AWAY, "en")


async def test_however_many_ask_while_the_store_is_away_the_log_is_not_filled(tmp_path: Path) -> None:
    with RedisServer() as redis:
        port = free_port()
        async with serving(parse_config(settings(tmp_path, port, store=redis.url), {})) as url, page(url) as ada:
            redis.kill()
            with capture_logs() as lines:
                for _ in range(10):
                    assert (await ada.call("GET", "/me/export")).status_code == 503
    told = [line["log_level"] for line in lines if line["event"] == "page.store_away"]
    assert (told.count("warning"), len(told)) == (4, 10)


async def test_words_under_way_are_nobodys_any_more(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.2) as url, page(url) as ada:
        turn = await ada.ask("one two three four five six seven eight nine ten")
        await until(lambda: bool(ada.words.get(turn)))
        await ada.call("DELETE", "/me")
        async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
            assert (await store.depth()).running == 0
            assert (await store.page("conversation:0", 10))[0] == ()
