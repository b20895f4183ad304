"""All accounts' entities in memory, with the changes of the current transaction.

Handlers run one at a time on the event loop, so a transaction is what happened since the last
``commit`` or ``rollback``. Entities are immutable: a reader on another thread sees an entity
whole, as it was at some moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec

from passrole.state.entities import KINDS, Entity
from passrole.values.errors import PassroleError

E = TypeVar("E", bound=Entity)

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Change:
    """One row to write (body) or to delete (None)."""

    kind: str
    account: str
    key: str
    body: bytes | None


class UnreadableRow(PassroleError):
    """A stored row that this version cannot read."""


class Directory:
    """Look-up and change of entities; indexes follow every change and every rollback."""

    def __init__(self, rows: Iterable[Change] = ()) -> None:
        # Kinds may be registered after a directory was made.
        self._tables: defaultdict[str, dict[tuple[str, str], Entity]] = defaultdict(dict)
        self._sorted: dict[tuple[str, str], list[str]] = {}
        self._by_id: dict[str, Entity] = {}
        self._referring: dict[tuple[str, str], dict[tuple[str, str, str], Entity]] = {}
        self._undo: list[tuple[Entity | None, Entity | None]] = []
        self.load(rows)

    # Reading

    def get(self, kind: type[E], account: str, name: str) -> E | None:
        """The entity of that very name: case counts, as in every AWS look-up by name."""
        found = self._tables[kind.kind].get((account, name.lower()))
        if found is None:
            found = self._tables[kind.kind].get((account, name))
        if found is None or getattr(found, "name", name) != name:
            return None
        return cast(E, found)

    def taken(self, kind: type[E], account: str, name: str) -> E | None:
        """The entity whose name is the same without regard to case: names are unique that way."""
        return cast("E | None", self._tables[kind.kind].get((account, name.lower())))

    def by_key(self, kind: type[E], account: str, key: str) -> E | None:
        """The entity with exactly that key (see Entity.key)."""
        return cast("E | None", self._tables[kind.kind].get((account, key)))

    def by_id(self, kind: type[E], unique_id: str) -> E | None:
        """The entity of that unique id, in whatever account."""
        found = self._by_id.get(unique_id)
        return found if isinstance(found, kind) else None

    def all(self, kind: type[E], account: str) -> Iterator[E]:
        """Every entity of the kind in the account, ordered by key."""
        table = self._tables[kind.kind]
        for key in tuple(self._sorted.get((kind.kind, account), ())):
            found = table.get((account, key))
            if found is not None:
                yield cast(E, found)

    def after(self, kind: type[E], account: str, key: str) -> Iterator[E]:
        """As all, but only what comes after key: the next page of a listing, in flat time."""
        keys = self._sorted.get((kind.kind, account), [])
        table = self._tables[kind.kind]
        place = bisect_right(keys, key) if key else 0
        while place < len(keys):
            yield cast(E, table[(account, keys[place])])
            place += 1

    def count(self, kind: type[E], account: str) -> int:
        """How many entities of the kind the account holds."""
        return len(self._sorted.get((kind.kind, account), ()))

    def everywhere(self, kind: type[E]) -> Iterator[E]:
        """Every entity of the kind, over all accounts."""
        return iter(cast("tuple[E, ...]", tuple(self._tables[kind.kind].values())))

    def referring(self, relation: str, value: str) -> tuple[Entity, ...]:
        """Who refers to value by relation (see entities), oldest reference first."""
        return tuple(self._referring.get((relation, value), {}).values())

    def oldest(self, relation: str, value: str) -> Entity | None:
        """The first of referring, without going through them all."""
        return next(iter(self._referring.get((relation, value), {}).values()), None)

    # Changing

    def put(self, entity: Entity) -> None:
        """Adds the entity or replaces the one with its unique id, else with its key."""
        old = self._by_id.get(entity.unique_id) if entity.unique_id else None
        if old is None:
            old = self._tables[entity.kind].get((entity.account, entity.key))
        self._swap(old, entity)
        self._undo.append((old, entity))

    def delete(self, entity: Entity) -> None:
        """Removes an entity. Raises KeyError where it is not there."""
        old = self._tables[entity.kind][(entity.account, entity.key)]
        self._swap(old, None)
        self._undo.append((old, None))

    def commit(self) -> tuple[Change, ...]:
        """Ends the transaction; returns the rows to write, each row once."""
        rows: dict[tuple[str, str, str], bytes | None] = {}
        for old, new in self._undo:
            if old is not None:
                rows[(old.kind, old.account, old.key)] = None
            if new is not None:
                rows[(new.kind, new.account, new.key)] = _encode(new)
        self._undo.clear()
        return tuple(Change(*place, body) for place, body in rows.items())

    def rollback(self) -> None:
        """Ends the transaction as if it had not been."""
        while self._undo:
            old, new = self._undo.pop()
            self._swap(new, old)

    def replace(self, rows: Iterable[Change]) -> None:
        """Forgets everything, the current transaction included, and loads these rows instead.

        Raises UnreadableRow.
        """
        for table in self._tables.values():
            table.clear()
        self._sorted.clear()
        self._by_id.clear()
        self._referring.clear()
        self._undo.clear()
        self.load(rows)

    def load(self, rows: Iterable[Change]) -> None:
        """Takes stored rows in; they are not part of any transaction.

        Raises UnreadableRow naming the row.
        """
        decoders: dict[str, msgspec.json.Decoder[Entity]] = {}
        for row in rows:
            if row.body is None:
                continue
            decoder = decoders.get(row.kind)
            if decoder is None:
                if row.kind not in KINDS:
                    raise UnreadableRow(f"{row.kind} {row.account} {row.key}: no such kind of row")
                decoder = decoders[row.kind] = msgspec.json.Decoder(KINDS[row.kind])
            try:
                entity = decoder.decode(row.body)
            except msgspec.MsgspecError as error:
                raise UnreadableRow(f"{row.kind} {row.account} {row.key}: {error}") from error
            self._swap(None, entity)

    def _swap(self, old: Entity | None, new: Entity | None) -> None:
        """Replaces old by new in every index; either may be missing."""
        if old is not None:
            place = (old.account, old.key)
            moved = new is None or (new.account, new.key) != place
            if moved:
                del self._tables[old.kind][place]
                keys = self._sorted[(old.kind, old.account)]
                del keys[bisect_left(keys, old.key)]
            if old.unique_id and (new is None or new.unique_id != old.unique_id):
                del self._by_id[old.unique_id]
            kept = set(new.refers()) if new is not None and not moved else frozenset()
            for reference in old.refers():
                if reference in kept:  # replaced in place below, so that the order stays
                    continue
                group = self._referring[reference]
                group.pop((old.kind, *place), None)
                if not group:
                    del self._referring[reference]
        if new is not None:
            place = (new.account, new.key)
            table = self._tables[new.kind]
            if place not in table:
                insort(self._sorted.setdefault((new.kind, new.account), []), new.key)
            table[place] = new
            if new.unique_id:
                self._by_id[new.unique_id] = new
            for reference in new.refers():
                self._referring.setdefault(reference, {})[(new.kind, *place)] = new
