"""Patterns compared exactly: which texts a set of patterns tells apart, with an example of each.

All patterns run over all texts at once, as one automaton whose states are made when they are first reached.
Texts that the same patterns match are alike, so inclusion, intersection and difference of patterns, and of
anything built of them, are questions about the kinds of texts there are. Nothing is sampled.

The number of states can grow exponentially, with patterns such as ``*a*``, ``*b*``, ``*c*`` for one: whoever
asks gives a bound, and gets TooManyStates instead of an answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from passrole.values.errors import PassroleError
from passrole.values.glob import ANY, ANY_IN_FIELD, ONE, ONE_IN_FIELD, Pattern

# States that one question may reach. Ordinary policies need a few thousand, a second's work is 100,000.
STATES: Final = 50_000

# What an example holds where any character would do, as far as no pattern names it.
_FILLING: Final = "xyzabcdefghijklmnopqrstuvw0123456789-_/.=+@,~"
_COLON: Final = ":"

# What a star or question mark lets pass.
_ALL: Final = 1
_BUT_COLON: Final = 2

_State = tuple[int, ...]  # positions in the patterns that the text may have come to, in order
Wanted = Callable[[int], bool]  # of the patterns that match a text, a bit each


class TooManyStates(PassroleError):
    """Patterns whose comparison would take too long: no answer is better than a guess."""

    def __str__(self) -> str:
        return "these patterns cannot be compared within bounds"


class _Machine:
    """The patterns side by side: a position for every character and wildcard, and one past each's end."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.letters: list[str] = []  # the character that leads on from here, "" for none
        self.stays: list[int] = []  # what a star here lets pass, 0 where there is none
        self.skips: list[int] = []  # the same for a question mark
        self.floor: list[int] = []  # a star makes what is from here up to itself needless
        self.accepts: dict[int, int] = {}  # the position past a pattern's end -> its bit
        self.begins: list[tuple[int, int]] = []  # where each pattern's positions begin, and those past it
        start: list[int] = []
        for number, pattern in enumerate(patterns):
            start.append(len(self.letters))
            self._add(pattern)
            self.accepts[len(self.letters)] = 1 << number
            self._put("", 0, 0, len(self.letters))
            self.begins.append((start[-1], len(self.letters)))
        self.start: Final = self._closed(start)

    def _put(self, letter: str, stays: int, skips: int, floor: int) -> None:
        self.letters.append(letter)
        self.stays.append(stays)
        self.skips.append(skips)
        self.floor.append(floor)

    def _add(self, pattern: Pattern) -> None:
        first = field = len(self.letters)
        for token in pattern.tokens:
            here = len(self.letters)
            if isinstance(token, str):
                for letter in token:
                    self._put(letter, 0, 0, len(self.letters))
                    if letter == _COLON:
                        field = len(self.letters)
            elif token is ANY:
                # Whatever can still follow an earlier position can follow this star, which lets all pass.
                self._put("", _ALL, 0, first)
                field = here + 1  # it lets colons pass, so that no star in a field makes it needless
            elif token is ANY_IN_FIELD:
                self._put("", _BUT_COLON, 0, field)
            elif token is ONE:
                self._put("", 0, _ALL, here)
                field = here + 1  # likewise
            else:
                assert token is ONE_IN_FIELD
                self._put("", 0, _BUT_COLON, here)

    def _closed(self, positions: Sequence[int]) -> _State:
        """The state of these positions: past stars too, without what a later star makes needless."""
        found = set(positions)
        for position in positions:
            while self.stays[position]:
                position += 1
                found.add(position)
        kept: list[int] = []
        low = high = -1
        for position in sorted(found, reverse=True):
            if low <= position < high:
                continue
            kept.append(position)
            if self.stays[position]:
                low, high = self.floor[position], position
        kept.reverse()
        return tuple(kept)

    def step(self, state: _State, letter: str) -> _State:
        """The state after one more character."""
        found: list[int] = []
        barred = _BUT_COLON if letter == _COLON else 0
        for position in state:
            stays = self.stays[position]
            if stays:
                if stays != barred:
                    found.append(position)
            elif self.letters[position]:
                if self.letters[position] == letter:
                    found.append(position + 1)
            elif self.skips[position] and self.skips[position] != barred:
                found.append(position + 1)
        return self._closed(found)

    def matched(self, state: _State) -> int:
        """The patterns that match the text which led here."""
        found = 0
        for position in state:
            found |= self.accepts.get(position, 0)
        return found

    def sure(self, state: _State) -> tuple[int, bool]:
        """The patterns that match whatever follows, and whether nothing else is open."""
        found = 0
        settled = True
        for position in state:
            if self.stays[position] == _ALL and position + 1 in self.accepts:
                found |= self.accepts[position + 1]
            elif not self.accepts.get(position, 0) & found:  # past a star that ends its pattern
                settled = False
        return found, settled

    def letters_of(self, state: _State) -> list[str]:
        """One character of each sort that leads on differently from here, one that nobody names first."""
        named: dict[str, None] = {}
        for position in state:
            if self.letters[position]:
                named[self.letters[position]] = None
            elif _BUT_COLON in (self.stays[position], self.skips[position]):
                named[_COLON] = None
        return [_other(named), *named]


