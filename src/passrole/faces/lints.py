"""lint as a command: what is wrong with the policies in files, and what can safely be put right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import BadFlag, say, write_json

if TYPE_CHECKING:
    from passrole.analysis.lint.document import KnownRole
    from passrole.analysis.lint.rule import Finding

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class LintFormat(StrEnum):
    """How findings are written."""

    table = "table"
    json = "json"
    csv = "csv"
    sarif = "sarif"


@app.command()
def lint(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Policies in JSON, account details, Terraform (.tf, plans), CloudFormation; or folders.",
        ),
    ],
    fix: Annotated[
        bool, typer.Option("--fix", help="Put right in place what is safe to; the rest is left.")
    ] = False,
    details: Annotated[
        list[Path] | None,
        typer.Option("--details", metavar="FILE", help="Account details that tell of the roles; repeatable."),
    ] = None,
    account: Annotated[str, typer.Option(metavar="ID", help="Account of those who have the policies.")] = "",
    every_check: Annotated[
        bool,
        typer.Option(
            "--every-check", help="All of Access Analyzer's policy checks, not only iam:PassRole's."
        ),
    ] = False,
    format: Annotated[
        LintFormat, typer.Option("--format", help="How to write the findings.")
    ] = LintFormat.table,
) -> int:
    """What is wrong with policies: iam:PassRole above all, and what breaks the grammar.

    Exit status 1 only where a finding is an error.
    """
    from passrole.analysis.lint.linting import lint as linted

    if account and not (len(account) == 12 and account.isdigit()):
        raise BadFlag(f"--account {account}: an account id has twelve digits")
    roles = _roles(details or ())
    skipped: list[str] = []
    findings = linted(files, roles=roles, account=account, every_check=every_check, skipped=skipped)
    if fix:
        _fix(findings)
        findings = linted(files, roles=roles, account=account, every_check=every_check, skipped=skipped)
    say(f"left out: {one}" for one in skipped)
    _write(findings, format)
    return 1 if any(one.severity == "error" for one in findings) else 0


def _roles(details: Sequence[Path]) -> list[KnownRole]:
    from passrole.analysis.lint.sources import read_file

    return [role for path in details for role in read_file(path).found.roles]


def _fix(findings: Sequence[Finding]) -> None:
    """Makes the safe changes, and says what it did."""
    from passrole.analysis.lint.fixes import fixed, write
    from passrole.analysis.lint.sources import read_file

    changed = 0
    for name in dict.fromkeys(one.file for one in findings):
        path = Path(name)
        found = fixed(read_file(path).text, [one for one in findings if one.file == name])
        for one in found.done:
            why = one.fix.why if one.fix is not None else ""
            say([f"{name}:{one.line}:{one.column}: fixed: {why} ({one.code})"])
        if found.done:
            write(path, found.text)
            changed += len(found.done)
    left = len(findings) - changed
    say([f"{changed} fixed; {left} not, which need a decision" if left else f"{changed} fixed, none left"])


def _write(findings: Sequence[Finding], format: LintFormat) -> None:
    from passrole import __version__
    from passrole.analysis.lint.sarif import sarif
    from passrole.faces import tables

    if format is LintFormat.json:
        write_json([one.as_json() for one in findings])
    elif format is LintFormat.sarif:
        write_json(sarif(findings, __version__))
    elif format is LintFormat.csv:
        headings = ("file", "line", "column", "code", "severity", "message", "remedy")
        sys.stdout.write(tables.csv_line(headings))
        for one in findings:
            sys.stdout.write(tables.csv_line([str(cell) for cell in one.as_json().values()]))
    elif findings:
        out = tables.console()
        for one in findings:
            place = f"{one.file}:{one.line}:{one.column}"
            heading = f"{place}: {one.severity} {one.code}" + (f" ({one.policy})" if one.policy else "")
            out.print(heading, style=_STYLES[one.severity], markup=False)
            out.print(f"  {one.message}", markup=False)
            out.print(f"  {one.remedy}", style="dim", markup=False)


_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
