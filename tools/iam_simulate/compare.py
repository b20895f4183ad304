"""Compares the engine with the npm package @cloud-copilot/iam-simulate, and writes down where they disagree.

``python -m tools.iam_simulate.compare [--worlds 400] [--write docs/iam-simulate-differences.md]``

Asks both about every case of ``tests/cases`` and about random ones. The package is a program of its own
(``run.mjs``, installed by ``npm ci`` in this folder) and is asked over its standard input. A disagreement is
cut down to the least case that still shows it and sorted by ``differences.DIFFERENCES``, each of which names
the AWS page that settles it. Exit status 1 if one is left over that no page has settled yet.
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from tests.cases.case import load
from tests.proof.worlds import World, worlds
from tools.iam_simulate.differences import DIFFERENCES, Difference, Disagreement, Json

from passrole.decision.decide import decide

FOLDER: Final = Path(__file__).parent
# What an action is asked about: the package takes "*" for these alone, and an ARN of its type for the others.
WILDCARD_ONLY: Final = ("sqs:ListQueues", "ec2:DescribeInstances", "kms:CreateKey")
TYPED: Final = {
    "sqs": "arn:aws:sqs:eu-west-1:111111111111:jobs",
    "kms": "arn:aws:kms:eu-west-1:111111111111:key/1234",
    "ec2": "arn:aws:ec2:eu-west-1:111111111111:instance/i-1",
}
NEVER_CUT: Final = frozenset(
    ("id", "Version", "request", "principal", "action", "resource", "Effect", "Statement")
)
ELEMENTS: Final = frozenset(("Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"))


class Judge:
    """The other simulator, kept running; raises OSError where Node is missing."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(FOLDER / "run.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, case: Json) -> str:
        """``allowed``, ``explicit_deny``, ``implicit_deny``, or ``error: …`` where it cannot be asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return str(answer.get("decision") or f"error: {answer['error']}")

    def close(self) -> None:
        """Ends the program."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def ours(case: Json) -> str:
    """The engine's decision, ``error: …`` for a case that it refuses."""
    [line] = decide([json.dumps(case).encode()], explain=False)
    answer = json.loads(line)
    return str(answer.get("decision") or f"error: {answer['error']}")


def written() -> Iterator[Json]:
    """The cases of AWS's documentation."""
    for case in load():
        yield {**case.body, "id": case.id}


def drawn(count: int) -> list[Json]:
    """Random cases of so many worlds, turned into what the package takes. The root user is left out: the
    package has no answer of its own for it, and the written cases show that often enough."""
    found: list[Json] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def draw(world: World) -> None:
        if ":root" not in str(world.requests[0]["principal"]):
            found.extend(taken(case) for case in world.cases())

    draw()
    return found


def taken(case: Json) -> Json:
    """The case without what the package refuses or takes for another question: keys that the action does not
    have, paths of a session's role, organization policies of another form, session policies of two versions;
    a star in the requested resource, which stands for many resources there."""
    case = copy.deepcopy(case)
    request = case["request"]
    assert isinstance(request, dict)
    request.pop("role_arn", None)
    context = request["context"]
    kept = ("aws:", "iam:passed") if request["action"] == "iam:PassRole" else ("aws:",)
    request["context"] = {key: value for key, value in context.items() if key.lower().startswith(kept)}
    if request["action"] in WILDCARD_ONLY:
        request["resource"] = "*"
    elif request["resource"] == "*" or ":alias/" in request["resource"]:
        request["resource"] = TYPED[request["action"].split(":")[0]]
    else:
        request["resource"] = request["resource"].replace("*", "-")
    for kind in ("session_policies", "rcps"):
        for document in documents(case[kind]):
            document["Version"] = "2012-10-17"
    if any("NotAction" in str(document) or "'*'" in str(document) for document in documents(case["rcps"])):
        case["rcps"] = []
    return case


