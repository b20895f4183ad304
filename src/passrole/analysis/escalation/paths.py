"""Escalations: the shortest path from each principal to rights that it has not.

A breadth-first search over the graph's ways, a whole set of nodes a step. It goes on only through rights that
can be used as one likes. What is told of a step (statements, conditions) is found for the paths that are
listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from passrole.analysis import bits
from passrole.analysis.askers import Asker
from passrole.analysis.escalation.cuts import Cut, cuts
from passrole.analysis.escalation.graph import Graph, Way
from passrole.analysis.escalation.held import Inventory
from passrole.analysis.escalation.nodes import Node
from passrole.analysis.escalation.raising import EVERYTHING, Change, Changes, with_identity
from passrole.analysis.escalation.steps import Step, Steps
from passrole.analysis.escalation.techniques import Technique
from passrole.analysis.gain import Gain
from passrole.state.entities import Role
from passrole.state.estate.estate import Estate
from passrole.values.glob import Pattern

Progress = Callable[[int, int], None]  # (principals done, principals in all)


@dataclass(frozen=True, slots=True)
class Escalation:
    """One path: principal gains what target has, or, raised, what target has once the path has changed it."""

    principal: str
    target: str
    gain: Gain
    steps: tuple[Step, ...]
    raised: bool = False
    cut: Cut | None = None

    @property
    def certain(self) -> bool:
        """Does no step depend on what is not known?"""
        return all(step.certain for step in self.steps)

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        gain = self.gain
        gained: dict[str, object] = {
            "identity": self.target,
            "raised": self.raised,
            "administrator": gain.administrator,
            "actions": list(gain.actions),
            "count": gain.count,
            "examples": [one.as_json() for one in gain.witnesses],
        }
        return {
            "principal": self.principal,
            "gains": gained,
            "steps": [step.as_json() for step in self.steps],
            "cut": None if self.cut is None else self.cut.as_json(),
            "certain": self.certain,
        }


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked: globs for who escalates and whose rights are gained, "" for all.

    most is how many paths are listed of one principal, 0 for all. certain leaves out paths that depend on
    something.
    """

    principal: str = ""
    target: str = ""
    most: int = 20
    certain: bool = False


@dataclass(slots=True)
class Found:
    """Paths, and how many more there are than were to be listed."""

    rows: list[Escalation] = field(default_factory=list)
    left_out: int = 0


def escalations(
    estate: Estate,
    search: Search | None = None,
    inventory: Inventory | None = None,
    progress: Progress | None = None,
) -> Found:
    """The shortest path from each principal to each identity whose rights it lacks, shortest first.

    inventory is of the resources of a live account that hold roles; where they are not known, ways through
    such a resource depend on whether there is one.
    """
    return _Escalations(Graph(estate, inventory), search or Search(), progress).found()


@dataclass(frozen=True, slots=True)
class _Reach:
    """What one search found: the nodes of each step, and those that only let a service act."""

    levels: tuple[int, ...]
    at_will: int
    limited: int


