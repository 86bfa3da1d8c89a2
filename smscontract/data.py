"""Where the shipped OpenAPI documents and contract files are: in the wheel under `_data/`, in a checkout at its top."""

from __future__ import annotations

from pathlib import Path

from smscontract.errors import SmscontractError

__all__ = ["contracts_folder", "is_shipped", "openapi_folder", "shipped_contracts"]


def contracts_folder() -> Path:
    """The folder of the shipped contract files; `../openapi` beside it holds their documents.

    Raises:
        SmscontractError: the installation is incomplete.
    """
    return _folder("contracts")


def openapi_folder() -> Path:
    """The folder of the shipped OpenAPI documents.

    Raises:
        SmscontractError: the installation is incomplete.
    """
    return _folder("openapi")


def shipped_contracts() -> dict[str, Path]:
    """The contract file of each shipped provider, by the provider's name (which is the file's), in order of name.

    Raises:
        SmscontractError: the installation is incomplete.
    """
    return {path.stem: path for path in sorted(contracts_folder().glob("*.yaml"))}


def is_shipped(file: str) -> bool:
    """Whether a file as clauses name it (`contracts/NAME.yaml`) is one that ships, and not one of the user with that name.

    Raises:
        SmscontractError: the installation is incomplete.
    """
    folder, _, name = file.rpartition("/")
    if folder not in {"contracts", "openapi"}:
        return False
    path = _folder(folder) / name
    mine = Path(file)
    return path.is_file() and (not mine.exists() or mine.resolve() == path.resolve())


def _folder(name: str) -> Path:
    package = Path(__file__).resolve().parent
    # The wheel holds both folders inside the package; editable installs and checkouts have them beside it.
    for parent in (package / "_data", package.parent):
        if (folder := parent / name).is_dir():
            return folder
    raise SmscontractError(f"the folder `{name}` is missing from this installation", hint="install smscontract again")
