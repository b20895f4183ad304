"""Condition operators: one table, one comparison a family, one rule for absent and many values.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple
context keys or values".
"""

# ruff: noqa: SIM110 -- on the path of every decision a loop costs half of what all() and any() do

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Final, Protocol

from passrole.policy import scalars, variables
from passrole.policy.variables import Context, Template
from passrole.values import glob
from passrole.values.glob import Tokens


class Comparison(Protocol):
    """The policy's values of one key, ready to be compared."""

    def matches(self, asked: str) -> bool:
        """Does the request's value match any of the policy's?"""


Ordered = Decimal | Fraction
Order = Callable[[Ordered, Ordered], bool]
Value = Tokens | Template  # a Template where a variable is to be filled in


class StringIs:
    """``StringEquals``: the same text."""

    __slots__ = ("wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        self.wanted: Final[frozenset[str]] = frozenset(_literal(value) for value in wanted)

    def matches(self, asked: str) -> bool:
        return asked in self.wanted


class StringIsIgnoringCase:
    """``StringEqualsIgnoreCase``."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        self._wanted = frozenset(_literal(value).lower() for value in wanted)

    def matches(self, asked: str) -> bool:
        return asked.lower() in self._wanted


class StringLike:
    """``StringLike``: ``*`` and ``?`` are wildcards."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        self._wanted = tuple(glob.pattern_of(value) for value in wanted)

    def matches(self, asked: str) -> bool:
        for pattern in self._wanted:
            if pattern.matches(asked):
                return True
        return False


class ArnLike:
    """``ArnLike`` and ``ArnEquals``, which do not differ: six fields, each with wildcards.

    A value that is no ARN matches nothing, on either side.
    """

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        self._wanted = tuple(pattern for value in wanted if (pattern := glob.arn_pattern(value)) is not None)

    def matches(self, asked: str) -> bool:
        if not asked.startswith("arn:") or asked.count(":") < 5:
            return False
        for pattern in self._wanted:
            if pattern.matches(asked):
                return True
        return False


class NumberIs:
    """The numeric family. What is no number matches nothing."""

    __slots__ = ("_holds", "_wanted")

    def __init__(self, wanted: Iterable[Tokens], holds: Order) -> None:
        self._wanted = tuple(
            number for value in wanted if (number := scalars.number(_literal(value))) is not None
        )
        self._holds = holds

    def matches(self, asked: str) -> bool:
        number = scalars.number(asked)
        return number is not None and any(self._holds(number, wanted) for wanted in self._wanted)


class DateIs:
    """The date family: ISO 8601 or seconds since 1970, on either side."""

    __slots__ = ("_holds", "_wanted")

    def __init__(self, wanted: Iterable[Tokens], holds: Order) -> None:
        self._wanted = tuple(
            instant for value in wanted if (instant := scalars.instant(_literal(value))) is not None
        )
        self._holds = holds

    def matches(self, asked: str) -> bool:
        instant = scalars.instant(asked)
        return instant is not None and any(self._holds(instant, wanted) for wanted in self._wanted)


class BoolIs:
    """``Bool``: the texts ``true`` and ``false``, whatever their case."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        texts = (_literal(value).lower() for value in wanted)
        self._wanted = frozenset(text for text in texts if text in _BOOLEANS)

    def matches(self, asked: str) -> bool:
        return asked.lower() in self._wanted


class BytesAre:
    """``BinaryEquals``: base64 on either side, compared as bytes."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        self._wanted = frozenset(
            data for value in wanted if (data := scalars.binary(_literal(value))) is not None
        )

    def matches(self, asked: str) -> bool:
        data = scalars.binary(asked)
        return data is not None and data in self._wanted


