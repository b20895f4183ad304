"""Sets of roles as integers: bit n is the n-th role in order of ARN.

A Python integer of 5,000 bits is 700 bytes and is met with another in 50 ns, so whole estates are answered
by a few operations a principal and service.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from passrole.decision.compile import Rule
from passrole.policy.variables import Context

_BYTE: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def places(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    start = lowest(bits) // 8 * 8 if bits else 0  # what is told apart is mostly a few side by side
    bits >>= start
    for byte in bits.to_bytes((bits.bit_length() + 7) // 8, "little"):
        for bit in _BYTE[byte]:
            yield start + bit
        start += 8


def lowest(bits: int) -> int:
    """The lowest number of a set that is not empty."""
    return (bits & -bits).bit_length() - 1


def of(numbers: Iterable[int]) -> int:
    """The set of these numbers."""
    found = bytearray()
    for number in numbers:
        place = number >> 3
        if place >= len(found):
            found.extend(bytes(place + 1 - len(found)))
        found[place] |= 1 << (number & 7)
    return int.from_bytes(found, "little")


class Resources:
    """The ARNs that statements are asked about, sorted: what begins alike stands side by side."""

    def __init__(self, arns: Sequence[str]) -> None:
        """arns must be sorted."""
        self.arns: Final = tuple(arns)
        self.all: Final = (1 << len(arns)) - 1
        self._covered: dict[tuple[object, ...], int] = {}

    def covered(self, rule: Rule, context: Context) -> int:
        """The resources that the statement covers; every key of its variables must be known."""
        if rule.anything:
            return self.all
        statement = rule.statement
        filled = tuple(context.get(key) for key in rule.resource_keys)
        key = (statement.resources, statement.not_resource, statement.live, filled)
        found = self._covered.get(key)
        if found is None:
            found = self._covered[key] = self._match(rule, context)
        return found

    def _match(self, rule: Rule, context: Context) -> int:
        found: list[int] = []
        for first, last in self._candidates(rule):
            found += (number for number in range(first, last) if rule.covers(self.arns[number], context))
        return of(found)

    def _candidates(self, rule: Rule) -> list[tuple[int, int]]:
        """Ranges of resources that the statement may cover; they do not overlap."""
        ranges: list[tuple[int, int]] = []
        for text, whole in rule.beginnings():
            first = bisect_left(self.arns, text)
            last = first
            if not text:
                return [(0, len(self.arns))]
            if whole:
                last += first < len(self.arns) and self.arns[first] == text
            else:
                last = bisect_left(self.arns, text[:-1] + chr(ord(text[-1]) + 1), lo=first)
            if first < last:
                ranges.append((first, last))
        ranges.sort()
        joined: list[tuple[int, int]] = []
        for first, last in ranges:
            if joined and first < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        return joined


class Tally:
    """How often each bit was set over many sets: a counter for every bit, all counting at once.

    planes[n] holds the n-th binary digit of every counter.
    """

    def __init__(self) -> None:
        self._planes: list[int] = []

    def add(self, bits: int) -> None:
        """Counts one set."""
        for number, plane in enumerate(self._planes):
            if not bits:
                return
            self._planes[number] = plane ^ bits
            bits &= plane
        if bits:
            self._planes.append(bits)

    def counts(self, size: int) -> list[int]:
        """The count of each of the first size bits."""
        found = [0] * size
        for number, plane in enumerate(self._planes):
            for place in places(plane):
                found[place] += 1 << number
        return found
