"""``passrole compare OLD NEW``: does the new policy grant anything that the old one does not?"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import Format, Written, write_json
from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from passrole.analysis.new_access import CheckResult, Reason

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class PolicyType(StrEnum):
    """What the documents are."""

    identity = "identity"
    resource = "resource"


class Unreadable(PassroleError):
    """A file that cannot be read, or is no policy."""


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The existing policy; - reads it.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy that replaces it; - reads it.")],
    type: Annotated[
        PolicyType | None,
        typer.Option(
            "--type", help="What they are; told by whether statements name principals, if not given."
        ),
    ] = None,
    format: Written = Format.table,
) -> int:
    """Does NEW allow anything that OLD does not? As Access Analyzer's CheckNoNewAccess answers.

    Exit status: 0 no new access (PASS), 1 new access (FAIL), 2 could not be answered.
    """
    from passrole.analysis.new_access import IDENTITY, RESOURCE, check_no_new_access
    from passrole.policy.document import Policy, UnreadablePolicy

    texts = _text(old), _text(new)
    named = False
    for path, text in zip((old, new), texts, strict=True):
        try:
            policy = Policy.parse(text)
        except UnreadablePolicy as error:
            raise Unreadable(f"compare: {path}: {error}") from error
        named = named or any(statement.principals is not None for statement in policy.statements)
    resource = named if type is None else type is PolicyType.resource
    found = check_no_new_access(*texts, RESOURCE if resource else IDENTITY)
    _write(found, format)
    return 0 if found.passed else 1


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"compare: {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"compare: {path}: the text is not UTF-8") from error


def _write(found: CheckResult, format: Format) -> None:
    from passrole.faces import tables

    if format is Format.json:
        shown = {
            "result": found.result,
            "message": found.message,
            "reasons": [_json(one) for one in found.reasons],
        }
        write_json(shown)
        return
    headings = ("statement", "sid", "for example", "resource", "where")
    rows: list[tuple[str, ...]] = [
        (str(one.statement_index), one.statement_id, one.action, one.resource, _context(one))
        for one in found.reasons
    ]
    if format is Format.csv:
        sys.stdout.write(tables.csv_line(("result", *headings)))
        sys.stdout.writelines(
            tables.csv_line((found.result, *row)) for row in rows or [("",) * len(headings)]
        )
        return
    out = tables.console()
    out.print(f"{found.result}  {found.message}", style="bold green" if found.passed else "bold red")
    if rows:
        out.print()
        tables.write_table(headings, rows)


def _json(reason: Reason) -> dict[str, object]:
    """A reason as the API has it, with the example."""
    made: dict[str, object] = {"description": reason.description, "statementIndex": reason.statement_index}
    if reason.statement_id:
        made["statementId"] = reason.statement_id
    made["example"] = {"action": reason.action, "resource": reason.resource, "context": dict(reason.context)}
    return made


def _context(reason: Reason) -> str:
    return "; ".join(
        f"{key} is absent"
        if value is None
        else f"{key} is {value if isinstance(value, str) else ', '.join(value)}"
        for key, value in reason.context.items()
    )
