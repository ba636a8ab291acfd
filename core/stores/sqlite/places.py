"""Who waits for a place and who has one, in an SQLite file."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.domain_limits import Queue
from core.stores.sqlite.database import Database, Session


class SqlitePlaces:
    _database: Database

    async def stand(
        self, queue: Queue, waiting: Mapping[str, float], inside: Collection[str], gone: Collection[str]
    ) -> Mapping[str, int]:
        said = (dict(waiting), tuple(inside), tuple(gone))
        return await self._database.write(lambda session: _stand(session, queue, said))


_Said = tuple[Mapping[str, float], Collection[str], Collection[str]]


def _stand(session: Session, queue: Queue, said: _Said) -> Mapping[str, int]:
    waiting, inside, gone = said
    for key in gone:
        session.run("DELETE FROM places WHERE queue = ? AND key = ?", queue.name, key)
    session.run("DELETE FROM places WHERE queue = ? AND until <= ?", queue.name, session.steady)
    for key, since in waiting.items():
        _note(session, queue, key, since)
    for key in inside:
        _enter(session, queue, key)
    return _numbers(session, queue, waiting)


def _note(session: Session, queue: Queue, key: str, since: float) -> None:
    """Who is inside already, and has not heard of it, stays so."""
    session.run(
        """INSERT INTO places VALUES (?1, ?2, ?3, 0, ?4)
        ON CONFLICT (queue, key) DO UPDATE SET until = IIF(inside, ?5, excluded.until)""",
        queue.name,
        key,
        since,
        session.steady + queue.word,
        session.steady + queue.lease,
    )


def _enter(session: Session, queue: Queue, key: str) -> None:
    session.run(
        """INSERT INTO places VALUES (?, ?, 0, 1, ?)
        ON CONFLICT (queue, key) DO UPDATE SET inside = 1, until = excluded.until""",
        queue.name,
        key,
        session.steady + queue.lease,
    )


def _numbers(session: Session, queue: Queue, waiting: Collection[str]) -> dict[str, int]:
    """Lets in who of those *waiting* is next. Places are kept free for those of other processes who come before."""
    free = queue.most - session.value("SELECT COUNT(*) FROM places WHERE queue = ? AND inside = 1", queue.name)
    line = session.all("SELECT key FROM places WHERE queue = ? AND inside = 0 ORDER BY since, key", queue.name)
    ranks = {key: rank for rank, (key,) in enumerate(line) if key in waiting}
    entering = [key for key, rank in ranks.items() if rank < free]
    for key in entering:
        _enter(session, queue, key)
    numbers = {key: rank - len(entering) + 1 for key, rank in ranks.items() if rank >= free}
    return {key: numbers.get(key, 0) for key in waiting}


def forget_places(session: Session) -> int:
    """Those of processes that have said nothing for so long."""
    return session.run("DELETE FROM places WHERE until <= ?", session.steady).rowcount
