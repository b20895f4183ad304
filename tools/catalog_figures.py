"""The catalog's figures: what it covers, and how well the detectors do on rows checked by hand.

python -m tools.catalog_figures [CHECKED.yaml]

CHECKED defaults to tests/catalog/checked.yaml. Detectors are judged alone, without tools/facts/roles.yaml; an
operation counts as found where a detector fires on at least one string of its input.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from tools import detector, models

from passrole.catalog import operations, templates

CHECKED: Final = Path(__file__).parents[1] / "tests/catalog/checked.yaml"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts over every service and operation of the catalog."""

    services: int
    operations: int
    passing_services: int
    passing_operations: int
    parameters: int
    principals: int
    with_actions: int  # operations whose actions are known, or that need none
    resolved: int  # operations whose every required resource is read off the input

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"operations that receive a role: {self.passing_operations} in {self.passing_services} services"
        yield f"role parameters: {self.parameters}, service principals: {self.principals}"
        yield f"operations in all: {self.operations} in {self.services} services"
        yield f"with known actions: {self.with_actions / self.operations:.1%}"
        yield f"with resolved resources: {self.resolved / self.operations:.1%}"


def coverage() -> Coverage:
    """Counts of the data files that are installed."""
    count = {"operations": 0, "passing": 0, "parameters": 0, "actions": 0, "resolved": 0}
    passing: set[str] = set()
    principals: set[str] = set()
    for service in operations.services():
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            assert known is not None
            count["operations"] += 1
            if known.role_parameters:
                passing.add(service)
                count["passing"] += 1
                count["parameters"] += len(known.role_parameters)
                principals.update(one for row in known.role_parameters for one in row.principals)
            uses = [resource for action in known.actions for resource in action.resources]
            lacking = any(key.endswith(":*") for one in uses for key in one.keys)  # the reference has it not
            count["actions"] += known.exempt or not lacking
            unknown = any(one.required and one.template == templates.UNKNOWN for one in uses)
            count["resolved"] += known.exempt or not unknown
    return Coverage(
        services=len(operations.services()),
        operations=count["operations"],
        passing_services=len(passing),
        passing_operations=count["passing"],
        parameters=count["parameters"],
        principals=len(principals),
        with_actions=count["actions"],
        resolved=count["resolved"],
    )


@dataclass(frozen=True, slots=True)
class Score:
    """How one detector, or the finished catalog, does on the checked operations."""

    name: str
    precision: float
    recall: float


_RULES: Final[Mapping[str, Callable[[frozenset[str]], bool]]] = {
    "D1 member name": lambda found: "D1" in found,
    "D2 pattern": lambda found: "D2" in found,
    "D3 shape name": lambda found: "D3" in found,
    "D4 documentation": lambda found: "D4" in found,
    "D1 or D2 or D3": lambda found: bool(found & {"D1", "D2", "D3"}),
    "any of the four": bool,
}


def scores(checked: Mapping[str, Any]) -> list[Score]:
    """Precision and recall over the checked operations, the detectors first, the catalog last."""
    passing = {row["operation"] for row in (*checked["rows"], *checked["some"])}
    silent = {row["operation"] for row in checked["none"]}
    fired: dict[str, set[str]] = {name: set() for name in (*_RULES, "the catalog")}
    for operation in sorted(passing | silent):
        service, _, name = operation.partition(":")
        model = models.model(service)
        found = [sign.detectors for sign in detector.candidates(model, name)]
        for rule, fires in _RULES.items():
            if any(fires(one) for one in found):
                fired[rule].add(operation)
        known = operations.operation(service, name)
        if known is not None and known.role_parameters:
            fired["the catalog"].add(operation)
    return [
        Score(rule, len(hits & passing) / max(len(hits), 1), len(hits & passing) / len(passing))
        for rule, hits in fired.items()
    ]


def main() -> None:
    """Prints the figures."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKED
    checked = yaml.safe_load(path.read_text())
    print(*coverage().lines(), sep="\n")
    for score in scores(checked):
        print(f"{score.name}: precision {score.precision:.2f}, recall {score.recall:.2f}")


if __name__ == "__main__":
    main()
