"""Runs of pytest within a test. What is imported only inside would be imported anew by each run, and C extensions break on it:
so all of it is imported here."""

from __future__ import annotations

import aiohttp
import httpx
import pytest
import pytest_httpx
import requests
import responses
import respx
import urllib3
import vcr

import smscontract.pytest_plugin._watch
from smscontract.sandbox import server

__all__ = ["run"]

_LOADED = (aiohttp, httpx, pytest_httpx, requests, respx, responses, urllib3, vcr, smscontract.pytest_plugin._watch, server)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Runs the tests in the folder of `pytester` in this process, in the order in which they stand there."""
    return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "default", *options)
