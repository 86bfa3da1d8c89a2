"""Names: what is public is in `__all__`, no provider in the package, no place of a machine anywhere."""

from __future__ import annotations

import ast
import re

import pytest

from smscontract.data import shipped_contracts
from tests.house import project

MODULES = project.modules()
PUBLIC = sorted(name for name in MODULES if not any(part.startswith("_") for part in name.split(".")))


def defined(tree: ast.Module) -> set[str]:
    """Public names that a module binds at its top by other means than an import."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign():
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name() as target):
                names.add(target.id)
            case _:
                pass
    return {name for name in names if not name.startswith("_")}


def imported(tree: ast.Module) -> set[str]:
    return {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_what_is_public(name: str) -> None:
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
    ]
    if not lists:
        assert path.name == "__init__.py", "a module says what it offers"
        assert not defined(tree), "a package says what it offers, if anything"
        return
    offered = {one for one in ast.literal_eval(lists[0]) if one != "__version__"}
    if path.name == "__init__.py":  # may offer what its files define
        assert defined(tree) <= offered <= defined(tree) | imported(tree)
    else:
        assert offered == defined(tree)


def test_the_package_names_no_provider() -> None:
    providers = list(shipped_contracts())
    assert providers
    words = re.compile("|".join(re.escape(name) for name in providers), re.IGNORECASE)
    wrong = [
        f"{name}:{number}: {line.strip()}"
        for name, path in MODULES.items()
        if not name.startswith("smscontract.sandbox")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert wrong == []


#: Assembled, so that this file does not find itself.
PLACES = re.compile(
    "|".join(
        [
            rf"(?<![\w.])/(?:{'|'.join(['wo' + 'rk', 'fa' + 'rm', 'ro' + 'ot', 'ho' + 'me', 'Us' + 'ers'])})/",
            "C:" + r"\\Users",
            "/tm" + r"p/(?!\{)\w",
            "--(?:extra-)?index-" + "url",
            "--regis" + "try",
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
            "npmjs" + r"\.(?:org|com)",
            "deb" + r"\.debian\.org",
        ]
    )
)


def test_nothing_names_a_place_of_a_machine_or_the_host_of_a_registry() -> None:
    wrong = []
    for path in project.files():
        text = path.read_bytes().decode("utf-8", "replace")
        wrong += [f"{path.relative_to(project.TOP)}: {found}" for found in PLACES.findall(text)]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["see /wo" + "rk/x", "cd /ho" + "me/me", "pip --index-" + "url x", "https://pypi" + ".org/simple"]
)
def test_places_are_noticed(text: str) -> None:
    assert PLACES.search(text)


def test_no_file_of_the_package_is_too_long() -> None:
    """About 300 lines are one idea; a file that grows beyond 400 is two."""
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_texts_are_utf_8_and_end_with_a_newline() -> None:
    """Recordings may be as odd as they like."""
    for path in project.files():
        if path.suffix in {".py", ".md", ".toml"} or path.parent in {project.TOP / "openapi", project.TOP / "contracts"}:
            text = path.read_bytes().decode("utf-8")
            assert not text or text.endswith("\n"), path