class _Escalations:
    """The paths of one question."""

    def __init__(self, graph: Graph, search: Search, progress: Progress | None) -> None:
        self._graph = graph
        self._search = search
        self._progress = progress
        self._steps = Steps(graph)
        self._edges: dict[int, tuple[int, int]] = {}
        self._wanted = _named(search.target)
        self._asked = _named(search.principal)
        self._changes = Changes(graph)
        self._raised: dict[str, Asker] = {}

    def found(self) -> Found:
        """Everything that is to be listed, with its cuts."""
        found = Found()
        starts = [node for node in self._graph.nodes if self._starts(node)]
        for number, start in enumerate(starts, 1):
            rows = self._of(start, found)
            found.rows += rows
            if self._progress is not None:
                self._progress(number, len(starts))
        found.rows.sort(key=lambda row: (len(row.steps), not row.certain, row.principal, row.target))
        found.rows = [
            replace(row, cut=cut)
            for row, cut in zip(found.rows, cuts([row.steps for row in found.rows]), strict=True)
        ]
        return found

    def _starts(self, node: Node) -> bool:
        if node.kind == "member" or not self._asked(node.arn):
            return False
        if isinstance(node.entity, Role) and node.entity.service_linked:
            return False  # no one but its service is ever its session
        return not self._graph.administrators >> node.number & 1

    def _of(self, start: Node, found: Found) -> list[Escalation]:
        reach = self._reach(start)
        candidates: list[tuple[int, int, Node]] = []
        seen: set[str] = set()  # a group is come to by as many as can join it: the first is told
        for level, nodes in enumerate(reach.levels[1:], 1):
            for number in bits.places(nodes):
                target = self._graph.nodes[number]
                if target.arn in seen:
                    continue
                seen.add(target.arn)
                if self._wanted(target.arn) and not self._graph.gains.surely_not(start.asker, target.asker):
                    strength = self._graph.actions(target).may.bit_count()
                    candidates.append((level, -strength, target))
        candidates.sort(key=lambda row: (row[0], row[1], row[2].number))
        rows: list[Escalation] = []
        raised = self._raise(start, reach)
        if raised is not None and (not self._search.certain or raised.certain):
            rows.append(raised)
        rows += self._changed(start, reach, len(raised.steps) if raised is not None else 0)
        for level, _, target in candidates:
            if self._search.most and len(rows) >= self._search.most:
                found.left_out += 1
                continue
            row = self._row(start, target, reach, level)
            if row is not None:
                rows.append(row)
        return rows

    def _row(self, start: Node, target: Node, reach: _Reach, level: int) -> Escalation | None:
        gain = self._graph.gains.brief(start.asker, target.asker)
        if not gain:
            return None
        steps = self._path(start, target, reach, level)
        # A step on the way that already has all of it is the path to tell.
        numbers = (self._graph.number.get(step.source) for step in steps[1:])
        passed_by = (self._graph.nodes[number] for number in numbers if number is not None)
        if any(self._graph.gains.surely_not(node.asker, target.asker) for node in passed_by):
            return None
        return Escalation(start.arn, target.arn, gain, steps)

    # --- Reaching -----------------------------------------------------------------------------

    def _out(self, node: Node) -> tuple[int, int]:
        """Where the ways of a node lead: to rights at will, and to a service that uses them."""
        found = self._edges.get(node.number)
        if found is None:
            at_will = limited = 0
            for way in self._graph.ways(node):
                targets = way.targets[0] if self._search.certain else way.targets[1]
                if way.at_will:
                    at_will |= targets
                else:
                    limited |= targets
            found = self._edges[node.number] = (at_will, limited & ~at_will)
        return found

    def _reach(self, start: Node) -> _Reach:
        seen = 1 << start.number
        ended = 0  # reached, but through a service that does not obey
        levels = [seen]
        frontier = seen
        while frontier:
            following = limited = 0
            for number in bits.places(frontier):
                one, other = self._out(self._graph.nodes[number])
                following |= one
                limited |= other
            following &= ~seen
            limited &= ~(seen | following | ended)
            seen |= following
            ended |= limited
            levels.append(following | limited)
            frontier = following & ~self._graph.administrators
        return _Reach(tuple(levels), seen, ended & ~seen)

    def _path(self, start: Node, target: Node, reach: _Reach, level: int) -> tuple[Step, ...]:
        """The steps to a node of that level, those that are certain preferred."""
        steps: list[Step] = []
        here = target
        limited = not (reach.at_will >> target.number & 1) or not self._at_level(here, reach, level)
        while level > 0:
            best: tuple[tuple[bool, int, int], Node, Way] | None = None
            for number in bits.places(self._before(reach, level)):
                node = self._graph.nodes[number]
                edges = self._out(node)
                if not (edges[0] | (edges[1] if limited else 0)) >> here.number & 1:
                    continue
                for place, way in enumerate(self._graph.ways(node)):
                    if way.targets[1] >> here.number & 1 and (way.at_will or limited):
                        rank = (not way.targets[0] >> here.number & 1, int(not way.at_will), place)
                        if best is None or rank < best[0]:
                            best = (rank, node, way)
            assert best is not None  # Invariant: a node of a level was reached from the one before
            steps.append(self._steps.of_way(best[1], here, best[2]))
            here = best[1]
            limited = False
            level -= 1
        steps.reverse()
        return tuple(steps)

    def _before(self, reach: _Reach, level: int) -> int:
        """The nodes from which those of a level were reached."""
        return reach.levels[level - 1] & reach.at_will & ~self._graph.administrators

    def _at_level(self, node: Node, reach: _Reach, level: int) -> bool:
        """Was the node reached there with rights at will?"""
        for number in bits.places(self._before(reach, level)):
            if self._out(self._graph.nodes[number])[0] >> node.number & 1:
                return True
        return False

    # --- Changes that give more ---------------------------------------------------------------

    def _raise(self, start: Node, reach: _Reach) -> Escalation | None:
        """The shortest path on which some identity is given any right, and used."""
        best: Escalation | None = None
        for level, nodes in enumerate(reach.levels):
            for number in bits.places(nodes & reach.at_will & ~self._graph.administrators):
                if best is not None and len(best.steps) <= level + 1:
                    return best
                for row in self._raised_by(start, self._graph.nodes[number], reach, level):
                    if (best is None or len(row.steps) < len(best.steps)) and self._wanted(row.target):
                        best = row
        return best

    def _raised_by(self, start: Node, editor: Node, reach: _Reach, level: int) -> Iterator[Escalation]:
        """Who is given any right by the editor and then used: with one step, or with two."""
        edits = self._graph.edits(editor)
        pick = 0 if self._search.certain else 1
        # Who may write into where the path began needs no way back.
        for edited in dict.fromkeys((editor, start)) if edits else ():
            mine = [technique for technique, pair in edits if pair[pick] >> edited.number & 1]
            if mine:
                yield from self._edited(start, editor, edited, mine, reach, level)
                return
        found = next(self._founded(start, editor, reach, level), None)
        if found is not None:
            yield found
            return
        usable = self._out(editor)[0]
        for _, pair in edits:
            both = pair[pick] & usable
            if both:
                edited = self._graph.nodes[bits.lowest(both)]
                mine = [one for one, other in edits if other[pick] >> edited.number & 1]
                yield from self._edited(start, editor, edited, mine, reach, level)
                return

    def _edited(
        self, start: Node, editor: Node, edited: Node, techniques: list[Technique], reach: _Reach, level: int
    ) -> Iterator[Escalation]:
        technique = min(techniques, key=lambda one: not self._is_certain(editor, edited, one))
        if self._search.certain and not self._is_certain(editor, edited, technique):
            return
        steps = (
            *self._path(start, editor, reach, level),
            self._steps.of_edit(editor, edited, technique),
            *self._use(start, editor, edited),
        )
        gain = self._graph.gains.brief(start.asker, self._raised_asker(edited))
        if gain:
            yield Escalation(start.arn, edited.arn, gain, steps, raised=True)

    def _founded(self, start: Node, editor: Node, reach: _Reach, level: int) -> Iterator[Escalation]:
        """An identity that the editor makes itself."""
        for change in self._changes.founded(editor):
            if self._search.certain and not change.certain:
                continue
            gain = self._graph.gains.brief(start.asker, change.asker)
            if gain:
                path = self._path(start, editor, reach, level)
                step = self._steps.of_founding(editor, change)
                yield Escalation(start.arn, change.arn, gain, (*path, step), raised=True)

    def _use(self, start: Node, editor: Node, edited: Node) -> tuple[Step, ...]:
        """The step to an identity that has been changed; none to where the caller is already."""
        if edited.number in (editor.number, start.number):
            return ()
        way = min(
            (way for way in self._graph.ways(editor) if way.at_will and way.targets[1] >> edited.number & 1),
            key=lambda way: not way.targets[0] >> edited.number & 1,
        )
        return (self._steps.of_way(editor, edited, way),)

    def _changed(self, start: Node, reach: _Reach, raised: int) -> list[Escalation]:
        """What identities have once a limit or a newer policy is taken away, the shortest path to each.

        Who begins changes itself and all that it can use; who is reached on the way, itself and who began,
        but not past where any right can be had (in raised steps, 0 for nowhere).
        """
        found: dict[tuple[int, str], tuple[int, Node, Change, Gain]] = {}
        for level, nodes in enumerate(reach.levels):
            if level and raised and raised <= level + 1:
                break
            for number in bits.places(nodes & reach.at_will & ~self._graph.administrators):
                editor = self._graph.nodes[number]
                for change in self._changes.of(editor, self._within(start, editor)):
                    place = change.edited.number, change.asker.arn
                    if place not in found:
                        gain = self._gained(start, change)
                        if gain:
                            found[place] = level, editor, change, gain
        shown = sorted(found.values(), key=lambda row: (row[0], not row[2].certain))
        rows: dict[tuple[str, str], Escalation] = {}
        for level, editor, change, gain in shown:
            place_of = change.edited.arn, gain.text
            if self._search.most and len(rows) >= self._search.most:
                break
            if place_of not in rows:
                row = self._of_change(start, editor, change, gain, reach, level)
                if not self._search.certain or row.certain:
                    rows[place_of] = row
        return list(rows.values())

    def _within(self, start: Node, editor: Node) -> int:
        own = 1 << editor.number | 1 << start.number
        usable = self._out(editor)[0] if editor is start else 0
        return (own | usable) & ~self._graph.administrators

    def _gained(self, start: Node, change: Change) -> Gain | None:
        """What the start has by the change and not by itself; None where the change gives nothing."""
        gains = self._graph.gains
        if not self._wanted(change.edited.arn) or (self._search.certain and not change.certain):
            return None
        if gains.surely_not(start.asker, change.asker) or not gains.brief(change.edited.asker, change.asker):
            return None
        return gains.brief(start.asker, change.asker)

    def _of_change(
        self, start: Node, editor: Node, change: Change, gain: Gain, reach: _Reach, level: int
    ) -> Escalation:
        # The change comes last: it may take from the editor what it uses the other by.
        steps = (
            *self._path(start, editor, reach, level),
            *self._use(start, editor, change.edited),
            self._steps.of_change(editor, change),
        )
        return Escalation(start.arn, change.edited.arn, gain, steps, raised=True)

    def _is_certain(self, editor: Node, edited: Node, technique: Technique) -> bool:
        return any(
            one is technique and pair[0] >> edited.number & 1 for one, pair in self._graph.edits(editor)
        )

    def _raised_asker(self, node: Node) -> Asker:
        """The node with every right that a policy can give it: boundaries and the like still hold."""
        found = self._raised.get(node.arn)
        if found is None:
            identity = (*node.asker.policies.identity, EVERYTHING)
            found = self._raised[node.arn] = with_identity(node, identity, "given any right")
        return found


def _named(pattern: str) -> Callable[[str], bool]:
    if not pattern:
        return lambda arn: True
    parsed = Pattern.parse(pattern)
    if pattern.startswith("arn:"):
        return parsed.matches
    return lambda arn: parsed.matches(arn) or parsed.matches(arn.rsplit("/", 1)[-1])
