"""SQLite under the sandbox: one writer at a time, and nothing is answered that is not on the disk.

Every transaction begins with `BEGIN IMMEDIATE`, so what it reads cannot change before it writes, whoever else has the file
open. Files use the write-ahead log with `synchronous=FULL`: a committed transaction survives the process and the machine.
A `:memory:` database belongs to one connection, so there is one, behind a lock.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from smscontract.errors import UnusableInput
from smscontract.sandbox.records import Conversation, Entry, Message, Record

__all__ = ["Store", "Transaction", "opaque"]

_APPLICATION_ID = 0x534D5343  # "SMSC": tells our files from anybody else's
_LAYOUT = 1
_MAGIC = b"SQLite format 3\0"
_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE counters (kind TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE messages (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, label TEXT, record TEXT NOT NULL);
CREATE INDEX offers ON messages (label) WHERE label IS NOT NULL;
CREATE TABLE texts (position INTEGER PRIMARY KEY, message_id TEXT NOT NULL, to_number TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE conversations (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_number TEXT NOT NULL,
    agent_number TEXT NOT NULL, is_active INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX pairs ON conversations (user_number, agent_number) WHERE is_active;
CREATE TABLE entries (position INTEGER PRIMARY KEY, conversation_id TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX histories ON entries (conversation_id);
"""


def opaque(seed: int, kind: str, number: int) -> str:
    """24 hexadecimal digits that look random and are the same for the same seed, kind and number."""
    return hashlib.blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=12).hexdigest()


def _dumped(record: Record) -> str:
    # Escaped to ASCII: a lone surrogate from a JSON body has no UTF-8 form, and SQLite stores UTF-8.
    return json.dumps(record.as_json(), separators=(",", ":"))


def _refuse_other_files(path: Path) -> None:
    # SQLite takes any file that is shorter than its header for an empty database, and overwrites it.
    if path.is_file():
        try:
            with path.open("rb") as file:
                header = file.read(len(_MAGIC))
        except OSError as error:
            raise UnusableInput(f"cannot read the database: {error.strerror}", file=str(path)) from error
        if header not in (b"", _MAGIC):
            raise UnusableInput("the file is no database", file=str(path), hint="name a new file")


