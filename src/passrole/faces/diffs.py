"""diff as a command: who can pass more or less after a change, for a pull request."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from passrole.faces.questions import BadFlag, Details, Profile, Region, say, source_from, write_json
from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from passrole.analysis.passes_diff import Difference
    from passrole.analysis.sources import Source
    from passrole.state.estate.estate import Estate

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class DiffFormat(StrEnum):
    """How differences are written."""

    table = "table"
    json = "json"
    markdown = "markdown"


@app.command()
def diff(
    old: Annotated[
        str,
        typer.Argument(metavar="OLD", help="Account details, an endpoint's URL, or a folder of policies."),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same after the change.")],
    details: Details = None,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="Endpoint with the account of the policies.")
    ] = "",
    profile: Profile = "",
    region: Region = "",
    format: Annotated[DiffFormat, typer.Option("--format", help="How to write it.")] = DiffFormat.table,
) -> int:
    """Who can pass more or less: principal, role and service of every pass that is not what it was.

    Folders hold policies as replay takes them: user/NAME.json, role/NAME/POLICY.json. With --details,
    --endpoint or --profile they are put in the account's place, role by role; without, their statements are
    compared.
    """
    found = _differences(old, new, source_from(details, endpoint, profile, region))
    if format is DiffFormat.json:
        write_json([one.as_json() for one in found])
    elif format is DiffFormat.markdown:
        sys.stdout.write(_markdown(found))
    elif found:
        from passrole.faces import tables

        tables.write_table(_HEADINGS, map(_row, found))
    else:
        sys.stdout.write(_NOTHING)
    return 0


def _differences(old: str, new: str, account: Source) -> list[Difference]:
    from passrole.analysis.passes_diff import between_estates, between_policies, with_policies
    from passrole.analysis.proposals import read_proposals

    if _is_folder(old) != _is_folder(new):
        raise BadFlag(
            "diff: OLD and NEW are both accounts (their details, or a URL), or both folders of policies"
        )
    if not _is_folder(old):
        if account.details or account.is_live:
            raise BadFlag("diff: --details, --endpoint and --profile go with folders of policies")
        return between_estates(*_estates([_account(one, account) for one in (old, new)]))
    was, now = read_proposals(Path(old)), read_proposals(Path(new))
    if account.details or account.is_live:
        (present,) = _estates([account])
        return between_estates(with_policies(present, was), with_policies(present, now))
    if any(one.boundary is not None for one in (*was, *now)):
        say(["permissions boundaries count only with --details"])
    found = between_policies(was, now)
    if found:
        say(["no role is known: each row is a statement's; --details tells it role by role"])
    return found


def _is_folder(name: str) -> bool:
    """Is it a folder of policies? One of account details is told by its file."""
    if _URL.match(name):
        return False
    path = Path(name)
    if not path.exists():
        raise BadFlag(f"diff: {path}: no such file or folder")
    return path.is_dir() and not _has_details(path)


def _has_details(folder: Path) -> bool:
    from passrole.analysis.lint.sources import read_file

    first = next(iter(sorted(folder.glob("*.json"))), None)
    return first is not None and bool(_DETAILS.search(read_file(first).text))


def _account(name: str, given: Source) -> Source:
    """The account in a file of details, or at a URL."""
    if _URL.match(name):
        return replace(given, endpoint=name)
    path = Path(name)
    if path.is_file() and _is_policy(path):
        raise BadFlag(
            f"diff: {path} is a policy by itself: compare takes two of them, diff folders of them "
            "(user/NAME.json, role/NAME.json)"
        )
    return replace(given, details=(path,))


def _is_policy(path: Path) -> bool:
    from passrole.policy.document import Policy

    try:
        return bool(Policy.parse(path.read_text(encoding="utf-8")).statements)
    except (OSError, ValueError, PassroleError):
        return False


def _estates(sources: Sequence[Source]) -> list[Estate]:
    """The accounts; what both leave out is said once."""
    found = [one.estate() for one in sources]
    say(str(note) for one in found for note in one.notes)
    return found


_URL: Final = re.compile("https?://")
_DETAILS: Final = re.compile('"(?:User|Role|Group)DetailList"')
_NOTHING: Final = "Nobody can pass more or less.\n"
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
        return _NOTHING
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
