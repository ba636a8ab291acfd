"""Troubles that only Discord has."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._stage import Play, bot
from bots.discord.library import REVOKED
from core.clock import SystemClock
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, NAMES, TOKEN


@dataclass
class Discord(DiscordServer):
    """Tells the play of every message of the bot to somebody, and of each that is another one afterwards. Its messages bear the
    machine's time, so the play goes by that."""

    name: str = "discord"
    play: Play = field(default_factory=lambda: Play(SystemClock()))

    @property
    def settings(self) -> str:
        return f'token: "{TOKEN}", api_url: "{self.api_url}", gateway_url: "{self.gateway_url}"'

    @property
    def connected(self) -> bool:
        return self.gateway.connected

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        super()._written(kind, message, body)
        person = next(name for id_, name in NAMES.items() if self.direct(id_) == message["channel_id"])
        self.play.note("parlour", f"to {person.capitalize()}: {message['content']}")

    async def answers(self, person: str, text: str, answer: str) -> None:
        """*person* asks the bot alone, and reads *answer*."""
        self.play.note(NAMES[person].capitalize(), text)
        self.say(person, text, self.direct(person))
        await self.play.until(lambda: self.shown(self.direct(person))[-1:] == [answer])

    async def revoke(self) -> None:
        """Takes the bot's token no more."""
        self.gateway.token = "another"
        await self.gateway.drop(REVOKED)


async def discord_token(folder: Path) -> list[str]:
    async with Discord() as discord:
        play = discord.play
        async with bot(play, discord, folder, "models: [{id: echo, provider: scripted}]") as running:
            await discord.answers(ADA, "one", "You said: one")
            await running.look()
            play.note("", "Somebody resets the bot's token in Discord's portal.")
            await discord.revoke()
            await play.until(lambda: any(who == "stderr" for _, who, _ in play.entries))
            await running.look()
        return play.lines()