@lru_cache(maxsize=4096)
def _machine(pattern: Pattern) -> _Machine:
    return _Machine((pattern,))


def _other(named: dict[str, None]) -> str:
    """A character that is none of these."""
    for letter in _FILLING:
        if letter not in named:
            return letter
    return next(chr(code) for code in range(0xC0, 0x110000) if chr(code) not in named)


def _walk(
    patterns: tuple[Pattern, ...], within: tuple[Pattern, ...], hopeless: Wanted | None, states: int
) -> Iterator[tuple[int, str]]:
    """What the text of each state matches, shortest texts first."""
    machine = _Machine((*patterns, *within))
    told = (1 << len(patterns)) - 1
    inside = (1 << len(patterns) + len(within)) - 1 & ~told
    fences = machine.begins[len(patterns) :]
    seen = {machine.start}
    waiting: deque[tuple[_State, str]] = deque(((machine.start, ""),))
    while waiting:
        state, text = waiting.popleft()
        if fences and not all(
            (place := bisect_left(state, first)) < len(state) and state[place] < last
            for first, last in fences
        ):
            continue
        matched = machine.matched(state)
        if matched & inside == inside:
            yield matched & told, text
        sure, settled = machine.sure(state)
        if settled or (hopeless is not None and hopeless(sure & told)):
            continue
        for letter in machine.letters_of(state):
            following = machine.step(state, letter)
            if following not in seen:
                if len(seen) >= states:
                    raise TooManyStates
                seen.add(following)
                waiting.append((following, text + letter))


def kinds(
    patterns: Sequence[Pattern], *, within: Sequence[Pattern] = (), states: int = STATES
) -> dict[int, str]:
    """Every set of patterns that some text matches while matching no other, with a shortest such text.

    A set is a bitmask: bit n is the n-th pattern. Texts that one of within does not match are left aside.
    Raises TooManyStates.

    >>> kinds([Pattern.parse("a*"), Pattern.parse("*b")])
    {0: '', 1: 'a', 2: 'b', 3: 'ab'}
    """
    return dict(_kinds(tuple(patterns), tuple(within), states))


@lru_cache(maxsize=4096)
def _kinds(
    patterns: tuple[Pattern, ...], within: tuple[Pattern, ...], states: int
) -> tuple[tuple[int, str], ...]:
    found: dict[int, str] = {}
    for matched, text in _walk(patterns, within, None, states):
        found.setdefault(matched, text)
    return tuple(found.items())


