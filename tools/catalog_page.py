"""Writes docs/catalog.md: what the catalog covers, what it does not, and how to add to it.

python -m tools.catalog_page [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from tools import catalog_figures

from passrole.catalog import operations
from passrole.catalog.role_parameters import RoleParameter
from passrole.catalog.services import linked_roles
from passrole.services.embedded.inventory import services

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "docs/catalog.md"
GAPS: Final = ROOT / "tests/gateway/moto_gaps.yaml"

OPENING: Final = """\
# The catalog: every operation that receives a role

Written by `tools/catalog_page.py`; a test keeps it true. What one operation needs, and which roles it takes:

```console
$ passrole catalog lambda:CreateFunction
```
"""

HOW: Final = """\
## How a role in a call is checked

1. The call's own actions, each on each of its resources.
2. The value names a role at all: else the service's own error for a malformed one. A role of another
   partition is none.
3. The role is of the caller's account: else the service's own error, whatever the policies say.
4. `iam:PassRole` on the role's ARN, path included, with `iam:PassedToService` and, where AWS sets it,
   `iam:AssociatedResourceArn`. Neither the role's tags nor the request's are asked.
5. Where AWS checks it at the call, the role's trust policy.
6. Where the call is the first to need a service-linked role, `iam:CreateServiceLinkedRole` on it.

An empty value passes nothing. An instance profile passes the role that it holds now; a launch template the
role of its profile; a task definition its two roles, unless the call overrides them.

Where AWS's own sources disagree on the service, every documented one stands in the row. The pass is allowed
if the policies allow it under at least one of them and explicitly deny it under none.
"""

PROVEN: Final = """\
## How it is proven

- `tests/catalog/checked.yaml` has operations checked by hand, each with its source.
- `tests/gateway/test_role_parameters.py` drives every role parameter through the gateway, signed and in the
  service's own protocol: refused without the grant, in the service's words, with nothing handed on; refused
  with a grant for another service; handed on with the grant.
- `tests/gateway/test_moto.py` carries them out where moto has the operation.
"""

ADD: Final = """\
## How to add a row

Role parameters are found in botocore's models by `tools/detector.py`; what it cannot see or gets wrong stands
in `tools/facts/roles.yaml`, each with its source:

- a parameter that no rule finds: under `add`, by service and operation;
- another service principal, another form, a trust policy that is checked at the call: under `rows`;
- a service's own words for a role that it cannot take: under `errors`;
- a member that looks like a role and is none: under `not_roles`;
- a service-linked role and the calls that make it: `tools/facts/service_linked_roles.yaml`.

```console
$ python -m tools.build_catalog
$ python -m tools.catalog_page
$ python -m pytest tests/catalog tests/gateway
```

A row is dropped only with a source that says why.
"""


def page() -> str:
    """The whole document."""
    parts = (OPENING, _figures(), HOW, PROVEN, _moto(), _disputed(), _uncovered(), _linked(), ADD)
    return "\n".join(parts)


def _figures() -> str:
    counted = catalog_figures.coverage()
    checked = yaml.safe_load(catalog_figures.CHECKED.read_text())
    score = catalog_figures.scores(checked)[-1]
    rows = [
        ("operations that receive a role", f"{counted.passing_operations:,}"),
        ("their services", f"{counted.passing_services:,}"),
        ("role parameters", f"{counted.parameters:,}"),
        ("service principals that roles are passed to", f"{counted.principals:,}"),
        ("operations in all", f"{counted.operations:,} in {counted.services:,} services"),
        ("… whose actions are known", f"{counted.with_actions / counted.operations:.1%}"),
        ("… whose resources are read off the input", f"{counted.resolved / counted.operations:.1%}"),
        ("recall on the operations checked by hand", f"{score.recall:.0%}"),
        ("precision on them", f"{score.precision:.0%}"),
    ]
    holds: dict[str, int] = {}
    for _, parameter in _parameters():
        holds[parameter.holds] = holds.get(parameter.holds, 0) + 1
    forms = ", ".join(f"{name} {count:,}" for name, count in sorted(holds.items(), key=lambda one: -one[1]))
    return "\n".join(
        ["## Figures", "", *_table(("what", "how many"), rows), "", f"What they hold: {forms}.", ""]
    )


def _moto() -> str:
    gaps: Mapping[str, Any] = yaml.safe_load(GAPS.read_text())
    lacking = {
        f"{service}:{name}"
        for part in ("lacks", "refused")
        for service, names in gaps[part].items()
        for name in names
    }
    failing = {row for gap in gaps["gaps"] for row in gap["rows"]}
    every = [
        (name, parameter.path) for name, parameter in _parameters() if name.partition(":")[0] in services()
    ]
    had = [one for one in every if one[0] not in lacking]
    done = [one for one in had if " ".join(one) not in failing]
    return (
        f"Of the {len(every):,} role parameters of moto's services, {len(had):,} are of operations that it "
        "has,\n"
        f"and {len(done):,} of these ({len(done) / len(had):.0%}) end in a success once they are authorized. "
        "The rest, with the\nreasons, is in `tests/gateway/moto_gaps.yaml`.\n"
    )


def _disputed() -> str:
    found: dict[tuple[str, ...], list[str]] = {}
    for name, parameter in _parameters():
        if parameter.disputed:
            found.setdefault(parameter.principals, []).append(f"`{name}` {parameter.path}")
    lines = ["## Where AWS's sources disagree on the service", ""]
    for principals, rows in sorted(found.items()):
        named = ", ".join(f"`{one.removesuffix('.amazonaws.com')}`" for one in principals)
        shown = rows if len(rows) <= 4 else [*rows[:3], f"{len(rows) - 3} more"]
        lines.append(f"- {named}: {'; '.join(shown)}")
    return "\n".join((*lines, ""))


def _uncovered() -> str:
    uncovered = operations.uncovered()
    lines = [
        "## What is not covered",
        "",
        "Passes that are known and cannot be checked, or not in full: the role is that of something made",
        "before, which the input does not name, or stands in a text that only the service reads. R: AWS's",
        "Service Authorization Reference says that the operation passes a role.",
        "",
        *(f"- `{name}`: {why.removeprefix('K: ')}" for name, why in uncovered.items()),
        "",
        "With `--upstream`, task definitions and resources' present roles are the upstream's, and not seen.",
        "",
    ]
    return "\n".join(lines)


def _linked() -> str:
    rows = []
    for role in linked_roles().values():
        if role.first_calls:
            calls = dict.fromkeys(
                f"`{one.service}:{one.operation}`" + (f" ({_when(one.when)})" if one.when else "")
                for one in role.first_calls
            )
            optional = "; goes on without" if role.optional else ""
            rows.append((f"`{role.role_name}`", ", ".join(calls) + optional))
    head = [
        "## Service-linked roles that a first call makes",
        "",
        f"{len(linked_roles())} are known. These are made by a call, where the account has none yet:",
        "",
    ]
    return "\n".join((*head, *_table(("role", "made by"), rows), ""))


def _when(when: str) -> str:
    if when.startswith("!"):
        return f"without {when[1:]}"
    return when.replace("=", " is ") if "=" in when else f"with {when}"


def _parameters() -> Iterator[tuple[str, RoleParameter]]:
    for service in operations.services():
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            for parameter in known.role_parameters if known is not None else ():
                yield f"{service}:{name}", parameter


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def main(arguments: Sequence[str]) -> int:
    """Writes the document, or only compares."""
    made = page()
    if list(arguments) == ["--check"]:
        if TARGET.read_text(encoding="utf-8") != made:
            print(f"{TARGET} is stale: run python -m tools.catalog_page", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
