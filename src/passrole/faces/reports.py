"""An audit as one HTML file: a graph of who passed which role to which service, a time line, and every row.

Nothing in it is loaded from anywhere, and it runs no script: it can be kept, mailed and opened offline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Final

from passrole.analysis.audit.auditing import Audit
from passrole.analysis.audit.unused import Unused
from passrole.analysis.audit.usage import Used

_WIDTH: Final = 1120  # of the pictures, in their own units
_ROW: Final = 26  # height of a node with its gap
_NODES: Final = 40  # in a column of the graph; the smaller ones are drawn as one
_BARS: Final = 124  # days of a time line that are drawn one by one; then months
_WIDEST: Final = 60  # of a bar with its gap
_DAY: Final = "2026-01-05"
_MONTH: Final = "2026-01"
_ROWS: Final = 5000  # rows of the table
_SHOWN: Final = 3  # resources and addresses of a row
SHOWN_GAINS: Final = 4  # of what a role may do and its passer may not
_COLUMNS: Final = (0, 430, 860)
_NODE_WIDTH: Final = 260
_LETTERS: Final = 36  # of a label that fit into a node

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#16191f;--dim:#5f6b7a;--line:#d5dbdb;--card:#fff;
--page:#f4f5f7;--allow:#0972d3;--deny:#d13212;--strong:#b8860b}
@media(prefers-color-scheme:dark){:root{--ink:#e9ebed;--dim:#95a5b8;--line:#354150;--card:#192534;
--page:#0f1b2a;--allow:#539fe5;--deny:#ff5d64;--strong:#f2c94c}}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
main{max-width:1400px;margin:0 auto;padding:24px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 20px;
margin:16px 0;overflow-x:auto}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:0 0 12px}p{margin:4px 0;color:var(--dim)}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.denied{color:var(--deny);font-weight:600}.strong{color:var(--strong);font-weight:600}
td time{white-space:nowrap}
svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .dim{fill:var(--dim)}svg rect.node{fill:var(--card);stroke:var(--line)}
svg path{fill:none;stroke:var(--allow);opacity:.35}
svg path.deny{stroke:var(--deny);opacity:.7;stroke-dasharray:5 4}
svg path.strong{stroke:var(--strong);opacity:.6}
svg rect.allow{fill:var(--allow)}svg rect.deny{fill:var(--deny)}
"""


