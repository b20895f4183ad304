"""diff as a command: who can pass more or less after a change, for a pull request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import BadFlag, Details, estate_from, say, source_from, write_json

if TYPE_CHECKING:
    from passrole.analysis.passes_diff import Difference

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class DiffFormat(StrEnum):
    """How differences are written."""

    table = "table"
    json = "json"
    markdown = "markdown"


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Account details, or a folder of policies.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same after the change.")],
    details: Details = None,
    format: Annotated[DiffFormat, typer.Option("--format", help="How to write it.")] = DiffFormat.table,
) -> int:
    """Who can pass more or less: principal, role and service of every pass that is not what it was.

    Folders hold policies as replay takes them: user/NAME.json, role/NAME/POLICY.json. With --details they are
    put in the account's place, role by role; without, their statements are compared.
    """
    found = _differences(old, new, details)
    if format is DiffFormat.json:
        write_json([one.as_json() for one in found])
    elif format is DiffFormat.markdown:
        sys.stdout.write(_markdown(found))
    else:
        from passrole.faces import tables

        tables.write_table(_HEADINGS, map(_row, found))
    return 0


def _differences(old: Path, new: Path, details: list[Path] | None) -> list[Difference]:
    from passrole.analysis.passes_diff import between_estates, between_policies, with_policies
    from passrole.analysis.proposals import read_proposals

    for path in (old, new):
        if not path.exists():
            raise BadFlag(f"diff: {path}: no such file or folder")
    if old.is_dir() != new.is_dir():
        raise BadFlag("diff: OLD and NEW are both files of account details, or both folders of policies")
    if not old.is_dir():
        if details:
            raise BadFlag("diff: --details goes with folders of policies")
        before, after = (estate_from(source_from([path], "", "", "")) for path in (old, new))
        return between_estates(before, after)
    was, now = read_proposals(old), read_proposals(new)
    if details:
        present = estate_from(source_from(details, "", "", ""))
        return between_estates(with_policies(present, was), with_policies(present, now))
    if any(one.boundary is not None for one in (*was, *now)):
        say(["permissions boundaries count only with --details"])
    return between_policies(was, now)


_HEADINGS = ("change", "principal", "role", "service", "before", "after")
_ANY_SERVICE = "any service"


def _row(one: Difference) -> tuple[str, ...]:
    from passrole.faces import tables

    def told(conditions: object) -> str:
        if conditions is None:
            return "no"
        texts = [tables.condition_text(each) for each in conditions] if isinstance(conditions, tuple) else []
        return "; ".join(texts) or "yes"

    service = one.service or _ANY_SERVICE
    return one.change, one.principal, one.role, service, told(one.before), told(one.after)


def _markdown(found: Sequence[Difference]) -> str:
    """A table that code hosts show in a pull request."""
    if not found:
        return "Nobody can pass more or less.\n"
    more = sum(one.change == "more" for one in found)
    less = sum(one.change == "less" for one in found)
    lines = [
        f"**Role passes: {more} more, {less} less, {len(found) - more - less} on other conditions**",
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
    ]
    for one in found:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in _row(one))
        lines.append(
            f"| {' | '.join(f'`{cell}`' if '*' in cell or ':' in cell else cell for cell in cells)} |"
        )
    return "\n".join(lines) + "\n"
