"""How long a decision takes, and how many cases a second ``passrole decide --jsonl`` answers.

    python -m bench.decision [--peers PYTHON] [--compiled PYTHON]

The fixture is ``decision_case.jsonl`` (written by decision_fixture.py): 50 and 1,000 statements under a
permissions boundary, three levels of SCPs, an RCP and a session policy, six context keys. Each figure is the
quickest of many short windows, every request in a window another one, so that a busy machine tells as little
as it can. Peers are timed in the same run by decision_peers.py, a program of its own, under the interpreter
that --peers names: one that has what peers.txt lists; and by bench.simulator, where ``make bench`` has
installed it. --compiled names an interpreter that has the wheel whose engine mypyc compiled: it is timed too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

from bench import simulator

from passrole.decision import evaluate as engine
from passrole.decision.decide import Decider
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal

HERE: Final = Path(__file__).parent
FIXTURE: Final = HERE / "decision_case.jsonl"
REQUESTS: Final = 64
WINDOWS: Final = 2_000
CASES: Final = 1_000
ROUNDS: Final = 100
SIMULATED: Final = 400
POLICY_SETS: Final = 25


def quickest(run: Callable[[], object], *, windows: int) -> float:
    """Seconds that the quickest of many runs took."""
    best = float("inf")
    for _ in range(windows):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def documents(given: object) -> tuple[Policy, ...]:
    """The documents of one member of a case."""
    assert isinstance(given, list)
    return tuple(Policy.parse(cast("dict[str, object]", document)) for document in given)


def question(case: dict[str, object]) -> tuple[list[Request], Policies]:
    """The case's policies, and its request on many resources that they allow alike."""
    asked = cast("dict[str, str]", case["request"])
    context = cast("dict[str, dict[str, str]]", case["request"])["context"]
    keys = {key.lower(): value for key, value in context.items()}
    caller = Principal.parse(asked["principal"], role_arn=asked["role_arn"])
    requests = [
        Request(caller, asked["action"], f"{asked['resource']}-{number}", asked["resource_account"], keys)
        for number in range(REQUESTS)
    ]
    policies = Policies(
        identity=documents(case["identity_policies"]),
        boundaries=documents(case["permission_boundaries"]),
        session=documents(case["session_policies"]),
        scps=tuple(documents(level) for level in cast("list[object]", case["scps"])),
        rcps=tuple(documents(level) for level in cast("list[object]", case["rcps"])),
    )
    return requests, policies


def decision_us(case: dict[str, object]) -> float:
    """Microseconds of one decision, the principal's policies compiled already."""
    requests, policies = question(case)
    for request in requests:
        assert evaluate(request, policies).allowed

    def window() -> None:
        for request in requests:
            evaluate(request, policies)

    return quickest(window, windows=WINDOWS) / REQUESTS * 1e6


def stream(case: dict[str, object]) -> list[bytes]:
    """Many cases, of a few sets of policies that repeat, each about another resource."""
    lines = []
    for number in range(CASES):
        first, *others = cast("list[dict[str, object]]", case["identity_policies"])
        request = cast("dict[str, object]", case["request"])
        varied = {
            **case,
            "id": f"case-{number}",
            "request": {**request, "resource": f"{request['resource']}-{number}"},
            "identity_policies": [{**first, "Id": f"set-{number % POLICY_SETS}"}, *others],
        }
        lines.append(json.dumps(varied).encode() + b"\n")
    return lines


def decide_rate(case: dict[str, object]) -> tuple[float, float]:
    """Cases a second through the decider, and bytes a case."""
    lines = stream(case)
    decider = Decider()
    for line in lines:
        assert json.loads(decider.verdict(line))["decision"] == "allowed"
    part = lines[:100]

    def window() -> None:
        for line in part:
            decider.verdict(line)

    return len(part) / quickest(window, windows=200), sum(map(len, lines)) / len(lines)


