"""Compiles `smscontract/native` where there is a compiler of C. Without one the package is the same, only slower."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("smscontract") / "native"
#: Says of which sources the modules are, so that none is used that is older than they are.
STAMP = "built.json"


class Native(BuildHookInterface[Any]):
    """Puts the compiled modules into the wheel, and beside their sources where the installation is editable."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles before the files are gathered."""
        sources = sorted((Path(self.root) / FOLDER).glob("*.pyx"))
        try:
            built = self._compiled(sources)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever stands in the way of a compiler, all works without one
            self.app.display_warning(f"smscontract is installed without its compiled parts: {error}")
            return
        built.append(_stamp(built[0].parent, sources))
        if version == "editable":
            for path in built:
                shutil.copy(path, Path(self.root) / FOLDER / path.name)
            return
        build_data["force_include"].update({str(path): str(FOLDER / path.name) for path in built})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Takes away what only the build needed."""
        del version, build_data, artifact_path
        if self._folder is not None:
            self._folder.cleanup()

    def _compiled(self, sources: list[Path]) -> list[Path]:
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension
        from setuptools.command.build_ext import build_ext

        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        here = [Path(shutil.copy(path, folder)) for path in sources]
        names = {path: f"smscontract.native.{path.stem}" for path in here}
        modules = [Extension(name, [str(path)], extra_compile_args=["-O3"]) for path, name in names.items()]
        command = build_ext(Distribution({"ext_modules": cythonize(modules, language_level=3, quiet=True)}))
        command.build_lib = command.build_temp = str(folder)
        command.ensure_finalized()
        command.run()
        return [Path(command.get_ext_fullpath(name)) for name in names.values()]


def _stamp(folder: Path, sources: list[Path]) -> Path:
    digests = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
    (folder / STAMP).write_text(json.dumps(digests), encoding="utf-8")
    return folder / STAMP
