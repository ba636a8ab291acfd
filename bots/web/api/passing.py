"""A request without a conversation: passed to the model's server, its answer passed back as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bots.web.api.chunks import Dress
from bots.web.api.clients import Client
from bots.web.api.outlet import Outlet
from bots.web.api.problems import refusal_of
from bots.web.api.requests import Asked
from core.completions import Frame
from core.conversations.relaying import Answering, Asker, Relaying
from core.errors import ChatError
from core.limits.allowances import Payer
from core.watching import Watch


@dataclass(frozen=True, slots=True)
class Passing:
    """`Work`. permitted: the models that may be asked, and admit: as in `Asker`. frame: the model is the one that
    answers."""

    relaying: Relaying
    watch: Watch
    client: Client
    asked: Asked
    permitted: tuple[str, ...]
    frame: Frame
    admit: Callable[[], Awaitable[object]]

    async def __call__(self, outlet: Outlet) -> None:
        asker = Asker(Payer(self.client.person), self.permitted, self.frame.id, self.admit)
        try:
            async with self.relaying.open(self.asked.body, asker) as answering:
                dress = Dress(replace(self.frame, model=answering.model))
                await (self._stream if self.asked.streamed else self._whole)(answering, dress, outlet)
        except ChatError as problem:
            self.watch.failed(type(problem).__name__)
            raise refusal_of(problem) from problem

    async def _stream(self, answering: Answering, dress: Dress, outlet: Outlet) -> None:
        async for batch in answering:
            await outlet.piece(dress.pieces(batch))
        await outlet.end(dress.ending(answering.usage if self.asked.wants_usage else None))

    async def _whole(self, answering: Answering, dress: Dress, outlet: Outlet) -> None:
        chunks = [chunk async for batch in answering for chunk in batch]
        await outlet.whole(dress.whole(chunks[-1], answering.usage))