def command_rate(case: dict[str, object]) -> tuple[float, float]:
    """Cases a second of the command itself, from file to file, start included: by the clock, by its CPU."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answers:
        for _ in range(ROUNDS):
            given.writelines(stream(case))
        given.seek(0)
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "passrole", "decide", "--jsonl"], stdin=given, stdout=answers, check=True
        )
        seconds, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        answers.seek(0)
        count = sum(b'"allowed"' in answer for answer in answers)
    assert count == CASES * ROUNDS
    return count / seconds, count / busy


def is_compiled() -> bool:
    """Did mypyc compile the engine that runs?"""
    return not engine.__file__.endswith(".py")


def figures(cases: Sequence[dict[str, object]]) -> dict[str, float]:
    """Microseconds a decision, by case; cases a second and bytes a case of the decider."""
    rate, size = decide_rate(cases[0])
    return {str(case["id"]): decision_us(case) for case in cases} | {"rate": rate, "size": size}


def peers_us(interpreter: str, name: str) -> dict[str, float | None]:
    """Microseconds a decision, by peer."""
    ran = subprocess.run(
        [interpreter, str(HERE / "decision_peers.py"), "case", str(FIXTURE), name],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return cast("dict[str, float | None]", json.loads(ran.stdout))


def compiled_figures(interpreter: str) -> dict[str, float]:
    """The figures of the wheel that the interpreter has; raises ValueError if that is not compiled."""
    ran = subprocess.run(
        [interpreter, "-m", "bench.decision", "--figures"],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    told = json.loads(ran.stdout)
    if not told.pop("compiled"):
        raise ValueError(f"{interpreter} has an engine that is not compiled")
    return cast("dict[str, float]", told)


def main(arguments: Sequence[str]) -> None:
    """Prints the figures, one a line."""
    parser = argparse.ArgumentParser(description="Time decisions.")
    parser.add_argument("--peers", help="an interpreter that has the peers installed")
    parser.add_argument("--compiled", help="an interpreter that has the compiled wheel installed")
    parser.add_argument("--figures", action="store_true", help="print the engine's figures as JSON, no more")
    given = parser.parse_args(arguments)
    cases: list[dict[str, Any]] = [json.loads(line) for line in FIXTURE.read_bytes().splitlines()]
    own = figures(cases)
    if given.figures:
        print(json.dumps({**own, "compiled": is_compiled()}))
        return
    name = "passrole, compiled" if is_compiled() else "passrole, pure Python"
    compiled = compiled_figures(given.compiled) if given.compiled else {}
    for case in cases:
        asked = case["id"]
        print(f"decision {asked:8} {own[asked]:10.2f} us  {name}")
        if compiled:
            ratio = own[asked] / compiled[asked]
            print(
                f"decision {asked:8} {compiled[asked]:10.2f} us  passrole, compiled by mypyc: "
                f"{ratio:.1f} times as fast (target 2.5)"
            )
        peers = peers_us(given.peers, asked) if given.peers else {}
        peers[simulator.NAME] = simulator.microseconds(case) if simulator.installed() else None
        for peer, figure in peers.items():
            if figure is None:
                print(f"decision {asked:8} {peer} is not installed")
            else:
                print(
                    f"decision {asked:8} {figure:10.2f} us  {peer}: {figure / own[asked]:,.0f} times as long"
                )
    rate, size = own["rate"], own["size"]
    print(f"decide   {rate:10,.0f} cases/s in process, {size:,.0f} bytes a case, {name}")
    if compiled:
        print(f"decide   {compiled['rate']:10,.0f} cases/s in process, compiled by mypyc")
    wall, busy = command_rate(cases[0])
    print(
        f"decide   {wall:10,.0f} cases/s by the command, {CASES * ROUNDS:,} cases from a file, its start "
        f"included (target 30,000); {busy:,.0f} a second of CPU"
    )
    if simulator.installed():
        some = [json.loads(line) for line in stream(cases[0])[:SIMULATED]]
        decisions, seconds = simulator.decisions(some)
        assert set(decisions) == {"allowed"}
        theirs = len(some) / seconds
        print(f"decide   {theirs:10,.0f} cases/s {simulator.NAME}: ours {wall / theirs:,.0f} times as many")


if __name__ == "__main__":
    main(sys.argv[1:])
