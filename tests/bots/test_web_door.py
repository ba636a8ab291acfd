"""Who may come in to the web page: on this machine anybody there, from elsewhere whoever has the token."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.exceptions import HTTPException

from bots import wiring
from bots.web.entrance import Entrance
from core.config import parse_config
from core.stores.opening import open_store
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.door import TOKEN, another, door
from tests.support.servers import RedisServer
from tests.support.sockets import dial

GUARDED = f"token: {TOKEN}"
WHO = "/api/conversations"
OURS = {"X-Parlour": "1"}


def cookie_in(response: httpx2.Response) -> str:
    return response.headers["set-cookie"]


async def sign_in(browser: httpx2.AsyncClient, token: str = TOKEN) -> httpx2.Response:
    return await browser.post("/login", data={"token": token})


async def test_on_this_machine_everybody_comes_in_and_is_somebody(tmp_path: Path) -> None:
    async with door(tmp_path) as ada:
        first = await ada.get("/")
        assert first.status_code == 200
        cookie = cookie_in(first)
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        assert "set-cookie" not in (await ada.get(WHO)).headers  # she is known now


async def test_with_a_token_nobody_comes_in_without_it(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED) as ada:
        page = await ada.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        refused = await ada.get(WHO)
        assert refused.status_code == 401
        assert refused.json()["error"] == {"message": "Please sign in with the token first.", "code": "sign_in"}
        assert "set-cookie" not in refused.headers


async def test_the_login_page_needs_no_script_and_speaks_ones_language(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED) as ada:
        page = await ada.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
        assert "<script" not in page.text
        assert '<html lang="zh">' in page.text
        assert "令牌" in page.text
        assert "That is not the token." in (await sign_in(ada, "open sesame")).text
        welcomed = await sign_in(ada)
        assert (welcomed.status_code, welcomed.headers["location"]) == (303, "/")
        assert (await ada.get(WHO)).status_code == 200


async def test_a_program_shows_the_token_with_each_request(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED) as program:
        known = {"Authorization": f"Bearer {TOKEN}"}
        answer = await program.get(WHO, headers=known)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert (await program.post("/api/conversations/12345678/stop", headers=known)).status_code != 403
        assert (await program.get(WHO, headers={"Authorization": "Bearer sesame"})).status_code == 401


@pytest.mark.parametrize(
    "change", [lambda it: it[:-1], lambda it: it[:8] + "A" + it[9:], lambda it: "." + it, lambda _: "x"]
)
async def test_a_forged_cookie_is_nobodys(change: object, tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED) as ada:
        await sign_in(ada)
        name, value = next(iter(ada.cookies.items()))
        async with another(ada, **{name: change(value)}) as mallory:  # type: ignore[operator]  # one of the lambdas
            assert (await mallory.get(WHO)).status_code == 401
        async with another(ada, **{name: value}) as same:
            assert (await same.get(WHO)).status_code == 200


async def test_another_token_asks_everybody_again_and_leaves_them_who_they_are(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED) as ada:
        await sign_in(ada)
        await ada.post(f"{WHO}/12345678/messages", json={"id": "a" * 32, "text": "hello"}, headers=OURS)
        kept = await ada.get(WHO)
        cookie = next(iter(ada.cookies.values()))
    async with door(tmp_path, "token: the-token-of-another-day") as browser:
        browser.cookies.set(f"parlour{browser.base_url.port}", cookie)
        assert (await browser.get(WHO)).status_code == 401
        await sign_in(browser, "the-token-of-another-day")
        assert (await browser.get(WHO)).json()["conversations"] == kept.json()["conversations"] != []


async def test_a_request_that_ends_in_two_places_is_refused_with_all_behind_it(tmp_path: Path) -> None:
    """A proxy before us may think that what is behind it is part of it, and let it pass."""
    async with door(tmp_path) as ada:
        port = int(ada.base_url.port or 0)
        head = f"POST {WHO} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Parlour: 1\r\nContent-Length: 4\r\n"
        behind = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        line = await dial(port, f"{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{behind}".encode())
        assert (await line.answer())[0] == 400
        assert await line.is_closed()
        await line.close()


async def test_who_guesses_is_slowed_down_and_nobody_else_is(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED, "trusted_proxies: [127.0.0.1]") as ada:
        await sign_in(ada)
        guesses = await asyncio.gather(
            *(ada.post("/login", data={"token": f"{n}"}, headers=_from("192.0.2.1")) for n in range(40))
        )
        statuses = [guess.status_code for guess in guesses]
        assert statuses.count(401) == 5
        assert statuses.count(429) == 35
        assert all(int(guess.headers["Retry-After"]) >= 1 for guess in guesses if guess.status_code == 429)
        assert (await ada.post("/login", data={"token": TOKEN}, headers=_from("192.0.2.1"))).status_code == 429
        assert (await ada.get(WHO)).status_code == 200
        assert (await ada.post("/login", data={"token": TOKEN}, headers=_from("192.0.2.2"))).status_code == 303


async def test_who_has_shown_the_right_key_goes_on_while_others_guess_behind_the_same_address(tmp_path: Path) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    async with door(tmp_path, GUARDED) as ada:
        assert (await ada.get(WHO, headers=shown)).status_code == 200
        for guess in range(8):
            last = await ada.get(WHO, headers={"Authorization": f"Bearer {guess}"})
            assert (await ada.get(WHO, headers=shown)).status_code == 200
        assert last.status_code == 429


async def test_who_guessed_too_often_may_try_again_when_they_were_told(tmp_path: Path) -> None:
    clock, web = ManualClock(), parse_config(f"web: {{{GUARDED}}}", {}).web
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        entrance = Entrance(web, store, EvenChance())
        refused = [problem for problem in await _guesses(entrance, 40) if isinstance(problem, HTTPException)]
        assert len(refused) == 35
        await clock.advance(float(max((problem.headers or {})["Retry-After"] for problem in refused)))
        assert await entrance.holder("192.0.2.1", TOKEN)


async def test_right_keys_are_no_guesses_however_many_are_shown_at_once(tmp_path: Path) -> None:
    keys = [f"the-key-of-{number}" for number in range(40)]
    clients = ", ".join(f"{{name: program-{number}, key: {key}}}" for number, key in enumerate(keys))
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", ManualClock()) as store:
        entrance = Entrance(parse_config(f"web: {{{GUARDED}, clients: [{clients}]}}", {}).web, store, EvenChance())
        assert all(await asyncio.gather(*(entrance.holder("192.0.2.1", key) for key in (TOKEN, *keys) * 2)))
        assert (await _guesses(entrance, 40)).count(None) == 5


async def test_a_right_key_among_too_many_guesses_at_once_is_not_let_in(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", ManualClock()) as store:
        entrance = Entrance(parse_config(f"web: {{{GUARDED}}}", {}).web, store, EvenChance())
        guesses = (entrance.holder("192.0.2.1", key) for key in (*"abcdefgh", TOKEN))
        found = await asyncio.gather(*guesses, return_exceptions=True)
        assert isinstance(found[-1], HTTPException)


async def _guesses(entrance: Entrance, number: int) -> list[object]:
    asked = (entrance.holder("192.0.2.1", f"{guess}") for guess in range(number))
    return await asyncio.gather(*asked, return_exceptions=True)


def _from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_guesses_count_over_all_processes(tmp_path: Path) -> None:
    with RedisServer() as redis:
        async with door(tmp_path, GUARDED, store=redis.url) as one, door(tmp_path, GUARDED, store=redis.url) as two:
            guesses = [await sign_in(browser, "sesame") for browser in (one, two) * 5]
            assert [guess.status_code for guess in guesses].count(401) == 5


async def test_a_cookie_opens_every_process_on_the_store(tmp_path: Path) -> None:
    with RedisServer() as redis:
        async with door(tmp_path, GUARDED, store=redis.url) as one, door(tmp_path, GUARDED, store=redis.url) as two:
            await sign_in(one)
            two.cookies.set(f"parlour{two.base_url.port}", next(iter(one.cookies.values())))
            assert (await two.get(WHO)).status_code == 200


async def test_keys_of_cookies_can_be_renewed(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED, "cookie_keys: [the-key-of-last-year]") as ada:
        await sign_in(ada)
        cookie = next(iter(ada.cookies.values()))
    for keys, status in (("the-key-of-this-year, the-key-of-last-year", 200), ("the-key-of-this-year", 401)):
        async with door(tmp_path, GUARDED, f"cookie_keys: [{keys}]") as browser:
            browser.cookies.set(f"parlour{browser.base_url.port}", cookie)
            assert (await browser.get(WHO)).status_code == status


async def test_open_to_all_asks_nobody(tmp_path: Path) -> None:
    async with door(tmp_path, "host: 0.0.0.0", "open: true") as anybody:
        assert (await anybody.get(WHO, headers={"Host": "chat.example.org"})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "localhost@evil.example"]
)
async def test_a_foreign_name_that_points_here_opens_nothing(host: str, tmp_path: Path) -> None:
    async with door(tmp_path) as victim:
        for path in ("/", WHO, "/v1/models"):
            assert (await victim.get(path, headers={"Host": host})).status_code == 421
        assert (await victim.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_a_proxy_that_nobody_named_opens_nothing_to_the_world(header: str, tmp_path: Path) -> None:
    async with door(tmp_path) as world, door(tmp_path, "trusted_proxies: [127.0.0.1]") as named:
        assert (await world.get("/", headers={header: "127.0.0.1"})).status_code == 421
        assert (await world.get("/metrics", headers={header: "127.0.0.1"})).status_code == 404
        assert (await named.get("/", headers=_from("192.0.2.1"))).status_code == 421
        assert (await named.get("/", headers=_from("127.0.0.1"))).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:8080", "chat.example.org"])
async def test_the_names_that_it_has_open_it(host: str, tmp_path: Path) -> None:
    async with door(tmp_path, "url: http://chat.example.org", "open: true") as named, door(tmp_path) as plain:
        assert (await named.get(WHO, headers={"Host": host})).status_code == 200
        expected = 421 if "example" in host else 200
        assert (await plain.get(WHO, headers={"Host": host})).status_code == expected


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_what_another_site_makes_a_browser_send_is_not_done(headers: dict[str, str], tmp_path: Path) -> None:
    async with door(tmp_path) as victim:
        await victim.get("/")
        for path in (f"{WHO}/12345678/messages", "/v1/chat/completions", "/login"):
            done = await victim.post(path, json={"id": "a" * 32, "text": "spend"}, headers={**OURS, **headers})
            assert done.status_code == 403
        assert (await victim.delete(f"{WHO}/12345678", headers={**OURS, **headers})).status_code == 403


async def test_a_request_of_the_page_carries_its_mark(tmp_path: Path) -> None:
    async with door(tmp_path) as ada:
        own = {"Origin": str(ada.base_url).rstrip("/")}
        body = {"id": "a" * 32, "text": "hello"}
        assert (await ada.post(f"{WHO}/12345678/messages", json=body, headers=own)).status_code == 403
        assert (await ada.post(f"{WHO}/12345678/messages", json=body, headers=own | OURS)).status_code == 202


async def test_every_answer_says_that_nothing_else_may_run_in_it(tmp_path: Path) -> None:
    async with door(tmp_path) as ada:
        for path in ("/", WHO, "/nothing", "/v1/models", "/healthz"):
            headers = (await ada.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"


async def test_what_browsers_report_is_counted(tmp_path: Path) -> None:
    report = {"csp-report": {"effective-directive": "script-src", "blocked-uri": "https://evil.example"}}
    async with door(tmp_path) as browser:
        assert (await browser.post("/csp-reports", json=report)).status_code == 204
        assert (await browser.post("/csp-reports", json=[report])).status_code == 400
        assert 'error="PolicyBroken"} 1.0' in (await browser.get("/metrics")).text


async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    async with door(tmp_path) as first:
        port, said = first.base_url.port, list[str]()
        config = parse_config(
            f"store: sqlite:///{tmp_path}/b.db\nmodels: [{{id: a, provider: scripted}}]\nweb: {{port: {port}}}", {}
        )
        assert await wiring.serve(config, ["web"], said.append) == 1
        assert said == [f"web is off: cannot listen on 127.0.0.1:{port}: Address already in use"]


async def test_metrics_are_for_those_who_run_it(tmp_path: Path) -> None:
    async with door(tmp_path, GUARDED, "metrics: [192.0.2.0/24]", "trusted_proxies: [127.0.0.1]") as program:
        assert (await program.get("/metrics")).status_code == 404
        assert (await program.get("/metrics", headers=_from("192.0.2.7"))).status_code == 200
        assert (await program.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


async def test_it_says_whether_it_lives_and_whether_it_can_work(tmp_path: Path) -> None:
    with RedisServer() as redis:
        async with door(tmp_path, GUARDED, store=redis.url) as balancer:
            assert (await balancer.get("/readyz")).status_code == 200
            redis.kill()
            assert (await sign_in(balancer)).status_code == 503
            assert (await balancer.get(WHO, headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 503
            assert (await balancer.get("/readyz")).status_code == 503
            assert (await balancer.get("/healthz")).status_code == 200
            redis.start()
            assert (await balancer.get("/readyz")).status_code == 200
