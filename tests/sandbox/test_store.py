"""SQLite under the sandbox."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from smscontract.errors import UnusableInput
from smscontract.sandbox.app import Sandbox, create_app
from smscontract.sandbox.calls import Ask
from smscontract.sandbox.store import Store


def send(app: Sandbox, sms_id: str) -> int:
    path = f"/v2/sms-threads/messages/{sms_id}/send"
    return app.answer(Ask(method="POST", path=path, headers=(("authorization", f"Bearer {app.stuut.token}"),))).status


def drafts(app: Sandbox) -> list[str]:
    with app.store.transaction() as tx:
        return [message.id for message in tx.offered("draft", 100)]


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    store = Store(db)
    app = create_app(store, seed_number=4)
    token, (first, second, *_) = app.stuut.token, drafts(app)
    assert send(app, first) == 200
    store.close()
    store = Store(db)
    app = create_app(store, seed_number=99)  # the file knows better
    assert app.stuut.token == token
    assert send(app, first) == 409
    assert send(app, second) == 200
    store.close()


def test_what_was_answered_is_in_the_file_already(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    app = create_app(Store(db))
    sms_id = drafts(app)[0]
    reader = sqlite3.connect(db)
    assert send(app, sms_id) == 200
    (record,) = reader.execute("SELECT record FROM messages WHERE id = ?", (sms_id,)).fetchone()
    assert '"status":"sent"' in record
    reader.close()
    app.store.close()


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    db.touch()
    app = create_app(Store(db))
    assert send(app, drafts(app)[0]) == 200
    app.store.close()


def test_a_file_is_written_ahead_and_in_full(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    assert store._pragma("journal_mode") == "wal"
    assert store._pragma("synchronous") == 2
    store.close()


def test_a_transaction_happens_as_a_whole_or_not_at_all() -> None:
    store = Store()

    def half() -> None:
        with store.transaction() as tx:
            tx.set("seed", "5")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with store.transaction() as tx:
        assert tx.setting("seed") is None
    store.close()


def test_two_processes_worth_of_stores_send_a_draft_once(tmp_path: Path) -> None:
    """Two connections to one file stand for two processes: no lock of ours is between them."""
    stores = [Store(tmp_path / "sandbox.db") for _ in range(2)]
    apps = [create_app(store) for store in stores]
    for sms_id in drafts(apps[0])[:10]:
        gate = threading.Barrier(2)
        statuses: list[int] = []

        def race(app: Sandbox, sms_id: str = sms_id, gate: threading.Barrier = gate, statuses: list[int] = statuses) -> None:
            gate.wait()
            statuses.append(send(app, sms_id))

        rivals = [threading.Thread(target=race, args=(app,)) for app in apps]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert sorted(statuses) == [200, 409]
        with stores[0].transaction() as tx:
            assert len(tx.texts(sms_id)) == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"x", b"SQLite format 3"])
def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    db = tmp_path / "letter.txt"
    db.write_bytes(content)
    with pytest.raises(UnusableInput, match=r"letter\.txt"):
        Store(db)
    assert db.read_bytes() == content
    assert list(tmp_path.iterdir()) == [db]


def test_somebody_elses_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    db = tmp_path / "theirs.db"
    connection = sqlite3.connect(db)
    connection.execute("CREATE TABLE messages (id)")
    connection.commit()
    connection.close()
    before = db.read_bytes()
    with pytest.raises(UnusableInput, match="not the sandbox's"):
        Store(db)
    assert db.read_bytes() == before


def test_a_database_of_another_layout_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    Store(db).close()
    connection = sqlite3.connect(db)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(UnusableInput, match="another version"):
        Store(db)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="cannot open"):
        Store(tmp_path / "nowhere" / "sandbox.db")
    with pytest.raises(UnusableInput):
        Store(tmp_path)


def test_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = tmp_path / "sandbox.db"
    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda name, **more: connect(name, **{**more, "timeout": 0}))
    store = Store(db)
    with store.transaction(), pytest.raises(UnusableInput, match="locked"):
        Store(db)
    store.close()


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "sandbox.db").touch()
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(UnusableInput, match="Permission denied"):
        Store(tmp_path / "sandbox.db")


def test_a_transaction_that_ended_by_itself_says_why() -> None:
    """SQLite ends it when the disk is full; rolling back once more would hide the cause."""
    with Store() as store:

        def full() -> None:
            with store.transaction():
                store._connection.execute("ROLLBACK")
                raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space"):
            full()
        with store.transaction() as tx:
            tx.set("seed", "5")