class Transaction:
    """What can be read and written while one transaction is open. Lists are in order of creation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    # settings and identifiers

    def setting(self, name: str) -> str | None:
        """A setting of the database, or `None`."""
        row = self._run("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set(self, name: str, value: str) -> None:
        """Keeps a setting."""
        self._run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    @property
    def seed(self) -> int:
        """What identifiers and tokens are made from."""
        return int(self.setting("seed") or 0)

    def fresh_id(self, kind: str) -> str:
        """An identifier never given before in this database, e.g. `sms_9f2c...`."""
        row = self._run(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET value = value + 1 RETURNING value", (kind,)
        ).fetchone()
        return f"{kind}_{opaque(self.seed, kind, row[0])}"

    def forget_everything(self) -> None:
        """Empties every table."""
        for table in ("settings", "counters", "messages", "texts", "conversations", "entries"):
            self._run(f"DELETE FROM {table}")  # noqa: S608 - the names stand right here

    # messages

    def message(self, message_id: str) -> Message | None:
        """One message, whosever it is."""
        row = self._run("SELECT record FROM messages WHERE id = ?", (message_id,)).fetchone()
        return None if row is None else Message.from_json(json.loads(row[0]))

    def messages(self) -> list[Message]:
        """All messages."""
        rows = self._run("SELECT record FROM messages ORDER BY position")
        return [Message.from_json(json.loads(row[0])) for row in rows]

    def labels(self) -> dict[str, int]:
        """How many messages can be offered now, by label."""
        rows = self._run("SELECT label, count(*) FROM messages WHERE label IS NOT NULL GROUP BY label ORDER BY min(position)")
        return {row[0]: row[1] for row in rows}

    def offered(self, label: str, limit: int) -> list[Message]:
        """At most so many messages that can be offered under a label, oldest first."""
        rows = self._run("SELECT record FROM messages WHERE label = ? ORDER BY position LIMIT ?", (label, limit))
        return [Message.from_json(json.loads(row[0])) for row in rows]

    def add_message(self, message: Message) -> None:
        """Keeps a new message.

        Raises:
            sqlite3.IntegrityError: its id is taken.
        """
        self._run(
            "INSERT INTO messages (id, label, record) VALUES (?, ?, ?)", (message.id, message.offered_as, _dumped(message))
        )

    def replace_message(self, message: Message) -> None:
        """Keeps a changed message."""
        self._run("UPDATE messages SET label = ?, record = ? WHERE id = ?", (message.offered_as, _dumped(message), message.id))

    def add_text(self, message: Message) -> None:
        """Notes that a text went out to a phone. Nothing else in the sandbox stands for a text on somebody's screen."""
        self._run(
            "INSERT INTO texts (message_id, to_number, body) VALUES (?, ?, ?)",
            (message.id, message.to_number, message.body),
        )

    def texts(self, message_id: str) -> list[dict[str, str]]:
        """The texts that went out for a message."""
        rows = self._run("SELECT to_number, body FROM texts WHERE message_id = ? ORDER BY position", (message_id,))
        return [{"to_number": row[0], "body": row[1]} for row in rows]

    # conversations

    def conversation(self, conversation_id: str) -> Conversation | None:
        """One conversation."""
        return self._one_conversation("id = ?", conversation_id)

    def active_conversation(self, user_number: str, agent_number: str) -> Conversation | None:
        """The newest active conversation between two numbers, or `None`."""
        return self._one_conversation("user_number = ? AND agent_number = ? AND is_active", user_number, agent_number)

    def conversations(self) -> list[Conversation]:
        """All conversations, archived ones too."""
        rows = self._run("SELECT record FROM conversations ORDER BY position")
        return [Conversation.from_json(json.loads(row[0])) for row in rows]

    def _one_conversation(self, where: str, *values: str) -> Conversation | None:
        query = f"SELECT record FROM conversations WHERE {where} ORDER BY position DESC LIMIT 1"  # noqa: S608 - ours alone
        row = self._run(query, values).fetchone()
        return None if row is None else Conversation.from_json(json.loads(row[0]))

    def add_conversation(self, conversation: Conversation) -> None:
        """Keeps a new conversation."""
        self._run(
            "INSERT INTO conversations (id, user_number, agent_number, is_active, record) VALUES (?, ?, ?, ?, ?)",
            (
                conversation.id,
                conversation.user_number,
                conversation.agent_number,
                conversation.is_active,
                _dumped(conversation),
            ),
        )

    def replace_conversation(self, conversation: Conversation) -> None:
        """Keeps a changed conversation; its two numbers never change."""
        self._run(
            "UPDATE conversations SET is_active = ?, record = ? WHERE id = ?",
            (conversation.is_active, _dumped(conversation), conversation.id),
        )

    def add_entry(self, conversation_id: str, entry: Entry) -> None:
        """Appends to a conversation's history."""
        self._run("INSERT INTO entries (conversation_id, record) VALUES (?, ?)", (conversation_id, _dumped(entry)))

    def entries(self, conversation_id: str) -> list[Entry]:
        """A conversation's history, oldest first."""
        rows = self._run("SELECT record FROM entries WHERE conversation_id = ? ORDER BY position", (conversation_id,))
        return [Entry.from_json(json.loads(row[0])) for row in rows]


class Store:
    """The database.

    Args:
        db: a file, made if it is not there, or `:memory:`.

    Raises:
        UnusableInput: the file cannot be opened, or is not the sandbox's.
    """

    def __init__(self, db: str | Path = ":memory:") -> None:
        self.db = str(db)
        self._lock = threading.RLock()
        _refuse_other_files(Path(self.db))
        try:
            self._connection = sqlite3.connect(self.db, timeout=10, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise UnusableInput(f"cannot open the database: {error}", file=self.db) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise UnusableInput(f"cannot use the database: {error}", file=self.db) from error
        except UnusableInput:
            self.close()
            raise

    def _prepare(self) -> None:
        # The order matters: a file that is not ours must not be changed, not even its journal mode.
        with self.transaction():
            if self._pragma("application_id") == _APPLICATION_ID:
                if self._pragma("user_version") != _LAYOUT:
                    raise UnusableInput(
                        "the database was written by another version of the sandbox", file=self.db, hint="name a new file"
                    )
            elif self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise UnusableInput("the database is not the sandbox's", file=self.db, hint="name a new file")
            else:
                for statement in _TABLES.split(";"):
                    self._connection.execute(statement)
                self._pragma(f"application_id = {_APPLICATION_ID}")
                self._pragma(f"user_version = {_LAYOUT}")
        self._pragma("journal_mode = WAL")
        self._pragma("synchronous = FULL")

    def _pragma(self, text: str) -> Any:
        row = self._connection.execute(f"PRAGMA {text}").fetchone()
        return None if row is None else row[0]

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside happens at once and is on the disk when the block is left, or not at all if it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; a database in memory is gone."""
        with self._lock:
            self._connection.close()
