"""who-can-pass as a command: every pass that is allowed, over one account or thousands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import (
    BadFlag,
    Details,
    Endpoint,
    Format,
    PrincipalsProgress,
    Profile,
    Region,
    Written,
    collecting_rarely,
    say,
    source_from,
    write_json,
)

if TYPE_CHECKING:
    from passrole.analysis.account_passes import Pass
    from passrole.state.estate.estate import Estate

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class By(StrEnum):
    """What passes are counted by."""

    role = "role"
    service = "service"
    principal = "principal"


class Engine(StrEnum):
    """What goes through the accounts."""

    local = "local"
    spark = "spark"


@app.command(name="who-can-pass")
def who_can_pass(
    role: Annotated[str, typer.Option(help="Name (Web, app/*) or ARN of roles; * and ? are wildcards.")] = "",
    service: Annotated[str, typer.Option(help="Service that gets the role: lambda, ecs*.")] = "",
    principal: Annotated[
        str, typer.Option(help="Name or ARN of users, roles, a session or a root user; with wildcards.")
    ] = "",
    usable: Annotated[
        bool, typer.Option("--usable", help="Only who may also call an operation that takes the role.")
    ] = False,
    by: Annotated[By | None, typer.Option(help="Count the passes of each instead.")] = None,
    engine: Annotated[Engine, typer.Option(help="local, or spark for an organization's files.")] = (
        Engine.local
    ),
    jobs: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Processes that go through many accounts, listed as they are done; 0 for one a processor.",
        ),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --engine spark: write the passes as Parquet, list none."),
    ] = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """Every pass of a role that is allowed: principal, role, service, and on which conditions.

    Accounts are read one by one, and rows are written as they are found.
    """
    if engine is Engine.spark:
        if not details:
            raise BadFlag("who-can-pass: --engine spark reads files: --details PATH")
        return _by_spark(details, role, service, principal, usable, by, out, format)
    if out is not None:
        raise BadFlag("who-can-pass: --out goes with --engine spark")
    from passrole.analysis.who_can_pass import Asked, Passes
    from passrole.analysis.who_can_pass_jobs import Jobs
    from passrole.state.estate.accounts import Accounts

    collected = by is not None or format is Format.table
    with collecting_rarely(), PrincipalsProgress(collected=collected) as progress:
        estates = source_from(details, endpoint, profile, region).estates()
        passes: Passes | Jobs
        if jobs != 1 and isinstance(estates, Accounts) and len(estates) > 1:
            asked = Asked(role, service, principal, usable, by.value if by is not None else None)
            passes = Jobs(estates, asked, jobs, say=say, progress=progress.by_account(len(estates)))
        else:
            passes = Passes(
                _said(progress.each(estates)),
                role=role,
                service=service,
                principal=principal,
                usable=usable,
                progress=progress.show,
            )
        if by is not None:
            counts = passes.counts(by.value)
        else:
            _write_passes(passes.rows(), format)
    if by is not None:
        _write_counts(counts, by, format)
    why = passes.why_nothing()
    say((why,) if why else ())
    return 0


def _by_spark(
    paths: Iterable[Path],
    role: str,
    service: str,
    principal: str,
    usable: bool,
    by: By | None,
    out: Path | None,
    format: Format,
) -> int:
    from passrole.analysis.who_can_pass import Asked
    from passrole.analysis.who_can_pass_spark import asked

    if by is not None and out is not None:
        raise BadFlag("who-can-pass: --out writes passes, --by counts them: give one")
    question = Asked(role, service, principal, usable, by.value if by is not None else None)
    with asked(paths, question) as job:
        say(job.notes)
        if out is not None:
            print(f"passrole: {job.write(out):,} passes written into {out}", file=sys.stderr)
        elif by is not None:
            _write_counts(job.counts(), by, format)
        else:
            _write_passes(job.rows(), format)
    return 0


def _said(estates: Iterable[Estate]) -> Iterator[Estate]:
    """The same estates; what each leaves out is said as it comes."""
    for estate in estates:
        say(str(note) for note in estate.notes)
        yield estate


def _write_passes(rows: Iterator[Pass], format: Format) -> None:
    from passrole.faces import pass_rows, tables

    if format is Format.json:
        sys.stdout.writelines(pass_rows.json_text(rows))
    elif format is Format.csv:
        sys.stdout.writelines(pass_rows.csv_text(rows))
    else:
        tables.write_table(pass_rows.HEADINGS, pass_rows.cells(rows))


def _write_counts(counts: list[tuple[str, int]], by: By, format: Format) -> None:
    from passrole.faces import tables

    if format is Format.json:
        write_json([{by.value: name, "passes": count} for name, count in counts])
    elif format is Format.csv:
        sys.stdout.write(tables.csv_line((by.value, "passes")))
        sys.stdout.writelines(tables.csv_line((name, str(count))) for name, count in counts)
    else:
        tables.write_table((by.value, "passes"), ((name, f"{count:,}") for name, count in counts))
