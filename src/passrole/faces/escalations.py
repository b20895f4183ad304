"""``passrole escalations``: who gains rights it lacks, by which steps, and which statement to narrow."""

from __future__ import annotations

import sys
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
    estate_from,
    say,
    source_from,
)

if TYPE_CHECKING:
    from passrole.analysis.escalation.paths import Escalation
    from passrole.analysis.escalation.steps import Reason, Step

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

_GRAPHS = (".svg", ".html", ".dot", ".graphml")


@app.command()
def escalations(
    principal: Annotated[str, typer.Option(help="ARN or name of who escalates; * and ? are wildcards.")] = "",
    target: Annotated[str, typer.Option(help="ARN or name of whose rights are gained, with wildcards.")] = "",
    certain: Annotated[
        bool, typer.Option("--certain", help="Only paths that depend on nothing that is not known.")
    ] = False,
    most: Annotated[int, typer.Option(min=0, help="Paths listed of one principal; 0 for all.")] = 20,
    graph: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the paths too: FILE.svg, .html, .dot or .graphml."),
    ] = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """Paths by which principals gain rights that they have not, shortest first.

    Passing a role to a service that does as its caller says, assuming or retrusting a role, changing code or
    stacks that hold one, making credentials of others, writing rights into policies; and chains of these.
    Each step names the statements that allow it, each path the statement whose narrowing breaks it.
    """
    from passrole.analysis.escalation.holdings import inventory
    from passrole.analysis.escalation.paths import Search
    from passrole.analysis.escalation.paths import escalations as found_in

    if graph is not None and graph.suffix not in _GRAPHS:
        raise BadFlag(f"--graph {graph}: it ends in one of {', '.join(_GRAPHS)}")
    source = source_from(details, endpoint, profile, region)
    estate = estate_from(source)
    notes: list[str] = []
    held = None
    if source.is_live and not source.details:
        with source.client() as client:
            held = inventory(client, estate, notes)
    with PrincipalsProgress() as progress:
        found = found_in(estate, Search(principal, target, most, certain), held, progress.show)
    if found.left_out:
        notes.append(f"{found.left_out:,} more paths are not listed: --most 0 lists all")
    say(notes)
    if graph is not None:
        from passrole.faces.graphs import BadGraph, write

        try:
            write(graph, found.rows)
        except OSError as error:
            raise BadGraph(f"--graph {graph}: {error.strerror or error}") from error
    _write(found.rows, format)
    return 0


def _write(rows: list[Escalation], format: Format) -> None:
    from passrole.faces import tables

    if format is Format.json:
        _write_json(rows)
        return
    headings = ("principal", "gains", "of", "certain", "steps", "cut")
    cells = (
        (row.principal, row.gain.text, row.target, _yes(row.certain), _steps(row), _cut(row)) for row in rows
    )
    if format is Format.csv:
        sys.stdout.write(tables.csv_line(headings))
        sys.stdout.writelines(map(tables.csv_line, cells))
        return
    out = tables.console()
    for row in rows:
        mark = "bold red" if row.certain else "bold yellow"
        out.print(f"{row.principal}", style=mark, markup=False)
        how = ", once it is changed" if row.raised else ""
        out.print(f"  gains {row.gain.text} of {row.target}{how}", markup=False)
        for number, step in enumerate(row.steps, 1):
            out.print(f"  {number}. {_step(step)}", markup=False)
            for reason in dict.fromkeys((one.owner, one.policy, one.statement) for one in _first(step)):
                out.print(
                    f"     allowed by statement {reason[2]} of {reason[1]} ({reason[0]})",
                    markup=False,
                    style="dim",
                )
        if row.cut is not None:
            out.print(f"  cut: {_cut(row)}", markup=False, style="green")
        out.print()


def _write_json(rows: list[Escalation]) -> None:
    """One list, written as it comes."""
    import orjson

    separator = "[\n"
    for row in rows:
        sys.stdout.write(separator + "  " + orjson.dumps(row.as_json()).decode())
        separator = ",\n"
    sys.stdout.write("\n]\n" if rows else "[]\n")


def _first(step: Step) -> tuple[Reason, ...]:
    """The statement of each group that is told."""
    return tuple(group[0] for group in step.groups)


def _step(step: Step) -> str:
    text = step.text + (f" [{step.known.name}]" if step.known is not None else "")
    if step.through:
        text += f" ({step.through})"
    depends = [step.when] if step.when else []
    from passrole.faces.tables import condition_text

    depends += [condition_text(one) for one in step.conditions]
    if step.service and not step.at_will:
        text += " (the service uses it for its own purposes)"
    return text + (f", if {' and '.join(depends)}" if depends else "")


def _steps(row: Escalation) -> str:
    return " > ".join(_step(step) for step in row.steps)


def _cut(row: Escalation) -> str:
    if row.cut is None:
        return ""
    one = row.cut.statement
    text = f"narrow statement {one.statement} of {one.policy} ({one.owner})"
    if row.cut.others:
        return f"{text} and {len(row.cut.others)} more that allow {one.action}"
    return f"{text}: breaks {row.cut.paths} of these paths" if row.cut.paths > 1 else text


def _yes(value: bool) -> str:
    return "yes" if value else "depends"
