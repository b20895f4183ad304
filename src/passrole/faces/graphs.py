"""Paths as a graph: SVG or HTML to look at, DOT for Graphviz, GraphML for other tools.

Names come from the account that was read: everything is escaped for the format it is written in. The pictures
load nothing and run no script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_markup
from pathlib import Path
from typing import TYPE_CHECKING, Final

from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from passrole.analysis.escalation.paths import Escalation

_NODE_WIDTH: Final = 250
_NODE_HEIGHT: Final = 44
_COLUMN: Final = 470  # from one column's left edge to the next one's
_ROW: Final = 64
_MARGIN: Final = 24
_LONGEST: Final = 34  # characters of a name in a node
_LABEL: Final = 34  # characters of a name on an edge, which stands between two columns
_EDGES: Final = 1500  # that a picture shows; the formats for other tools have all
_SWEEPS: Final = 4  # times that the nodes of each column are put in order of their neighbors

_STYLE: Final = """
svg{--ink:#16191f;--dim:#5f6b7a;--card:#fff;--line:#8d99a8;--page:#f4f5f7;--hot:#d13212;--start:#0972d3;
background:var(--page);font:12px system-ui,sans-serif}
@media(prefers-color-scheme:dark){svg{--ink:#e9ebed;--dim:#95a5b8;--card:#192534;--line:#6b7f95;
--page:#0f1b2a;--hot:#ff5d64;--start:#539fe5}}
rect{fill:var(--card);stroke:var(--line)}.start rect{stroke:var(--start);stroke-width:2}
.end rect{stroke:var(--hot);stroke-width:2}text{fill:var(--ink)}.kind,.label{fill:var(--dim);font-size:10px}
path{fill:none;stroke:var(--line);stroke-width:1.4}path.perhaps{stroke-dasharray:5 4}
""".replace("\n", "")


# Characters that XML cannot hold, however they are written.
# Source: Extensible Markup Language (XML) 1.0, section 2.2.
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadGraph(PassroleError):
    """A picture that cannot be written."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way between two identities that some path takes."""

    source: str
    target: str
    label: str
    text: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The nodes (ARN: what it is on some path) and edges of all paths."""

    nodes: Mapping[str, str]  # "start", "end" or "", "start" before "end"
    edges: tuple[Edge, ...]


def picture(rows: Iterable[Escalation]) -> Picture:
    """The paths together: what they have in common is drawn once.

    An identity that is given any right is a node of its own.
    """
    nodes: dict[str, str] = {}
    edges: dict[tuple[str, str, str], Edge] = {}
    for row in rows:
        nodes[row.principal] = "start"
        for step in row.steps:
            target = f"{step.target} (any right)" if step.source == step.target else step.target
            label = step.known.name if step.known is not None else step.operation or step.id
            nodes.setdefault(step.source, "")
            nodes.setdefault(target, "")
            edges.setdefault(
                (step.source, target, label), Edge(step.source, target, label, step.text, step.certain)
            )
        last = row.steps[-1]
        end = f"{last.target} (any right)" if last.source == last.target else last.target
        nodes[end] = nodes[end] or "end"
    return Picture(nodes, tuple(edges.values()))


def write(path: Path, rows: Sequence[Escalation]) -> None:
    """Draws the paths in the format that the file's name ends in. Raises OSError."""
    shown = picture(rows)
    made = {".svg": svg, ".html": html, ".dot": dot, ".graphml": graphml}[path.suffix](shown)
    path.write_text(made, encoding="utf-8")


def escape(text: str) -> str:
    """Text as it may stand in markup, between tags or in an attribute."""
    return escape_markup(_NO_XML.sub("\ufffd", text))


# --- SVG --------------------------------------------------------------------------------------


def svg(whole: Picture) -> str:
    """Columns from left to right: who begins, and what is gained after one step, two steps, and so on."""
    shown = _first(whole)
    places, width, height = _places(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="Escalation paths"><style>{_STYLE}</style>'
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse">'
        '<path d="M0 0L8 4L0 8z" style="fill:var(--line);stroke:none"/></marker></defs>'
    ]
    for edge in shown.edges:
        parts.append(_edge(edge, places))
    for arn, kind in shown.nodes.items():
        parts.append(_node(arn, kind, places[arn]))
    return "".join(parts) + "</svg>\n"


def _first(shown: Picture) -> Picture:
    """As much as a picture can show: the ways of the shortest paths."""
    if len(shown.edges) <= _EDGES:
        return shown
    edges = shown.edges[:_EDGES]
    near = {arn for edge in edges for arn in (edge.source, edge.target)}
    return Picture({arn: kind for arn, kind in shown.nodes.items() if arn in near}, edges)


def _edge(edge: Edge, places: Mapping[str, tuple[int, int]]) -> str:
    x1, y1 = places[edge.source]
    x2, y2 = places[edge.target]
    x1, y1, y2 = x1 + _NODE_WIDTH, y1 + _NODE_HEIGHT // 2, y2 + _NODE_HEIGHT // 2
    bend = max(40, abs(x2 - x1) // 2)
    style = "" if edge.certain else ' class="perhaps"'
    curve = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    label = f'<text class="label" x="{(x1 + x2) // 2}" y="{(y1 + y2) // 2 - 5}" text-anchor="middle">'
    short = edge.label if len(edge.label) <= _LABEL else f"{edge.label[: _LABEL - 1]}…"
    return (
        f"<g><title>{escape(f'{edge.label}: {edge.text}')}</title>"
        f'<path{style} d="{curve}" marker-end="url(#a)"/>{label}{escape(short)}</text></g>'
    )


def _node(arn: str, kind: str, place: tuple[int, int]) -> str:
    x, y = place
    what, _, name = arn.rsplit(":", 1)[-1].partition("/")
    short = name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}"
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    return (
        f"<g{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}><title>{escape(arn)}</title>"
        f'<rect x="{x}" y="{y}" width="{_NODE_WIDTH}" height="{_NODE_HEIGHT}" rx="7"/>'
        f'<text class="kind" x="{x + 10}" y="{y + 16}">{escape(what)} · {escape(account)}</text>'
        f'<text x="{x + 10}" y="{y + 33}">{escape(short)}</text></g>'
    )


def _places(shown: Picture) -> tuple[dict[str, tuple[int, int]], int, int]:
    """Where each node stands, and how large the picture is."""
    columns = _columns(shown)
    near: dict[str, list[str]] = {arn: [] for arn in shown.nodes}
    for edge in shown.edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    rank = {arn: float(row) for column in columns for row, arn in enumerate(column)}
    for _ in range(_SWEEPS):
        for column in columns:
            middle = {
                arn: sum(rank[one] for one in near[arn]) / len(near[arn]) if near[arn] else rank[arn]
                for arn in column
            }
            column.sort(key=lambda arn: (middle[arn], arn))
            rank.update((arn, float(row)) for row, arn in enumerate(column))
    tallest = max((len(column) for column in columns), default=0)
    places: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        top = _MARGIN + (tallest - len(column)) * _ROW // 2
        for row, arn in enumerate(column):
            places[arn] = (_MARGIN + number * _COLUMN, top + row * _ROW)
    width = 2 * _MARGIN + max(0, len(columns) - 1) * _COLUMN + _NODE_WIDTH
    return places, width, 2 * _MARGIN + max(1, tallest) * _ROW


def _columns(shown: Picture) -> list[list[str]]:
    """The nodes by how many steps it takes to come to them; who is nobody's target comes first."""
    targets = {edge.target for edge in shown.edges}
    column = {arn: 0 for arn, kind in shown.nodes.items() if arn not in targets or kind == "start"}
    if column and any(arn not in targets for arn in column):
        column = {arn: 0 for arn in column if arn not in targets}
    following: dict[str, list[str]] = {}
    for edge in shown.edges:
        following.setdefault(edge.source, []).append(edge.target)
    frontier = list(column)
    level = 0
    while len(column) < len(shown.nodes):
        reached = dict.fromkeys(
            one for arn in frontier for one in following.get(arn, ()) if one not in column
        )
        level += 1
        if not reached:  # what is left stands on rings that nobody outside leads to
            reached = {next(arn for arn in shown.nodes if arn not in column): None}
            level = 0
        column.update(dict.fromkeys(reached, level))
        frontier = list(reached)
    found: list[list[str]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    for arn in shown.nodes:
        found[column[arn]].append(arn)
    return found


def html(shown: Picture) -> str:
    """The picture in a page of its own."""
    left = len(shown.edges) - _EDGES
    more = (
        f" {left:,} more ways, of longer paths, are not drawn: DOT and GraphML have all." if left > 0 else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Escalation paths</title>'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<style>:root{color-scheme:light dark}body{margin:0;overflow:auto}"
        "p{font:14px system-ui,sans-serif;margin:16px 24px}</style></head><body>"
        f"<p>{len(shown.nodes)} identities, {len(shown.edges)} ways. Blue: who begins. Red: what is gained. "
        f"Dashed: it depends on something. Point at a line or box for the whole of it.{more}</p>"
        f"{svg(shown)}</body></html>\n"
    )


# --- Other tools ------------------------------------------------------------------------------


def dot(shown: Picture) -> str:
    """For Graphviz."""
    number = {arn: f"n{place}" for place, arn in enumerate(shown.nodes)}
    lines = ["digraph escalations {", "  rankdir=LR;", "  node [shape=box];"]
    for arn, kind in shown.nodes.items():
        color = {"start": ' color="blue"', "end": ' color="red"'}.get(kind, "")
        lines.append(f"  {number[arn]} [label={_quoted(arn)}{color}];")
    for edge in shown.edges:
        style = "" if edge.certain else ' style="dashed"'
        lines.append(
            f"  {number[edge.source]} -> {number[edge.target]} "
            f"[label={_quoted(edge.label)} tooltip={_quoted(edge.text)}{style}];"
        )
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def graphml(shown: Picture) -> str:
    """GraphML, with the attributes arn and kind of nodes, label, text and certain of edges."""
    number = {arn: f"n{place}" for place, arn in enumerate(shown.nodes)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'<key id="{name}" for="{owner}" attr.name="{name}" attr.type="{kind}"/>'
            for name, owner, kind in (
                ("arn", "node", "string"),
                ("kind", "node", "string"),
                ("label", "edge", "string"),
                ("text", "edge", "string"),
                ("certain", "edge", "boolean"),
            )
        ),
        '<graph id="escalations" edgedefault="directed">',
    ]
    for arn, kind in shown.nodes.items():
        lines.append(f'<node id="{number[arn]}">{_data("arn", arn)}{_data("kind", kind)}</node>')
    for place, edge in enumerate(shown.edges):
        data = (
            _data("label", edge.label)
            + _data("text", edge.text)
            + _data("certain", str(edge.certain).lower())
        )
        lines.append(
            f'<edge id="e{place}" source="{number[edge.source]}" target="{number[edge.target]}">{data}</edge>'
        )
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def _data(key: str, text: str) -> str:
    return f'<data key="{key}">{escape(text)}</data>'