def documents(value: object) -> Iterator[Json]:
    """Every policy document inside a layer."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from documents(item)


def cut_down(case: Json, judge: Judge, answers: tuple[str, str]) -> Json:
    """The least case on which both still answer so, by leaving out one part after the other."""
    cut = True
    while cut:
        cut, place = False, 0
        while place < len(paths := list(parts(case))):
            smaller = without(case, paths[place])
            if (ours(smaller), judge.ask(smaller)) == answers:
                case, cut = smaller, True
            else:
                place += 1
    return case


def parts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something may be left out, the largest parts first; no element of a statement goes as a whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner and key not in NEVER_CUT and key not in ELEMENTS:
                yield (*path, key)
            yield from parts(inner, (*path, key))
    elif isinstance(value, list):
        may_empty = not path or path[-1] not in {*ELEMENTS, "Statement"}
        for index, inner in enumerate(value):
            if len(value) > 1 or may_empty:
                yield (*path, index)
            yield from parts(inner, (*path, index))


def without(case: Json, path: tuple[str | int, ...]) -> Json:
    """A copy without the part at the path; a layer becomes empty."""
    smaller = copy.deepcopy(case)
    holder: object = smaller
    for step in path[:-1]:
        holder = holder[step]  # type: ignore[index]  # the path was made by walking this very value
    assert isinstance(holder, dict | list)
    if len(path) == 1 and isinstance(holder, dict):
        holder[path[0]] = None if str(path[0]).endswith("_policy") else []
    else:
        del holder[path[-1]]  # type: ignore[arg-type]  # likewise
    return smaller


def compare(cases: list[Json], judge: Judge) -> tuple[dict[str, int], list[Disagreement]]:
    """How many were asked, how they were answered, and every disagreement, cut down."""
    counts = {"asked": 0, "not to be asked": 0, "alike": 0}
    found: list[Disagreement] = []
    for case in cases:
        theirs, own = judge.ask(case), ours(case)
        if theirs.startswith("error") or own.startswith("error"):
            counts["not to be asked"] += 1
            continue
        counts["asked"] += 1
        if own == theirs:
            counts["alike"] += 1
        else:
            found.append(Disagreement(cut_down(case, judge, (own, theirs)), own, theirs))
    return counts, found


def report(counts: dict[str, int], found: list[Disagreement]) -> str:
    """The page of differences, with one example each."""
    sorted_out: dict[Difference | None, list[Disagreement]] = {}
    for item in found:
        kind = next((difference for difference in DIFFERENCES if difference.shown_by(item)), None)
        sorted_out.setdefault(kind, []).append(item)
    lines = [
        "# Where iam-simulate answers otherwise",
        "",
        "`make differential` asks the engine and the npm package `@cloud-copilot/iam-simulate` "
        f"{package_version()} the same questions, the cases of `tests/cases` and random ones. It writes this "
        "page.",
        "",
        f"Asked: {counts['asked']:,}. Answered alike: {counts['alike']:,}. Differently: {len(found):,}, all "
        "of them below. Not to be asked, because the package refuses such a policy, key or resource: "
        f"{counts['not to be asked']:,}.",
    ]
    for difference in DIFFERENCES:
        shown = sorted_out.get(difference, [])
        if shown:
            lines += [
                "",
                f"## {difference.title}",
                "",
                difference.settled,
                "",
                f"Cases: {len(shown):,}. For example:",
            ]
            lines += example(min(shown, key=lambda item: len(json.dumps(item.case))))
    for item in sorted_out.get(None, []):
        lines += ["", "## Not settled", *example(item)]
    return "\n".join(lines) + "\n"


def example(item: Disagreement) -> list[str]:
    """One disagreement as JSON, without empty layers."""
    shown = {key: value for key, value in item.case.items() if value and key != "id"}
    return [
        "",
        "```json",
        json.dumps(shown, indent=1),
        "```",
        "",
        f"passrole: `{item.ours}`. iam-simulate: `{item.theirs}`.",
    ]


def package_version() -> str:
    manifest = json.loads((FOLDER / "package.json").read_text())
    return str(manifest["dependencies"]["@cloud-copilot/iam-simulate"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--worlds", type=int, default=400, help="random worlds of 25 cases each (default 400)"
    )
    parser.add_argument("--write", type=Path, help="the page to write; printed where it is not given")
    options = parser.parse_args()
    judge = Judge()
    try:
        counts, found = compare([*written(), *drawn(options.worlds)], judge)
    finally:
        judge.close()
    page = report(counts, found)
    if options.write:
        options.write.write_text(page)
    else:
        sys.stdout.write(page)
    return 1 if "## Not settled" in page else 0


if __name__ == "__main__":
    sys.exit(main())
