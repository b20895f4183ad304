"""plan as a command: which roles a deployment passes, and which of these its deployer may not."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import (
    BadFlag,
    Details,
    Endpoint,
    Format,
    Profile,
    Region,
    Written,
    estate_from,
    say,
    source_from,
    write_json,
)

if TYPE_CHECKING:
    from passrole.analysis.plan.judging import PlannedAnswer

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def plan(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="terraform show -json of a plan, a CloudFormation template, or cdk.out."
        ),
    ],
    principal: Annotated[str, typer.Option(help="ARN of whoever deploys it.", metavar="ARN")],
    role: Annotated[
        str,
        typer.Option(
            "--stack-role", "--role-arn", metavar="ARN", help="Service role with which stacks are deployed."
        ),
    ] = "",
    stack: Annotated[str, typer.Option("--stack-name", metavar="NAME", help="Name of the stack.")] = "*",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="KEY=VALUE", help="A parameter of the template; repeatable."),
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print only the narrowest policy to add, by principal, as JSON.")
    ] = False,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """Every role that a deployment passes, and whether its deployer may.

    What only the deployment tells of a role's ARN is `*`, and the pass allowed only if any such role may be
    passed. Exit status 1 where a pass is missing.
    """
    from passrole.analysis.askers import asker_named
    from passrole.analysis.plan.judging import judged, missing, policies_to_add
    from passrole.analysis.plan.passes import Where
    from passrole.analysis.plan.reading import read_deployments
    from passrole.values.arn import Arn

    estate = estate_from(source_from(details, endpoint, profile, region))
    asker = asker_named(estate, principal)
    where = Where(Arn.parse(principal).partition, asker.account, region or "*", stack)
    found = read_deployments(file, where, estate.directory, _parameters(parameter))
    say(note for one in found for note in one.notes)
    answers = judged(found, estate, principal, role)
    if not answers:
        say(["it passes no role"])
    if policy:
        write_json(policies_to_add(answers))
    elif format is Format.json:
        write_json([one.as_json() for one in answers])
    else:
        _write(answers, format)
        if format is Format.table:
            _write_policies(policies_to_add(answers))
    return 1 if missing(answers) else 0


def _parameters(given: Sequence[str] | None) -> dict[str, str]:
    made: dict[str, str] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise BadFlag(f"--parameter {one}: it is KEY=VALUE")
        made[name] = value
    return made


def _write(answers: Sequence[PlannedAnswer], format: Format) -> None:
    from passrole.faces import tables

    headings = ("resource", "operation", "role", "service", "allowed", "remedy")
    rows = [
        (one.resource, one.operation, one.role, one.service, "yes" if one.allowed else "no", one.remedy)
        for one in answers
    ]
    if format is Format.csv:
        sys.stdout.write(tables.csv_line(headings))
        sys.stdout.writelines(map(tables.csv_line, rows))
    else:
        tables.write_table(headings, rows)


def _write_policies(policies: Mapping[str, object]) -> None:
    from passrole.faces import tables

    for principal, document in policies.items():
        tables.console().print(f"\nTo add to the policies of {principal}", style="bold", markup=False)
        write_json(document)