class AddressIn:
    """``IpAddress``: a network of either family; an address alone is a network of one."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Iterable[Tokens]) -> None:
        networks = (scalars.network(_literal(value)) for value in wanted)
        self._wanted = tuple((each.family, each.mask, each.bits) for each in networks if each is not None)

    def matches(self, asked: str) -> bool:
        address = scalars.address(asked)
        if address is not None:
            family, bits = address.family, address.bits
            for wanted_family, mask, wanted_bits in self._wanted:
                if family == wanted_family and bits & mask == wanted_bits:
                    return True
        return False


# "If the key values in the request resolve to an empty data set (for example, an empty string)", as the
# User Guide has it, set operators see no value at all.
_EMPTY: Final = ("", ("",))
# Values of a request whose answer a condition remembers, and how long they may be.
_ANSWERS_KEPT: Final = 64
_LONGEST_KEPT: Final = 256
_BOOLEANS: Final = frozenset(("true", "false"))


@dataclass(frozen=True, slots=True)
class Operator:
    """A row of the table.

    make gets the policy's values ready. A negated operator shares its twin's comparison and turns the
    answer round once every value of the policy has been tried: it means "none of them".
    """

    make: Callable[[Iterable[Tokens]], Comparison]
    family: str  # the type of its values: "String", "Numeric", "Date", "Bool", "Binary", "IP", "ARN", "Null"
    negated: bool = False
    variables: bool = False  # may the policy's value contain ${...}?
    wildcards: bool = False


def _number(holds: Order) -> Callable[[Iterable[Tokens]], Comparison]:
    return lambda wanted: NumberIs(wanted, holds)


def _date(holds: Order) -> Callable[[Iterable[Tokens]], Comparison]:
    return lambda wanted: DateIs(wanted, holds)


OPERATORS: Final[Mapping[str, Operator]] = {
    "StringEquals": Operator(StringIs, "String", variables=True),
    "StringNotEquals": Operator(StringIs, "String", variables=True, negated=True),
    "StringEqualsIgnoreCase": Operator(StringIsIgnoringCase, "String", variables=True),
    "StringNotEqualsIgnoreCase": Operator(StringIsIgnoringCase, "String", variables=True, negated=True),
    "StringLike": Operator(StringLike, "String", variables=True, wildcards=True),
    "StringNotLike": Operator(StringLike, "String", variables=True, wildcards=True, negated=True),
    "NumericEquals": Operator(_number(compare.eq), "Numeric"),
    "NumericNotEquals": Operator(_number(compare.eq), "Numeric", negated=True),
    "NumericLessThan": Operator(_number(compare.lt), "Numeric"),
    "NumericLessThanEquals": Operator(_number(compare.le), "Numeric"),
    "NumericGreaterThan": Operator(_number(compare.gt), "Numeric"),
    "NumericGreaterThanEquals": Operator(_number(compare.ge), "Numeric"),
    "DateEquals": Operator(_date(compare.eq), "Date"),
    "DateNotEquals": Operator(_date(compare.eq), "Date", negated=True),
    "DateLessThan": Operator(_date(compare.lt), "Date"),
    "DateLessThanEquals": Operator(_date(compare.le), "Date"),
    "DateGreaterThan": Operator(_date(compare.gt), "Date"),
    "DateGreaterThanEquals": Operator(_date(compare.ge), "Date"),
    "Bool": Operator(BoolIs, "Bool", variables=True),
    "BinaryEquals": Operator(BytesAre, "Binary"),
    "IpAddress": Operator(AddressIn, "IP"),
    "NotIpAddress": Operator(AddressIn, "IP", negated=True),
    "ArnEquals": Operator(ArnLike, "ARN", variables=True, wildcards=True),
    "ArnLike": Operator(ArnLike, "ARN", variables=True, wildcards=True),
    "ArnNotEquals": Operator(ArnLike, "ARN", variables=True, wildcards=True, negated=True),
    "ArnNotLike": Operator(ArnLike, "ARN", variables=True, wildcards=True, negated=True),
    "Null": Operator(BoolIs, "Null"),
}


class Quantifier(Enum):
    """How the values of a multivalued key count."""

    ONE = ""  # no set operator: AWS leaves several values undefined, and any of them counts here
    ANY = "ForAnyValue"
    ALL = "ForAllValues"


@dataclass(frozen=True, slots=True)
class OperatorName:
    """``ForAnyValue:StringEqualsIfExists`` taken apart."""

    operator: Operator
    name: str  # "StringEquals"
    quantifier: Quantifier
    if_exists: bool


@lru_cache(maxsize=1024)
def operator_named(text: str) -> OperatorName | None:
    """What the text names, None where there is no such operator. Case counts."""
    quantifier = Quantifier.ONE
    name = text
    head, colon, rest = text.partition(":")
    if colon:
        if head == Quantifier.ANY.value:
            quantifier = Quantifier.ANY
        elif head == Quantifier.ALL.value:
            quantifier = Quantifier.ALL
        else:
            return None
        name = rest
    if_exists = name.endswith("IfExists")
    if if_exists:
        name = name[: -len("IfExists")]
    found = OPERATORS.get(name)
    if found is None or (found.family == "Null" and (if_exists or quantifier is not Quantifier.ONE)):
        return None
    return OperatorName(found, name, quantifier, if_exists)


class Condition:
    """One key under one operator: what a statement asks of a request.

    name is the operator as written, key in lower case, written the key as written, wanted the
    policy's values; keys holds key and the keys of the variables in wanted.
    """

    __slots__ = (
        "_absent",
        "_all",
        "_answers",
        "_comparison",
        "_make",
        "_negated",
        "_plain",
        "_presence",
        "_set",
        "_texts",
        "_values",
        "key",
        "keys",
        "name",
        "variables",
        "wanted",
        "written",
    )

    def __init__(self, name: str, key: str, wanted: Sequence[str], *, live: bool) -> None:
        """live tells that variables count (Version 2012-10-17). Raises KeyError for an unknown operator."""
        found = operator_named(name)
        if found is None:
            raise KeyError(name)
        row = found.operator
        self.name: Final[str] = name
        self.written: Final[str] = key
        self.key: Final[str] = key.lower()
        self.wanted: Final[tuple[str, ...]] = tuple(wanted)
        self._negated = row.negated
        self._presence = row.family == "Null"
        self._all = found.quantifier is Quantifier.ALL
        self._set = found.quantifier is not Quantifier.ONE
        # ForAnyValue over nothing is false with IfExists too: there is no value that could match.
        self._absent = self._all or (not self._set and (found.if_exists or row.negated))
        self.variables: Final[bool] = row.variables  # may the values hold ${...}?
        self._make = row.make
        values = [
            variables.parse(value, live=live and row.variables, wildcards=row.wildcards) for value in wanted
        ]
        named: dict[str, None] = {self.key: None}
        for value in values:
            if isinstance(value, Template):
                named.update(dict.fromkeys(value.keys))
        self.keys: Final[tuple[str, ...]] = tuple(named)
        self._values: tuple[Value, ...] = ()
        self._comparison: Comparison
        if len(named) > 1 or any(isinstance(value, Template) for value in values):
            self._values = tuple(values)
            self._comparison = row.make(())
        else:
            self._comparison = row.make([value for value in values if not isinstance(value, Template)])
        # Most conditions ask one value for one of a few texts: a look-up of their own for these.
        self._plain = not (self._presence or self._set or self._values)
        texts = self._comparison.wanted if isinstance(self._comparison, StringIs) else None
        self._texts = texts if self._plain else None
        self._answers: dict[str, bool] = {}

    def holds(self, context: Context) -> bool:
        """Does the request's context meet the condition?

        A value of the policy whose variable has no value equals nothing, so that negated operators hold
        against it. Source: IAM User Guide, "Variables and tags", "Policy variables with no value".
        """
        asked = context.get(self.key)
        if isinstance(asked, str):
            if self._texts is not None:
                return (asked in self._texts) != self._negated
            if self._plain:
                answer = self._answers.get(asked)
                return self._answer(asked) if answer is None else answer
        comparison = self._comparison
        if self._values:
            values = (value.fill(context) if isinstance(value, Template) else value for value in self._values)
            comparison = self._make([value for value in values if value is not None])
        if self._presence:
            return comparison.matches("true" if asked is None or asked == () else "false")
        if asked is None or asked == ():
            return self._absent
        if self._set and asked in _EMPTY:
            return self._all
        if isinstance(asked, str):
            return comparison.matches(asked) != self._negated
        if self._all:
            for one in asked:
                if comparison.matches(one) == self._negated:
                    return False
            return True
        for one in asked:
            if comparison.matches(one) != self._negated:
                return True
        return False

    def _answer(self, asked: str) -> bool:
        """Compares, and remembers: one caller's address, agent or ARN comes again and again."""
        answer = self._comparison.matches(asked) != self._negated
        if len(self._answers) >= _ANSWERS_KEPT:
            self._answers.clear()
        if len(asked) <= _LONGEST_KEPT:
            self._answers[asked] = answer
        return answer

    def __repr__(self) -> str:
        return f"Condition({self.name!r}, {self.written!r}, {list(self.wanted)!r})"


def _literal(value: Tokens) -> str:
    return "".join(token if isinstance(token, str) else token.value for token in value)
