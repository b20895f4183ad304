"""Builds the wheel twice, with the engine in Python and compiled by mypyc, and checks what is in each.

    python -m tools.wheels [FOLDER]

They go to FOLDER/pure and FOLDER/compiled (FOLDER is dist). Both hold the same files, but for one extension
module beside each module that is compiled, and the one that they share. Exit status 1 where that is not so.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

ROOT: Final = Path(__file__).parent.parent
SUFFIX: Final = ".so"


def build(folder: Path, *, compiled: bool) -> Path:
    """The wheel, built into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        env={**os.environ, "PASSROLE_MYPYC": "1" if compiled else "0"},
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def compiled_modules() -> tuple[str, ...]:
    """The modules that hatch_build.py compiles, as files of the wheel."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return cast("tuple[str, ...]", hook.MODULES)


def files(wheel: Path) -> set[str]:
    """What the wheel installs."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def faults(pure: set[str], compiled: set[str], modules: Iterable[str]) -> list[str]:
    """What is wrong with the two."""
    found = [f"the pure wheel holds {name}" for name in sorted(pure) if name.endswith(SUFFIX)]
    extensions = {name for name in compiled - pure if name.endswith(SUFFIX)}
    found += [f"only one wheel holds {name}" for name in sorted((pure ^ compiled) - extensions)]
    beside = {name.partition(".")[0] for name in extensions}
    found += [f"{name} is not compiled" for name in modules if name.removesuffix(".py") not in beside]
    return found


def main(folder: Path) -> int:
    """Builds and checks; 1 where something is wrong."""
    pure, compiled = build(folder / "pure", compiled=False), build(folder / "compiled", compiled=True)
    wrong = faults(files(pure), files(compiled), compiled_modules())
    if not pure.name.endswith("-py3-none-any.whl"):
        wrong.append(f"{pure.name} is not for every platform")
    if compiled.name.endswith("-any.whl"):
        wrong.append(f"{compiled.name} is not for this platform")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{pure}\n{compiled}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