def find(
    patterns: Sequence[Pattern],
    wanted: Wanted,
    *,
    within: Sequence[Pattern] = (),
    hopeless: Wanted | None = None,
    states: int = STATES,
) -> str | None:
    """A shortest text whose set of matching patterns is wanted, None where there is none.

    hopeless may say that no text is wanted which certain patterns match, whatever else matches it.
    Raises TooManyStates.
    """
    for matched, text in _walk(tuple(patterns), tuple(within), hopeless, states):
        if wanted(matched):
            return text
    return None


def example(pattern: Pattern) -> str:
    """A shortest text that the pattern matches.

    >>> example(Pattern.parse("arn:aws:s3:::?*/*"))
    'arn:aws:s3:::x/'
    """
    return "".join(
        token if isinstance(token, str) else _FILLING[0] if token in (ONE, ONE_IN_FIELD) else ""
        for token in pattern.tokens
    )


@lru_cache(maxsize=65_536)
def meet(one: Pattern, other: Pattern) -> bool:
    """Is there a text that both match?

    >>> meet(Pattern.parse("s3:Get*"), Pattern.parse("s3:*Object"))
    True
    """
    if one.everything or other.everything:
        return True
    if one.exact:
        return other.matches(one.head)
    if other.exact:
        return one.matches(other.head)
    length = min(len(one.head), len(other.head))
    if one.head[:length] != other.head[:length]:
        return False
    return _cross(_machine(one), _machine(other))


def _cross(one: _Machine, other: _Machine) -> bool:
    """Do two patterns match a text in common? Looked for from pair of positions to pair of positions."""
    end = len(one.letters) - 1, len(other.letters) - 1
    seen = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        here, there = waiting.pop()
        if (here, there) == end:
            return True
        following: list[tuple[int, int]] = []
        stay, stays = one.stays[here], other.stays[there]
        if stay:
            following.append((here + 1, there))
        if stays:
            following.append((here, there + 1))
        if here < end[0] and there < end[1]:
            letter, letters = one.letters[here], other.letters[there]
            lets, let = stay or one.skips[here], stays or other.skips[there]
            if letter and letters:
                fits = letter == letters
            elif letter or letters:
                fits = not ((letter or letters) == _COLON and (lets or let) == _BUT_COLON)
            else:
                fits = True
            if fits:
                following.append((here if stay else here + 1, there if stays else there + 1))
        for pair in following:
            if pair not in seen:
                seen.add(pair)
                waiting.append(pair)
    return False


@lru_cache(maxsize=65_536)
def common(patterns: tuple[Pattern, ...]) -> str | None:
    """A shortest text that all of these match, None where there is none. Raises TooManyStates.

    >>> common((Pattern.parse("a*"), Pattern.parse("*b")))
    'ab'
    """
    if len(patterns) == 1:
        return example(patterns[0])
    return find((), lambda matched: True, within=patterns)


@lru_cache(maxsize=65_536)
def covers(whole: Pattern, part: Pattern) -> bool:
    """Does whole match every text that part matches? Raises TooManyStates.

    >>> covers(Pattern.parse("s3:Get*"), Pattern.parse("s3:GetObject?*"))
    True
    """
    if whole.everything or whole == part:
        return True
    if part.exact:
        return whole.matches(part.head)
    if whole.exact:
        return False  # a wildcard makes a second text
    if whole.prefix:
        return part.head.startswith(whole.head)
    if not part.head.startswith(whole.head) or not whole.matches(example(part)):
        return False
    return beyond((part,), (whole,)) is None


def beyond(these: Sequence[Pattern], those: Sequence[Pattern], *, states: int = STATES) -> str | None:
    """A shortest text that one of these matches and none of those, None where there is none.

    Raises TooManyStates.

    >>> beyond([Pattern.parse("iam:*")], [Pattern.parse("iam:Get*"), Pattern.parse("iam:?")])
    'iam:'
    """
    for one in these:
        found = find(those, lambda matched: not matched, within=(one,), hopeless=bool, states=states)
        if found is not None:
            return found
    return None
