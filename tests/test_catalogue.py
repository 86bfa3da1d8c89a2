"""The catalogue: which operation a request belongs to, and shapes of paths that give nothing away."""

from __future__ import annotations

import pytest

from smscontract.catalogue import load_catalogue, path_shape
from smscontract.errors import UsageError
from tests.core import shipped


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://x.test/v1/sms/conversations/conv_abc123", "/v1/sms/conversations/{}"),
        ("https://x.test/v2/sms-threads/messages/17/send", "/v2/sms-threads/messages/{}/send"),
        ("https://x.test/v10/a", "/v10/a"),
        ("https://x.test/v1.2/a", "/v1.2/a"),
        ("https://x.test/api/v3beta1/a", "/api/v3beta1/a"),
        ("https://x.test/v14155550123", "/{}"),
        ("https://x.test/users/+14155550123", "/users/{}"),
        ("https://x.test/users/14155550123", "/users/{}"),
        ("https://x.test/users/7", "/users/{}"),
        ("https://x.test/a/0f8e6c1a-53b7-4c1d-9a57-2f6f0f1f7a10", "/a/{}"),
        ("https://x.test/say/Hello%20Ms%20Smith", "/say/{}"),
        ("https://x.test/say/Grüße", "/say/{}"),
        ("https://x.test/t/eyJhbGciOiJub25lIn0", "/t/{}"),
        ("https://x.test/keys/SECRETWORD", "/keys/{}"),
        ("https://x.test/a?token=abc#x", "/a"),
        ("https://[::1/x", "/?"),
        ("", "/"),
    ],
)
def test_shapes_of_paths(url: str, shape: str) -> None:
    assert path_shape("get", url) == f"GET {shape}"


def test_a_method_is_a_word() -> None:
    assert path_shape("PO ST\n", "/a") == "? /a"
    assert path_shape("TOKEN4155550123", "/a") == "? /a"


@pytest.mark.parametrize(
    ("method", "url", "operation", "parameters"),
    [
        ("POST", "https://a.test/v2/sms-threads/messages/sms_1/send", "stuut.send-sms", {"sms_id": "sms_1"}),
        ("post", "http://b.test:8080/v2/sms-threads/messages/a%2Fb%20c/send?x=1#y", "stuut.send-sms", {"sms_id": "a/b c"}),
        ("POST", "/v1/sms/create", "bland.create-sms", {}),
    ],
)
def test_requests_are_matched_by_method_and_path(method: str, url: str, operation: str, parameters: dict[str, str]) -> None:
    found = shipped().match(method, url)
    assert found is not None
    assert (found[0].key, found[1]) == (operation, parameters)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/v1/sms/create"),
        ("POST", "/v1/sms/create/"),
        ("POST", "/V1/sms/create"),
        ("POST", "/v1/sms/created"),
        ("POST", "/v2/sms-threads/messages//send"),
        ("POST", "/v2/sms-threads/messages/a/b/send"),
        ("POST", "/v2/sms-threads/messages/send"),
    ],
)
def test_what_fits_no_operation(method: str, url: str) -> None:
    assert shipped().match(method, url) is None


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean `bland.create-sms/rule/new-is-new`"):
        shipped().clause("bland.create-sms/rule/new-is-nw")
    with pytest.raises(UsageError, match=r"there is no provider `blond`"):
        load_catalogue(["blond"])
    with pytest.raises(UsageError, match=r"did you mean `bland`"):
        load_catalogue(["blan"])
    with pytest.raises(UsageError, match=r"did you mean `stuut.send-sms`"):
        shipped().operation("stuut.send-smss")
    assert shipped().operation("stuut").key == "stuut.send-sms"
