"""The provider keeps its contract: one test for each clause."""

from __future__ import annotations

from pigeon import TOKEN, create_app

import smscontract

test_contract = smscontract.clauses_of("pigeon.yaml", app=create_app, token=TOKEN, fuzz=0)
