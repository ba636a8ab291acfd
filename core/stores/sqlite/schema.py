"""The tables, as numbered migrations. A migration that was released is never changed: another one follows it."""

from __future__ import annotations

import sqlite3

from core.errors import StoreTooNew

# turns: `front` marks the first waiting turn of a conversation, the only one that can be claimed. `ready` is when that
# may happen: after the hold or the postponement, or when the lease lapses. So one index finds the next turn, however
# many wait. `fixed`: claimed before, and `parent` and `epoch` are those of the first claim.
# events: every platform event that was accepted, with the turn it went into; `ended` is when that turn was over.
_FIRST = (
    """CREATE TABLE conversations (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        head TEXT,
        epoch INTEGER NOT NULL DEFAULT 0,
        model TEXT NOT NULL DEFAULT '',
        persona TEXT NOT NULL DEFAULT '',
        failed TEXT,
        touched REAL NOT NULL)""",
    "CREATE INDEX conversations_touched ON conversations (touched)",
    """CREATE TABLE messages (
        seq INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL,
        id TEXT NOT NULL,
        position INTEGER NOT NULL,
        parent TEXT,
        o200k INTEGER NOT NULL,
        cl100k INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (conversation, id))""",
    "CREATE INDEX messages_order ON messages (conversation, position)",
    "CREATE INDEX messages_children ON messages (conversation, parent, position)",
    """CREATE TABLE refs (
        seq INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL,
        ref TEXT NOT NULL,
        position INTEGER NOT NULL,
        message TEXT NOT NULL,
        UNIQUE (conversation, ref))""",
    "CREATE INDEX refs_order ON refs (conversation, position)",
    "CREATE INDEX refs_message ON refs (conversation, message, position)",
    """CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL,
        day TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (conversation, day))""",
    """CREATE TABLE facts (
        seq INTEGER PRIMARY KEY,
        model TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL)""",
    """CREATE TABLE turns (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL,
        position INTEGER NOT NULL,
        lane TEXT NOT NULL,
        "group" TEXT,
        incoming TEXT NOT NULL,
        revised TEXT,
        front INTEGER NOT NULL DEFAULT 0,
        ready REAL NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        token INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        fixed INTEGER NOT NULL DEFAULT 0,
        parent TEXT,
        epoch INTEGER NOT NULL DEFAULT 0,
        stop INTEGER NOT NULL DEFAULT 0,
        aside REAL,
        reason TEXT)""",
    "CREATE INDEX turns_claimable ON turns (lane, ready, seq) WHERE front = 1",
    "CREATE INDEX turns_ready ON turns (ready) WHERE front = 1",
    "CREATE INDEX turns_queue ON turns (conversation, position, seq) WHERE aside IS NULL",
    "CREATE INDEX turns_stop ON turns (id) WHERE stop = 1",
    "CREATE INDEX turns_aside ON turns (aside) WHERE aside IS NOT NULL",
    "CREATE INDEX turns_conversation ON turns (conversation, position)",
    """CREATE TABLE events (
        id TEXT PRIMARY KEY,
        turn TEXT NOT NULL,
        ended REAL) WITHOUT ROWID""",
    "CREATE INDEX events_turn ON events (turn)",
    "CREATE INDEX events_ended ON events (ended) WHERE ended IS NOT NULL",
)
# permits: token buckets; `level` permits were there at the time `at`, and nobody uses the bucket until `held`.
_SECOND = (
    """CREATE TABLE bookmarks (
        seq INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        place TEXT NOT NULL,
        position INTEGER NOT NULL,
        noted REAL NOT NULL,
        UNIQUE (lane, place))""",
    "CREATE INDEX bookmarks_noted ON bookmarks (noted)",
    """CREATE TABLE permits (
        bucket TEXT PRIMARY KEY,
        level REAL NOT NULL,
        at REAL NOT NULL,
        held REAL NOT NULL DEFAULT 0) WITHOUT ROWID""",
)
# failures: what turns asked that ended in an error, for as long as their events are remembered.
_THIRD = (
    """CREATE TABLE failures (
        turn TEXT PRIMARY KEY,
        conversation TEXT NOT NULL,
        ended REAL NOT NULL,
        incoming TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX failures_conversation ON failures (conversation)",
    "CREATE INDEX failures_ended ON failures (ended)",
)
# receipts: requests that carry a key. `until` is when the lease of whoever is at it lapses, `body` what was answered.
_FOURTH = (
    """CREATE TABLE shelf (
        seq INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        conversation TEXT NOT NULL,
        title TEXT NOT NULL,
        at REAL NOT NULL,
        UNIQUE (owner, conversation))""",
    "CREATE INDEX shelf_order ON shelf (owner, at, seq)",
    "CREATE INDEX shelf_conversation ON shelf (conversation)",
    "CREATE INDEX shelf_at ON shelf (at)",
    """CREATE TABLE secrets (
        seq INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        value TEXT NOT NULL)""",
    """CREATE TABLE receipts (
        seq INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        token INTEGER NOT NULL,
        until REAL NOT NULL,
        body TEXT,
        expires REAL NOT NULL)""",
    "CREATE INDEX receipts_expires ON receipts (expires)",
)
# purses: `spent` of them, and `held` by reservations. reservations: what each takes of which purse (`body`, JSON) until it
# lapses; without a body it is settled, and forgotten then.
_FIFTH = (
    """CREATE TABLE purses (
        seq INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        until REAL NOT NULL,
        spent INTEGER NOT NULL,
        held INTEGER NOT NULL)""",
    "CREATE INDEX purses_until ON purses (until)",
    """CREATE TABLE reservations (
        key TEXT PRIMARY KEY,
        body TEXT,
        until REAL NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX reservations_until ON reservations (until)",
)
# paces: token buckets; `level` permits were there at the time `at`, and it is full again at `until`. admitted: keys that
# took of them, until they are forgotten.
_SIXTH = (
    """CREATE TABLE paces (
        name TEXT PRIMARY KEY,
        level REAL NOT NULL,
        at REAL NOT NULL,
        until REAL NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX paces_until ON paces (until)",
    """CREATE TABLE admitted (
        key TEXT PRIMARY KEY,
        until REAL NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX admitted_until ON admitted (until)",
)
# clock: how far the time has come by which `ready`, `level` and leases are waited for.
_SEVENTH = (
    """CREATE TABLE clock (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL)""",
)
# voices: whose words a conversation has. What names people among limits is called otherwise from now on
# (`core.limits.pseudonyms`); counters that older versions kept are begun anew.
_EIGHTH = (
    """CREATE TABLE voices (
        person TEXT NOT NULL,
        conversation TEXT NOT NULL,
        PRIMARY KEY (person, conversation)) WITHOUT ROWID""",
    "CREATE INDEX voices_conversation ON voices (conversation)",
    """INSERT OR IGNORE INTO voices (person, conversation)
        SELECT json_extract(body, '$.sender'), conversation FROM messages WHERE json_extract(body, '$.sender') <> ''
        UNION SELECT json_extract(incoming, '$.sender.id'), conversation FROM turns
        UNION SELECT json_extract(incoming, '$.sender.id'), conversation FROM failures
        UNION SELECT json_extract(failed, '$.sender.id'), id FROM conversations WHERE failed IS NOT NULL""",
    "DELETE FROM purses WHERE name NOT LIKE '% total %'",
    "DELETE FROM paces WHERE name NOT LIKE 'total %'",
    "DELETE FROM admitted",
    "DELETE FROM reservations WHERE body IS NULL",
)
# rulings: what admins have said. tallies: what all conversations used on a UTC day, by model. marks: who asked, and where, as
# marks that tell nobody's id, and the last day they did.
_NINTH = (
    """CREATE TABLE rulings (
        seq INTEGER PRIMARY KEY,
        subject TEXT NOT NULL UNIQUE,
        ruling TEXT NOT NULL)""",
    """CREATE TABLE tallies (
        seq INTEGER PRIMARY KEY,
        day TEXT NOT NULL,
        model TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (day, model))""",
    """CREATE TABLE marks (
        seq INTEGER PRIMARY KEY,
        mark TEXT NOT NULL UNIQUE,
        day TEXT NOT NULL)""",
    "CREATE INDEX marks_day ON marks (day)",
)
# places: who waits for a place since when, and who is `inside`, until nothing was heard of them for too long.
_TENTH = (
    """CREATE TABLE places (
        queue TEXT NOT NULL,
        key TEXT NOT NULL,
        since REAL NOT NULL,
        inside INTEGER NOT NULL,
        until REAL NOT NULL,
        PRIMARY KEY (queue, key)) WITHOUT ROWID""",
    "CREATE INDEX places_line ON places (queue, inside, since, key)",
    "CREATE INDEX places_until ON places (until)",
)
# speaks: whether they asked there; else somebody else only quoted them.
_ELEVENTH = ("ALTER TABLE voices ADD COLUMN speaks INTEGER NOT NULL DEFAULT 1",)
# outbox: what people are still to be told besides answers. `until` it is somebody's, by the time that is waited by.
_TWELFTH = (
    """CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        key TEXT NOT NULL,
        person TEXT NOT NULL,
        token INTEGER NOT NULL,
        until REAL NOT NULL,
        expires REAL NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (lane, key))""",
    "CREATE INDEX outbox_until ON outbox (lane, until)",
    "CREATE INDEX outbox_expires ON outbox (expires)",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _SECOND,
    _THIRD,
    _FOURTH,
    _FIFTH,
    _SIXTH,
    _SEVENTH,
    _EIGHTH,
    _NINTH,
    _TENTH,
    _ELEVENTH,
    _TWELFTH,
)

MARK = "migrations"
"""The table by which a file is known to be a store."""
_LEDGER = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, at REAL NOT NULL)"


def migrate(connection: sqlite3.Connection, now: float) -> None:
    """Brings the file up to this version, one transaction for each migration, so that one killed half-way is simply
    done again. Raises StoreTooNew, and sqlite3.Error as it comes."""
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            more = _migrate_once(connection, now)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if not more:
            return


def _migrate_once(connection: sqlite3.Connection, now: float) -> bool:
    connection.execute(_LEDGER)
    done: int = connection.execute("SELECT COALESCE(MAX(number), 0) FROM migrations").fetchone()[0]
    if done > len(MIGRATIONS):
        raise StoreTooNew(
            f"The store was written by a newer version of Parlour: its schema is {done}, this one knows {len(MIGRATIONS)}."
        )
    # Writes nothing, but fails here and now where the file cannot be written to.
    connection.execute("DELETE FROM migrations WHERE number < 0")
    if done == len(MIGRATIONS):
        return False
    for statement in MIGRATIONS[done]:
        connection.execute(statement)
    connection.execute("INSERT INTO migrations VALUES (?, ?)", (done + 1, now))
    return True
