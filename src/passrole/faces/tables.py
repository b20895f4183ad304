"""Answers as a person reads them: tables and short texts on a terminal, CSV for a spreadsheet."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from passrole.analysis.answer import Answer, Told
from passrole.analysis.denials import ACCOUNT
from passrole.analysis.requirements import RESOURCE, Requirement
from passrole.state.estate import unread

_MEASURED: Final = 2000  # rows; a table that fits itself to every cell takes minutes for many more

_QUOTED: Final = re.compile('[,"\r\n]')  # Source: RFC 4180, section 2

_LAYERS: Mapping[str, str] = {
    "identity": "identity-based policies",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "scp": "a service control policy",
    "rcp": "a resource control policy",
    "resource": "the resource-based policy",
    "trust": "the role's trust policy",
    "vpc_endpoint": "the VPC endpoint policy",
    ACCOUNT: "the account: a role is passed within its own",
}


def console() -> Console:
    """Standard output; of full width where it is no terminal, so that nothing is cut off."""
    return Console(width=None if sys.stdout.isatty() else 400, highlight=False, soft_wrap=True)


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; one line a row. Thousands of rows are written as they come: the first ones set the widths."""
    rest = iter(rows)
    first = list(islice(rest, _MEASURED))
    if len(first) == _MEASURED:
        _write_lines(headings, first, rest)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in first:
        table.add_row(*map(Text, row))
    console().print(table)


def _write_lines(
    headings: Sequence[str], first: Sequence[Sequence[str]], rest: Iterable[Sequence[str]]
) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *first, strict=True)]
    for row in chain((headings,), first, rest):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def csv_line(row: Sequence[str]) -> str:
    """One line of CSV."""
    return ",".join(map(csv_cell, row)) + "\n"


def csv_cell(text: str) -> str:
    """One cell of CSV; what a spreadsheet would take for a formula begins with an apostrophe."""
    if text.startswith(("=", "+", "-", "@")):
        text = f"'{text}"
    if _QUOTED.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def condition_text(one: Requirement) -> str:
    """``StringEquals aws:RequestedRegion: eu-west-1, eu-west-3``."""
    values = ", ".join(one.values)
    if one.key.startswith(unread.PREFIX):
        return f"policy {one.key.removeprefix(unread.PREFIX)}, which could not be read, does not decide"
    if one.operator == RESOURCE:
        return f"{one.key} {values} covers the role"
    return f"{one.operator} {one.key}: {values}"


def write_answer(answer: Answer, *, denied: bool = False) -> None:
    """The sentence, the layer, the statements with what failed in them, what would help.

    denied tells that the call was refused, not only that it would be.
    """
    out = console()
    out.print(_sentence(answer, denied=denied))
    if answer.reason:
        out.print(Text(f"  {answer.reason}", style="dim"))
    if answer.layer and not answer.allowed:
        out.print(Text.assemble(("\nDecided by  ", "bold"), _LAYERS.get(answer.layer, answer.layer)))
    if answer.statements:
        out.print(Text("\nStatements", style="bold"))
        unknown = {condition.key.lower() for condition in answer.conditions}
        for one in answer.statements:
            out.print(_statement(one, unknown=one.key.lower() in unknown))
    if answer.conditions:
        out.print(Text("\nAllowed if", style="bold"))
        for condition in answer.conditions:
            out.print(Text(f"  {condition_text(condition)}"))
    if answer.remedies:
        out.print(
            Text("\nWhat would help, each alone" if len(answer.remedies) > 1 else "\nWhat would help", "bold")
        )
        for number, remedy in enumerate(answer.remedies, 1):
            out.print(Text(f"  {number}. {remedy}"))
    elif answer.decision == "explicit_deny":
        out.print(Text("\nWhat would help", style="bold"))
        out.print(
            Text("  No Allow outweighs a Deny: the Deny statement has to be narrowed, or not to match.")
        )


def _sentence(answer: Answer, *, denied: bool) -> Text:
    who, what = answer.principal or "the caller", answer.resource
    if answer.action.lower() == "iam:passrole":
        may = "may pass" if answer.allowed else "could not pass" if denied else "may not pass"
        text = f"{who} {may} {what}"
        text += f" to {answer.service}" if answer.service else ""
    elif answer.layer == "trust" and answer.service and answer.action == "sts:AssumeRole":
        text = f"{answer.service} may not assume {what if what != '*' else 'the role'}"
    else:
        may = "may" if answer.allowed else "could not" if denied else "may not"
        text = f"{who} {may} {answer.action or 'make the call'} on {what}"
    if answer.conditions and not denied:
        return Text.assemble(("depends  ", "bold yellow"), text.replace(" may not ", " may, on conditions, "))
    mark = ("yes  ", "bold green") if answer.allowed else ("denied  " if denied else "no  ", "bold red")
    return Text.assemble(mark, text)


def _statement(one: Told, *, unknown: bool) -> Text:
    where = f"  {one.effect or 'Statement'} statement {one.statement} of policy {one.policy or '(unnamed)'}: "
    asked = one.asked if one.asked is not None else "not known" if unknown else "absent"
    value = asked if isinstance(asked, str) else ", ".join(asked)
    wanted = ", ".join(one.wanted)
    if one.key:
        detail = f"{one.key} is {value}" + (f", wanted {wanted}" if one.failed else "")
    elif one.failed:
        detail = f"{one.element} does not take in {value}: it has {wanted}"
    else:
        detail = "matches"
    return Text.assemble((where, "cyan"), detail)