def page(audit: Audit, unused: Iterable[Unused], trails: Sequence[str], rows: Sequence[Used]) -> str:
    """The whole file."""
    calls = sum(row.allowed for row in rows), sum(row.denied for row in rows)
    span = (min(audit.usage.days), max(audit.usage.days)) if audit.usage.days else ("", "")
    when = f" from {span[0]} to {span[1]}" if span[0] else ""
    about = (
        f"{_counted(audit.records, 'record')} in {_counted(audit.files, 'file')}{when}: "
        f"{calls[0]:,} passes allowed, {calls[1]:,} denied, in {', '.join(trails)}"
    )
    parts = [
        f"<h1>Roles passed</h1><p>{escape(about)}</p>",
        _section("Who passed which role to which service", _graph(rows)),
        _section("When", _time_line(audit.usage.days)),
        _section(f"All passes ({len(rows):,})", _table(rows)),
        _unused(list(unused)),
        _skipped(audit),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Roles passed</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


# --- The graph ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """The nodes of one column: names, with the place of each; what has none is drawn as the last."""

    places: Mapping[str, int]
    others: int

    @classmethod
    def of(cls, weights: Counter[str]) -> _Column:
        """The heaviest ones, in order of name."""
        kept = sorted(name for name, _ in weights.most_common(_NODES))
        return cls({name: place for place, name in enumerate(kept)}, len(weights) - len(kept))

    @property
    def height(self) -> int:
        """How many nodes it has."""
        return len(self.places) + (1 if self.others else 0)

    def place(self, name: str) -> int:
        """Where a name is drawn."""
        return self.places.get(name, len(self.places))


def _graph(rows: Sequence[Used]) -> str:
    if not rows:
        return "<p>No role was passed.</p>"
    parts: tuple[Callable[[Used], str], ...] = (
        lambda row: row.principal,
        lambda row: row.role,
        lambda row: row.service,
    )
    columns: list[_Column] = []
    for part in parts:
        weights: Counter[str] = Counter()
        for row in rows:
            weights[part(row)] += row.allowed + row.denied
        columns.append(_Column.of(weights))
    tallest = max(column.height for column in columns)
    drawn = [text for left in (0, 1) for text in _links(rows, columns, parts, left, tallest)]
    several = len({row.account for row in rows}) > 1
    for number, column in enumerate(columns):
        names = [*column.places, *([f"{column.others:,} others"] if column.others else [])]
        for place, name in enumerate(names):
            label = _label(name, with_account=several)
            drawn.append(_node(number, _middle(place, column.height, tallest), name, label))
    height = tallest * _ROW + 24
    titles = "".join(
        f'<text class="dim" x="{_COLUMNS[number] + 2}" y="12">{title}</text>'
        for number, title in enumerate(("Principal", "Role", "Service"))
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="graph">{titles}{"".join(drawn)}</svg>'
        f"{_legend(rows)}"
    )


def _legend(rows: Sequence[Used]) -> str:
    """What the colors of the lines mean, of those that there are."""
    words: list[str] = []
    if any(row.denied and not row.allowed for row in rows):
        words.append('<span class="denied">dashed</span>: denied, and never allowed')
    if any(row.gains for row in rows):
        words.append('<span class="strong">amber</span>: the role may do more than who passed it')
    return f"<p>{'; '.join(words)}</p>" if words else ""


def _middle(place: int, height: int, tallest: int) -> float:
    return 24 + (place + 0.5) * _ROW * tallest / height


def _links(
    rows: Sequence[Used],
    columns: Sequence[_Column],
    parts: Sequence[Callable[[Used], str]],
    left: int,
    tallest: int,
) -> Iterable[str]:
    weights: dict[tuple[int, int], list[int]] = {}
    stronger: set[tuple[int, int]] = set()
    for row in rows:
        ends = tuple(columns[at].place(parts[at](row)) for at in (left, left + 1))
        weight = weights.setdefault((ends[0], ends[1]), [0, 0])
        weight[0] += row.allowed
        weight[1] += row.denied
        if row.gains and left == 0:
            stronger.add((ends[0], ends[1]))
    for (start, end), (allowed, denied) in sorted(weights.items()):
        x1, x2 = _COLUMNS[left] + _NODE_WIDTH, _COLUMNS[left + 1]
        y1 = _middle(start, columns[left].height, tallest)
        y2 = _middle(end, columns[left + 1].height, tallest)
        width = min(14.0, 1 + len(f"{allowed + denied}") * 2)
        kind = "" if allowed else ' class="deny"'
        title = f"{allowed:,} allowed, {denied:,} denied"
        if (start, end) in stronger:
            kind = kind or ' class="strong"'
            title += "; the role may do more than who passed it"
        bend = (x1 + x2) / 2
        yield (
            f'<path{kind} stroke-width="{width}" d="M{x1},{y1:.1f} C{bend},{y1:.1f} {bend},{y2:.1f} '
            f'{x2},{y2:.1f}"><title>{title}</title></path>'
        )


def _label(name: str, *, with_account: bool) -> str:
    """``role/app/Worker``, after the end of its account's id where there are several accounts."""
    parts = name.split(":", 5)
    short = parts[5] if name.startswith("arn:") and len(parts) == 6 else name
    if with_account and short != name:
        short = f"…{parts[4][-4:]} {short}"
    return short if len(short) <= _LETTERS else f"{short[: _LETTERS // 3]}…{short[-_LETTERS // 2 :]}"


def _node(column: int, middle: float, name: str, label: str) -> str:
    x, top = _COLUMNS[column], middle - _ROW / 2 + 3
    return (
        f'<rect class="node" x="{x}" y="{top:.1f}" width="{_NODE_WIDTH}" height="{_ROW - 6}" rx="4"/>'
        f'<text x="{x + 8}" y="{middle + 4:.1f}">{escape(label)}<title>{escape(name)}</title></text>'
    )


# --- The time line -----------------------------------------------------------------------------


def _time_line(days: Mapping[str, Sequence[int]]) -> str:
    if not days:
        return ""
    bars = _bars(days)
    most = max(allowed + denied for _, allowed, denied in bars) or 1
    step = min(_WIDEST, _WIDTH / len(bars))
    a = "a day" if len(bars[0][0]) == len(_DAY) else "a month"
    drawn = [f'<text class="dim" x="{_WIDTH}" y="10" text-anchor="end">at most {most:,} {a}</text>']
    for number, (name, allowed, denied) in enumerate(bars):
        x, width = number * step, max(1.0, step * 0.8)
        low = 150.0
        for kind, count in (("allow", allowed), ("deny", denied)):
            if count:
                tall = max(1.5, 140 * count / most)
                low -= tall
                drawn.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{low:.1f}" width="{width:.1f}" height="{tall:.1f}">'
                    f"<title>{escape(name)}: {allowed:,} allowed, {denied:,} denied</title></rect>"
                )
    first, last = escape(bars[0][0]), escape(bars[-1][0])
    drawn.append(f'<text class="dim" x="0" y="168">{first}</text>')
    if last != first:
        drawn.append(f'<text class="dim" x="{step * len(bars):.1f}" y="168" text-anchor="end">{last}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} 176" role="img" aria-label="time line">{"".join(drawn)}</svg>'


def _bars(days: Mapping[str, Sequence[int]]) -> list[tuple[str, int, int]]:
    """(name, allowed, denied) by day, or by month where there are many days; those without any among them."""
    for length, names in ((len(_DAY), _days), (len(_MONTH), _months)):
        found: dict[str, list[int]] = {}
        for day, (allowed, denied) in days.items():
            count = found.setdefault(day[:length], [0, 0])
            count[0] += allowed
            count[1] += denied
        bars = dict.fromkeys(names(min(found), max(found)), (0, 0)) | {
            name: (count[0], count[1]) for name, count in sorted(found.items())
        }
        if len(bars) <= _BARS:
            break
    return [(name, *count) for name, count in sorted(bars.items())]


def _days(first: str, last: str) -> Iterator[str]:
    try:
        day, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:  # a record's own word
        return
    while day <= end:
        yield day.isoformat()
        day += timedelta(days=1)


def _months(first: str, last: str) -> Iterator[str]:
    return (day[: len(_MONTH)] for day in _days(f"{first}-01", f"{last}-01"))


# --- Tables ------------------------------------------------------------------------------------


def _rows(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int]) -> str:
    """A table of cells in HTML."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="n">{cell}</td>' if at in numbers else f"<td>{cell}</td>"
            for at, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _table(rows: Sequence[Used]) -> str:
    headings = (
        "Principal",
        "Role",
        "Service",
        "Operation",
        "Allowed",
        "Denied",
        "First",
        "Last",
        "For",
        "From",
        *(("Gains",) if (judged := any(row.gains is not None for row in rows)) else ()),
    )
    several = len({row.account for row in rows}) > 1
    cells = (
        (
            _short([row.principal], with_account=several),
            _short([row.role], with_account=several),
            escape(row.service),
            escape(row.operation),
            f"{row.allowed:,}",
            f"{row.denied:,}",
            _time(row.first),
            _time(row.last),
            _short(row.resources, with_account=False),
            escape(", ".join(row.addresses[:_SHOWN])),
            *((escape(", ".join((row.gains or ())[:SHOWN_GAINS])),) if judged else ()),
        )
        for row in rows[:_ROWS]
    )
    more = f"<p>and {len(rows) - _ROWS:,} more</p>" if len(rows) > _ROWS else ""
    return _rows(headings, cells, frozenset((4, 5))) + more


def _short(arns: Sequence[str], *, with_account: bool) -> str:
    """ARNs without what they all begin with; whole where one points at them."""
    labels = ", ".join(_label(arn, with_account=with_account) for arn in arns[:_SHOWN])
    more = f", {len(arns) - _SHOWN:,} more" if len(arns) > _SHOWN else ""
    return f'<span title="{escape(chr(10).join(arns))}">{escape(labels)}{more}</span>' if arns else ""


def _time(text: str) -> str:
    """To the minute; whole where one points at it."""
    return f'<time title="{escape(text)}">{escape(text[:16].replace("T", " "))}</time>' if text else ""


def _unused(found: Sequence[Unused]) -> str:
    if not found:
        return ""
    cells = (
        (
            escape(one.principal),
            escape(one.policy),
            escape(one.statement),
            ("all but " if one.not_resource else "") + escape(", ".join(one.resources[:5])),
        )
        for one in found[:_ROWS]
    )
    headings = ("Principal", "Policy", "Statement", "Roles")
    return _section(
        f"Grants of iam:PassRole that were never used ({len(found):,})",
        _rows(headings, cells, frozenset()),
    )


def _skipped(audit: Audit) -> str:
    if not audit.left_out:
        return ""
    cells = ((escape(one.file), escape(one.place), escape(one.why)) for one in audit.skipped)
    return _section(f"Not read ({audit.left_out:,})", _rows(("File", "Place", "Why"), cells, frozenset()))
