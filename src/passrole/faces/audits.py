"""audit as a command: who passed which role to which service, and what was granted for nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
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
    estate_if_any,
    say,
    write_json,
)
from passrole.faces.trails import Jobs, Progress, Regions, Strict, Trails, faults, source_of

if TYPE_CHECKING:
    from passrole.analysis.audit.auditing import Audit
    from passrole.analysis.audit.unused import Unused
    from passrole.analysis.audit.usage import Used
    from passrole.analysis.sources import Source
    from passrole.state.estate.estate import Estate

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class Engine(StrEnum):
    """What reads a trail."""

    local = "local"
    spark = "spark"


@app.command()
def audit(
    trails: Trails,
    principal: Annotated[str, typer.Option(help="ARN or name of principals, with wildcards.")] = "",
    engine: Annotated[Engine, typer.Option(help="local, or spark for trails larger than a machine.")] = (
        Engine.local
    ),
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --engine spark: write the passes as Parquet.")
    ] = None,
    terraform: Annotated[
        bool, typer.Option("--terraform", help="Print only the narrowest policies, as Terraform.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with pictures as well.")
    ] = None,
    strict: Strict = False,
    jobs: Jobs = 0,
    regions: Regions = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """Who passed which role to which service, through which call; with account data, grants never used.

    PassRole leaves no event of its own: the calls that received roles are looked at.
    """
    if out is not None and engine is not Engine.spark:
        raise BadFlag("audit: --out goes with --engine spark")
    source, notes = source_of(trails, details, endpoint, profile, region), list[str]()
    estate = estate_if_any(source, notes)
    found = _audited(engine, trails, source, estate, regions or (), jobs, strict, out)
    rows = list(_wanted(found.usage.rows(), principal))
    grants: list[Unused] = []
    roles: frozenset[str] | None = None
    if estate is not None:
        from passrole.analysis.audit.stronger import mark
        from passrole.analysis.audit.unused import unused
        from passrole.state.entities import Role

        accounts = estate.accounts
        roles = frozenset(one.arn for account in accounts for one in estate.directory.all(Role, account))
        mark(estate, rows)
        grants = [one for one in unused(estate, found.usage.rows()) if _matches(one.principal, principal)]
    known = estate is not None
    policies: dict[str, dict[str, object]] = {}
    whole: dict[str, object] | None = None
    if known or terraform or report is not None:
        from passrole.analysis.audit import narrowest

        policies = narrowest.policies(rows, roles)
        whole = narrowest.policy(rows, roles) if known else None
    say((*notes, *_notes(found), *_too_large(policies)))
    if report is not None:
        from passrole.faces.reports import page

        _write_file(report, page(found, grants, trails, rows))
    if terraform:
        from passrole.analysis.audit.narrowest import terraform as as_terraform

        sys.stdout.write(as_terraform(policies))
    elif format is Format.json:
        write_json(
            {
                "passes": [row.as_json() for row in rows],
                "unused": [one.as_json() for one in grants],
                "policy": whole,
                "policies": policies if known else {},
                "skipped": [{"file": one.file, "place": one.place, "why": one.why} for one in found.skipped],
            }
        )
    else:
        _write_rows(rows, format)
        if format is Format.table and known:
            _write_grants(grants, policies)
    # Where no trail could be opened, that no role was passed would be said without knowing.
    return 2 if not found.records and any(one.unopened for one in found.skipped) else 0


def _audited(
    engine: Engine,
    trails: Sequence[str],
    source: Source,
    estate: Estate | None,
    regions: Sequence[str],
    jobs: int,
    strict: bool,
    out: Path | None,
) -> Audit:
    from passrole.analysis.audit.auditing import audit as audited
    from passrole.analysis.audit.sources import pieces

    directory = estate.directory if estate is not None else None
    if engine is Engine.spark:
        from passrole.analysis.audit import spark

        return spark.audit(
            pieces(trails, source, regions), source, directory=directory, out=out, strict=strict
        )
    with Progress(trails, source) as progress:
        return audited(
            pieces(trails, source, regions),
            source,
            directory=directory,
            jobs=jobs,
            strict=strict,
            progress=progress.show,
        )


def _matches(arn: str, wanted: str) -> bool:
    """Is it a principal that was asked for, by its ARN or its name, wildcards allowed?"""
    from passrole.values.glob import Pattern

    if not wanted:
        return True
    pattern = Pattern.parse(wanted)
    return pattern.matches(arn) or pattern.matches(arn.rsplit("/", 1)[-1])


def _wanted(rows: Iterable[Used], principal: str) -> Iterator[Used]:
    return (row for row in rows if _matches(row.principal, principal))


def _notes(found: Audit) -> Iterator[str]:
    files = f"{found.files:,} file" + ("s" if found.files != 1 else "")
    yield f"{found.records:,} records in {files}" + (
        f"; {found.digests:,} digests and summaries" if found.digests else ""
    )
    if found.untold:
        yield (
            f"{found.untold:,} roles are not told by the records: of launch templates and task definitions, "
            "or hidden"
        )
    if found.usage.failed:
        yield f"{found.usage.failed:,} passes in calls that failed otherwise than by a denial: not counted"
    if found.usage.repeated:
        yield f"{found.usage.repeated:,} passes are in the trail more than once: counted once"
    if found.usage.forgotten:
        yield "more passes than are remembered: those that the trail has twice, far apart, are counted twice"
    yield from faults(found.skipped, found.left_out)


def _too_large(policies: dict[str, dict[str, object]]) -> Iterator[str]:
    if not policies:
        return
    from passrole.analysis.audit.narrowest import is_too_large

    for principal, document in policies.items():
        if is_too_large(document):
            yield f"the policy for {principal} is larger than a managed policy may be: split it"


def _write_rows(rows: Sequence[Used], format: Format) -> None:
    from passrole.faces import tables

    headings = ["principal", "role", "service", "operation", "account", "allowed", "denied", "first", "last"]
    marked = any(row.gains is not None for row in rows)
    if marked:
        headings.append("gains")
    cells = (
        [
            row.principal,
            row.role,
            row.service,
            row.operation,
            row.account,
            str(row.allowed),
            str(row.denied),
            row.first,
            row.last,
            *([_gained(row)] if marked else []),
        ]
        for row in rows
    )
    if format is Format.csv:
        sys.stdout.write(tables.csv_line(headings))
        sys.stdout.writelines(map(tables.csv_line, cells))
    else:
        tables.write_table(headings, cells)


def _gained(row: Used) -> str:
    """What the role may do and its passer may not, in a few words."""
    from passrole.faces.reports import SHOWN_GAINS

    if not row.gains:
        return "" if row.gains is None else "nothing"
    more = f" and {len(row.gains) - SHOWN_GAINS} more" if len(row.gains) > SHOWN_GAINS else ""
    return ", ".join(row.gains[:SHOWN_GAINS]) + more


def _write_grants(grants: Sequence[Unused], policies: dict[str, dict[str, object]]) -> None:
    from passrole.faces import tables

    out = tables.console()
    if grants:
        out.print("\nGrants of iam:PassRole that were never used", style="bold")
        tables.write_table(
            ("principal", "policy", "statement", "roles"),
            (
                (
                    one.principal,
                    one.policy,
                    one.statement,
                    ("all but " if one.not_resource else "") + ", ".join(one.resources),
                )
                for one in grants
            ),
        )
    for principal, document in policies.items():
        out.print(f"\nThe narrowest policy for {principal}", style="bold", markup=False)
        write_json(document)


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadFlag(f"{path}: {error.strerror or error}") from error
