"""What tools.wheels says of the two wheels, and that the list of compiled modules is true."""

from __future__ import annotations

import subprocess
import sys

from tools.wheels import ROOT, compiled_modules, faults

PURE = {"passrole/a.py", "passrole/b.py", "passrole/data.yaml"}
COMPILED = PURE | {"0a__mypyc.cpython-311-x86_64-linux-gnu.so", "passrole/a.cpython-311-x86_64-linux-gnu.so"}


def test_two_wheels_that_are_right() -> None:
    assert faults(PURE, COMPILED, ["passrole/a.py"]) == []


def test_what_is_wrong_with_two_wheels() -> None:
    stray = "passrole/a.cpython-311-x86_64-linux-gnu.so"
    assert faults({*PURE, stray}, COMPILED, ["passrole/a.py"])[0] == f"the pure wheel holds {stray}"
    assert faults(PURE, COMPILED, ["passrole/a.py", "passrole/b.py"]) == ["passrole/b.py is not compiled"]
    assert faults(PURE, COMPILED - {"passrole/b.py"}, []) == ["only one wheel holds passrole/b.py"]


def test_all_that_a_decision_runs_through_is_compiled() -> None:
    asked = (
        "import sys; import passrole.decision.evaluate; "
        "print(*(name for name in sys.modules if name.startswith('passrole.decision.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True).stdout
    modules = compiled_modules()
    assert all((ROOT / "src" / module).is_file() for module in modules)
    assert {f"{name.replace('.', '/')}.py" for name in loaded.split()} <= {*modules}
