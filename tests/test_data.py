from __future__ import annotations

from pathlib import Path

import pytest

from smscontract import data
from smscontract.errors import SmscontractError


def layout(parent: Path, *names: str) -> None:
    for name in names:
        folder = parent / name
        folder.mkdir(parents=True)
        (folder / "zeta.yaml").touch()
        (folder / "acme.yaml").touch()
        (folder / "notes.txt").touch()


@pytest.mark.parametrize("parent", ["site/smscontract/_data", "site"], ids=["wheel", "checkout"])
def test_the_folders_are_found_in_a_wheel_and_in_a_checkout(
    parent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "smscontract"
    package.mkdir(parents=True)
    layout(tmp_path / parent, "contracts", "openapi")
    monkeypatch.setattr(data, "__file__", str(package / "data.py"))
    assert data.contracts_folder() == tmp_path / parent / "contracts"
    assert data.openapi_folder() == tmp_path / parent / "openapi"
    assert data.shipped_contracts() == {
        "acme": tmp_path / parent / "contracts" / "acme.yaml",
        "zeta": tmp_path / parent / "contracts" / "zeta.yaml",
    }
    assert list(data.shipped_contracts()) == ["acme", "zeta"]


def test_what_the_wheel_brings_wins_over_a_stray_folder_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout(tmp_path / "smscontract" / "_data", "contracts")
    layout(tmp_path, "contracts")
    monkeypatch.setattr(data, "__file__", str(tmp_path / "smscontract" / "data.py"))
    assert data.contracts_folder() == tmp_path / "smscontract" / "_data" / "contracts"


def test_an_incomplete_installation_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "__file__", str(tmp_path / "smscontract" / "data.py"))
    with pytest.raises(SmscontractError, match="the folder `openapi` is missing") as caught:
        data.openapi_folder()
    assert caught.value.exit_code == 4


def test_each_shipped_contract_has_its_document_where_it_says() -> None:
    for name in data.shipped_contracts():
        assert (data.contracts_folder() / ".." / "openapi" / f"{name}.yaml").is_file()
