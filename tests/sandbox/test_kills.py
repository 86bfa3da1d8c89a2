"""Killed at any moment under load, the sandbox has kept each answer that a client read."""

from __future__ import annotations

import http.client
import random
import threading
import time
from pathlib import Path

import pytest

from smscontract.sandbox import numbers
from tests.sandbox.test_server import start
from tests.sandbox.wire import Wire

CLIENTS = 3


class Load:
    """Clients that send drafts and create conversations until the server is gone, and note what they read."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sent: list[str] = []
        self.stored: list[tuple[str, str]] = []
        self.clients = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]
        for client in self.clients:
            client.start()

    def run(self, number: int) -> None:
        wire: Wire | None = None
        try:
            wire = Wire("127.0.0.1", self.port)
            while True:
                sms_id = wire.draft()["id"]
                if wire.send(sms_id).status == 200:
                    self.sent.append(sms_id)
                text = f"{number}-{len(self.stored)}"
                body = {
                    "user_number": numbers.BLAND_USERS[number],
                    "agent_number": numbers.BLAND_OWNED[0],
                    "message": text,
                    "new_conversation": len(self.stored) % 3 == 0,
                }
                got = wire.create(body)
                if got.status == 200:
                    self.stored.append((got.json["data"]["conversation_id"], text))
        except (OSError, http.client.HTTPException):
            if wire:
                wire.close()

    def join(self) -> None:
        for client in self.clients:
            client.join()


def kill_and_look(db: Path, kills: int) -> None:
    chance = random.Random(kills)
    sent: list[str] = []
    stored: list[tuple[str, str]] = []
    for _ in range(kills):
        process, port = start(str(db))
        load = Load(port)
        while len(load.sent) < 3:  # there is something to lose
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
        load.join()
        sent += load.sent
        stored += load.stored
    process, port = start(str(db))
    wire = Wire("127.0.0.1", port)
    everything = {one["id"]: one for one in wire.control("GET", "messages")["messages"]}
    for sms_id in sent:
        assert everything[sms_id]["status"] == "sent"
        assert len(everything[sms_id]["texts"]) == 1
        assert wire.send(sms_id).status == 409
    conversations = wire.control("GET", "conversations")["conversations"]
    histories = {one["id"]: [entry["message"] for entry in one["messages"]] for one in conversations}
    for conversation, text in stored:
        assert histories[conversation].count(text) >= 1
    active = [(one["user_number"], one["agent_number"]) for one in conversations if one["is_active"]]
    assert len(active) == len(set(active))
    wire.close()
    process.terminate()
    process.communicate()


def test_three_kills(tmp_path: Path) -> None:
    kill_and_look(tmp_path / "sandbox.db", 3)


@pytest.mark.campaign
def test_twenty_kills(tmp_path: Path) -> None:
    kill_and_look(tmp_path / "sandbox.db", 20)
