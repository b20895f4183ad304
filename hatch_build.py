"""Builds the wheel with the decision engine compiled, where PASSROLE_MYPYC=1 asks for it.

    PASSROLE_MYPYC=1 pip wheel --no-deps .

The modules are the same either way: what is compiled is what ``python`` would have interpreted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What every decision runs through, and nothing that is only run once.
MODULES = (
    "passrole/values/glob.py",
    "passrole/values/principal.py",
    "passrole/policy/scalars.py",
    "passrole/policy/variables.py",
    "passrole/policy/conditions.py",
    "passrole/decision/layers.py",
    "passrole/decision/principals.py",
    "passrole/decision/request.py",
    "passrole/decision/compile.py",
    "passrole/decision/plan.py",
    "passrole/decision/evaluate.py",
    "passrole/decision/doubt.py",
)


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own affair
    """Adds the compiled modules beside their sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        return ["mypy>=1.15", "setuptools", "types-setuptools"] if self._asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles, and puts the results into the wheel."""
        if not self._asked() or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        source = Path(self.root) / "src"
        # mypyc builds in place, so in a copy, of the three floors that it meets.
        (folder / "passrole").mkdir()
        (folder / "passrole" / "__init__.py").touch()
        for floor in ("values", "policy", "decision"):
            shutil.copytree(source / "passrole" / floor, folder / "passrole" / floor)
        subprocess.run([sys.executable, "-m", "mypyc", *MODULES], cwd=folder, check=True)
        for built in (*folder.glob("*.so"), *folder.glob("passrole/**/*.so")):
            build_data["force_include"][str(built)] = str(built.relative_to(folder))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes the copy."""
        if self._asked() and version != "editable":
            self._folder.cleanup()

    def _asked(self) -> bool:
        return os.environ.get("PASSROLE_MYPYC") == "1"
