"""Chat Completions servers, through the `openai` package: the only place that imports it.

The client sends the request; the answer is read raw, because its typed chunk models cost forty times the parsing. Its
own retries are off: `core.conversations.asking` decides about those.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx2
import openai
from jiter import from_json

from core.config_models import ModelConfig, ProviderConfig
from core.domain import ModelFacts, ModelSpec, Prompt
from core.errors import ModelError, ModelGarbled, ModelStalled, ModelUnreachable, RequestRefused, WindowExceeded
from core.llm.deltas import NETWORK_ERRORS, AnswerBody, Meter, ServerDeltas, StallGuard
from core.llm.faults import adjustment, error_of
from core.llm.knowledge import is_loopback
from core.llm.memory import FactsMemory
from core.llm.problems import LONGEST_DETAIL, Problem, read_problem
from core.llm.relay import LONGEST_WHOLE, Passage, Relayed, discreet
from core.llm.request import RelayedBody, RequestBody
from core.llm.tokens import OpenAITokens, corrected
from core.llm.transcript import Transcript
from core.ports import Clock

MOST_ADJUSTMENTS = 12
"""Requests in a row that a server may refuse for one parameter after the other: more parameters than are ever sent."""
LONGEST_LIST = 20.0
"""Seconds for a server to list its models."""
COMPLETIONS = "/chat/completions"
NO_KEY = "none"
"""Sent to servers that want no key; the client cannot do without one."""


class Connection:
    """A provider's client, made when it is first needed. Close it in the event loop that used it. *headers*: asked before
    each request for further ones of it."""

    def __init__(
        self,
        provider: ProviderConfig,
        clock: Clock,
        name: str = "",
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.provider = provider
        self.name = name
        self._headers = headers
        self._clock = clock
        self._client: openai.AsyncOpenAI | None = None
        self._making = asyncio.Lock()

    async def client(self) -> openai.AsyncOpenAI:
        """One for all who ask at once: to make it reads the certificates, a tenth of a second of the processor's time."""
        async with self._making:
            if self._client is None:
                client = await asyncio.to_thread(_client_for, self.provider)
                client.api_key = _key_of(self.provider)  # which may be another by now
                self._client = client
            return self._client

    def take_key(self, provider: ProviderConfig) -> None:
        """The key of *provider*, which differs in nothing else, from the next request on."""
        self.provider = provider
        if self._client is not None:
            self._client.api_key = _key_of(provider)

    async def ready(self) -> None:
        """Returns when the server can be asked. Raises ModelError."""

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def send(self, body: Mapping[str, Any]) -> httpx2.Response:
        """The answer's head; its body is still to be read, streamed or not. Raises openai.OpenAIError or a
        NETWORK_ERROR."""
        client = await self.client()
        # Not by the method for it, which looks up the types of forty parameters and copies message by message: a fifth of
        # the processor time of a call.
        options = openai.RequestOptions(headers=self._headers())
        return await client.post(COMPLETIONS, cast_to=httpx2.Response, body=body, options=options, stream=True)

    async def offers(self) -> tuple[str, ...]:
        """The names of the models that the server offers. Raises ModelError."""
        with self._understood():
            client = await self.client()
            async with self._clock.watchdog(LONGEST_LIST):
                page = await client.models.list()
            return tuple(sorted(model.id for model in page.data or ()))

    async def moderate(self, body: Mapping[str, Any]) -> Any:
        """What the server's Moderations API says of *body*, decoded and nothing more. Raises ModelError."""
        with self._understood(str(body.get("model"))):
            client = await self.client()
            answer = await client.moderations.with_raw_response.create(input="", extra_body=body)
            return from_json(answer.content)

    @contextmanager
    def _understood(self, model: str = "") -> Iterator[None]:
        """Raises ModelError for whatever goes wrong with a request that is answered as a whole."""
        try:
            yield
        except openai.APIStatusError as error:
            raise error_of(self.problem(error), model) from error
        except (openai.APIConnectionError, *NETWORK_ERRORS) as error:  # TimeoutError is an OSError
            raise ModelUnreachable(_reason(error)) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:  # not what was asked for
            raise ModelGarbled(_reason(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """By what this provider could be told: of no concern to who asks through us."""
        host = urlsplit(self.provider.base_url).hostname or ""
        return (self.name, host, *host.split(".")[-2:-1], *self.provider.headers.values())

    def problem(self, error: openai.APIStatusError) -> Problem:
        return self.read(error.status_code, _json_or_text(error.response), error.response.headers)

    def read(self, status: int | None, body: object, headers: Mapping[str, str]) -> Problem:
        """The problem that *body* tells of, without our key."""
        secret = self.provider.api_key.get_secret_value()
        return read_problem(status, body, headers, self._clock.now(), secret=secret)


def _key_of(provider: ProviderConfig) -> str:
    return provider.api_key.get_secret_value() or NO_KEY


def _client_for(provider: ProviderConfig) -> openai.AsyncOpenAI:
    """On aiohttp, which reads a chunk at half of httpx's cost. Proxies of the environment are not for loopback."""
    transport = openai.DefaultAioHttpClient(
        timeout=openai.Timeout(None, connect=provider.connect),
        proxy=provider.proxy,
        trust_env=not is_loopback(provider.base_url),
    )
    client = openai.AsyncOpenAI(
        api_key=_key_of(provider),
        base_url=provider.base_url,
        default_headers=provider.headers,
        default_query=provider.query,
        timeout=openai.Timeout(None, connect=provider.connect),
        max_retries=0,
        http_client=transport,
    )
    # Set afterwards: a None given above would be filled from the environment, meant for another provider perhaps.
    client.organization, client.project = provider.organization, provider.project
    return client


class ChatModel:
    """`LanguageModel` on a server. *known* is what the table and the configuration say about it."""

    def __init__(
        self, config: ModelConfig, known: ModelSpec, connection: Connection, memory: FactsMemory, clock: Clock
    ) -> None:
        self._config = config
        self._known = known
        self._connection = connection
        self._memory = memory
        self._clock = clock
        self._counter = OpenAITokens()

    @property
    def spec(self) -> ModelSpec:
        return with_facts(self._known, self._facts)

    async def learn_window(self, limit: int) -> None:
        await self._memory.learn(self._known.id, replace(self._facts, window=limit))

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[ServerDeltas]:
        """Asks once; only a request that the server refuses for a parameter is repeated, without that parameter."""
        await self._connection.ready()
        spec = self.spec
        provider = self._connection.provider
        guard = StallGuard(self._clock, provider.first_word, provider.stall)
        async with _unless_stalled(guard):
            response = await self._ask(RequestBody(self._config, provider, prompt, self._facts))
            deltas = ServerDeltas(
                response, Transcript(partial(self._fail, response)), guard, Meter(spec, prompt, self._counter)
            )
            try:
                yield deltas
            finally:
                await deltas.aclose()
        await self._learn_factor(deltas, prompt, spec)

    @asynccontextmanager
    async def relay(self, body: Mapping[str, Any]) -> AsyncIterator[Relayed]:
        """Asks once, as `stream` does."""
        await self._connection.ready()
        provider, streamed = self._connection.provider, bool(body.get("stream"))
        guard = StallGuard(self._clock, provider.first_word if streamed else LONGEST_WHOLE, provider.stall)
        async with _unless_stalled(guard):
            response = await self._ask(RelayedBody(self._config, body, self._facts))
            passage = Passage(partial(self._fail, response), body.get("n") or 1, streamed=streamed)
            answer = AnswerBody(response, passage, guard)
            try:
                yield await Relayed.begun(answer, guard)
            finally:
                await answer.aclose()

    async def _ask(self, body: RequestBody | RelayedBody) -> httpx2.Response:
        for _ in range(MOST_ADJUSTMENTS):
            try:
                return await self._connection.send(body.sent)
            except openai.APIStatusError as error:
                await self._bend(body, self._connection.problem(error))
            except (openai.APIConnectionError, *NETWORK_ERRORS) as error:
                raise ModelUnreachable(_reason(error)) from error
        raise RequestRefused("the server refuses one parameter after the other")

    async def _bend(self, body: RequestBody | RelayedBody, problem: Problem) -> None:
        """Takes from the request what it can do without. Raises the error that *problem* stands for when that would not
        help."""
        error = self._error(problem)
        change = adjustment(problem, body.optional)
        facts = body.without(change, self._facts) if change and not isinstance(error, WindowExceeded) else None
        if facts is None:
            raise error
        await self._memory.learn(self._known.id, facts)

    def _error(self, problem: Problem) -> ModelError:
        error = error_of(problem, self._known.id)
        if isinstance(error, RequestRefused):
            said = discreet(problem.message, self._connection.names)
            told = said.replace(self._config.model or self._known.id, self._known.id)
            error.values |= {"status": problem.status, "params": problem.params, "told": told}
        return error

    def _fail(self, response: httpx2.Response, body: object) -> NoReturn:
        raise self._error(self._connection.read(None, body, response.headers))

    async def _learn_factor(self, deltas: ServerDeltas, prompt: Prompt, spec: ModelSpec) -> None:
        reported = deltas.reported
        if spec.exact or reported is None or not reported.prompt or not prompt.tokens:
            return
        factor = corrected(spec.factor, reported.prompt, round(prompt.tokens / spec.factor))
        if factor != spec.factor:
            await self._memory.learn(self._known.id, replace(self._facts, factor=factor))

    @property
    def _facts(self) -> ModelFacts:
        return self._memory.about(self._known.id)


@asynccontextmanager
async def _unless_stalled(guard: StallGuard) -> AsyncIterator[None]:
    """Raises ModelStalled when the guard ended what was in it."""
    try:
        async with guard.watchdog:
            yield
    except TimeoutError as error:
        if guard.watchdog.expired:
            raise ModelStalled("no byte for too long") from error
        raise


def with_facts(known: ModelSpec, facts: ModelFacts) -> ModelSpec:
    """*known*, corrected by what the server taught us."""
    window = min(known.window, facts.window or known.window)
    factor = known.factor if known.exact or facts.factor is None else facts.factor
    return replace(known, window=window, max_output=min(known.max_output, window), factor=factor)


def _json_or_text(response: httpx2.Response) -> object:
    """The whole body: the client keeps only a part of it in its error."""
    try:
        return from_json(response.content)
    except ValueError:
        return response.text


def _reason(error: BaseException) -> str:
    """One line about a failed connection; the client's own wording hides the cause."""
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())[:LONGEST_DETAIL]
