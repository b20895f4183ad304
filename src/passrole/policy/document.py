"""A policy document, parsed once into frozen statements.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NoReturn, cast

from passrole.policy import variables
from passrole.policy.conditions import Condition, operator_named
from passrole.values.errors import PassroleError

# "identity" is a managed policy; "inline" one of a user, group or role.
Kind = Literal["identity", "inline", "boundary", "session", "scp", "resource", "trust", "rcp", "endpoint"]

VERSIONS: Final = ("2008-10-17", "2012-10-17")
DEFAULT_VERSION: Final = "2008-10-17"
POLICY_ELEMENTS: Final = frozenset(("Version", "Id", "Statement"))
STATEMENT_ELEMENTS: Final = frozenset(
    (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
)
PRINCIPAL_KINDS: Final = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))

_TEXTS_KEPT: Final = 8192


class UnreadablePolicy(PassroleError, ValueError):
    """A document that means nothing as a policy. path says where: ``Statement[0].Effect``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class PrincipalName:
    """One entry of a Principal element. kind is "" for the bare ``"*"``, else AWS, Service, …"""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement as written: texts are not yet patterns.

    An element that is absent is None; actions and resources are those of the Not… element where
    not_action and not_resource say so, and likewise principals.
    """

    index: int  # its place in the document, from 0
    sid: str  # "" where it has none
    allows: bool
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...] | None
    not_resource: bool
    principals: tuple[PrincipalName, ...] | None
    not_principal: bool
    conditions: tuple[Condition, ...]
    live: bool  # do variables count? They do from Version 2012-10-17 on

    @property
    def label(self) -> str:
        """The Sid, else the statement's place as text."""
        return self.sid or str(self.index)

    @property
    def effect(self) -> str:
        """``Allow`` or ``Deny``."""
        return "Allow" if self.allows else "Deny"


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A parsed document. Two are equal only if they are the same object: parse gives it once a text.

    text is the document as it was given. name and arn are the policy's own, "" for an inline policy
    without either.
    """

    text: str
    kind: Kind | None
    name: str
    arn: str
    version: str
    id: str
    statements: tuple[Statement, ...]
    ready: object = field(default=None, init=False, repr=False)  # what the decision made of it

    @classmethod
    def parse(
        cls,
        document: str | bytes | Mapping[str, object],
        *,
        kind: Kind | None = None,
        name: str = "",
        arn: str = "",
    ) -> Policy:
        """Reads a document: its text, or what a JSON parser made of it.

        Only what could not be evaluated is refused; ``validate.check`` is AWS's own gate.
        Raises UnreadablePolicy saying what is wrong and where.
        """
        if isinstance(document, bytes):
            return _parse(_decoded(document), kind, name, arn)
        if isinstance(document, str):
            return _parse(document, kind, name, arn)
        try:
            text = json.dumps(document)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnreadablePolicy("", f"it is no JSON: {error}") from error
        return _parse(text, kind, name, arn)

    @classmethod
    def read(cls, document: bytes) -> Policy:
        """As parse, for a caller that remembers policies itself: each time it is another one."""
        return _read(_decoded(document), None, "", "")

    @property
    def context_keys(self) -> tuple[str, ...]:
        """The condition keys that the document asks for, variables included, each once as first written.

        As GetContextKeysForCustomPolicy lists them.
        """
        found: dict[str, str] = {}
        for statement in self.statements:
            texts: list[str] = []
            if statement.live:
                texts += statement.resources or ()
            for condition in statement.conditions:
                found.setdefault(condition.key, condition.written)
                if statement.live and condition.variables:
                    texts += condition.wanted
            for text in texts:
                for name in variables.names(text):
                    found.setdefault(name.lower(), name)
        return tuple(found.values())

    def __repr__(self) -> str:
        return f"Policy({self.name or self.arn or self.text[:60]!r})"


class NumberText(str):
    """A JSON number as it was written: conditions compare its text."""

    __slots__ = ()


def load_json(text: str) -> object:
    """The document's JSON value; numbers stay text. Raises UnreadablePolicy, also for a repeated key."""
    try:
        return cast(object, _DECODER.decode(text))
    except (json.JSONDecodeError, RecursionError) as error:
        detail = str(error) if isinstance(error, json.JSONDecodeError) else "it is nested too deep"
        raise UnreadablePolicy("", f"it is no JSON: {detail}") from error


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise UnreadablePolicy("", f"the key {key!r} is there twice in one object")
            seen.add(key)
    return found


def _constant(text: str) -> NoReturn:
    raise UnreadablePolicy("", f"it is no JSON: {text}")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=NumberText, parse_float=NumberText, parse_constant=_constant
)


def _decoded(document: bytes) -> str:
    try:
        return document.decode()
    except UnicodeDecodeError as error:
        raise UnreadablePolicy("", "the text is not UTF-8") from error


def _read(text: str, kind: Kind | None, name: str, arn: str) -> Policy:
    return Policy(text, kind, name, arn, *_contents(text))


@lru_cache(maxsize=_TEXTS_KEPT)
def _contents(text: str) -> tuple[str, str, tuple[Statement, ...]]:
    """Version, Id and statements: policies of one text and of different names share them."""
    document = load_json(text)
    if not isinstance(document, dict):
        _refuse("", "a policy is an object")
    for element in document:
        if element not in POLICY_ELEMENTS:
            _refuse(element, "there is no such element")
    version = document.get("Version", DEFAULT_VERSION)
    if version not in VERSIONS or not _is_text(version):
        _refuse("Version", "it is 2012-10-17 or 2008-10-17")
    identifier = document.get("Id", "")
    if not _is_text(identifier):
        _refuse("Id", "it is a string")
    if "Statement" not in document:
        _refuse("Statement", "it is missing")
    given = document["Statement"]
    statements = given if isinstance(given, list) else [given]
    live = version == "2012-10-17"
    parsed = tuple(
        _statement(
            index, statement, f"Statement[{index}]" if isinstance(given, list) else "Statement", live=live
        )
        for index, statement in enumerate(statements)
    )
    return str(version), str(identifier), parsed


_parse: Final = lru_cache(maxsize=_TEXTS_KEPT)(_read)


def _statement(index: int, given: object, path: str, *, live: bool) -> Statement:
    if not isinstance(given, dict):
        _refuse(path, "a statement is an object")
    for element in given:
        if element not in STATEMENT_ELEMENTS:
            _refuse(f"{path}.{element}", "there is no such element")
    sid = given.get("Sid", "")
    if not _is_text(sid):
        _refuse(f"{path}.Sid", "it is a string")
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        _refuse(f"{path}.Effect", "it is Allow or Deny")
    actions, not_action = _either(given, "Action", path)
    if actions is None:
        _refuse(f"{path}.Action", "Action or NotAction is missing")
    resources, not_resource = _either(given, "Resource", path)
    if "Principal" in given and "NotPrincipal" in given:
        _refuse(f"{path}.NotPrincipal", "Principal and NotPrincipal exclude each other")
    not_principal = "NotPrincipal" in given
    element = "NotPrincipal" if not_principal else "Principal"
    principals = _principals(given[element], f"{path}.{element}") if element in given else None
    conditions = _conditions(given.get("Condition", {}), f"{path}.Condition", live=live)
    return Statement(
        index,
        str(sid),
        effect == "Allow",
        actions,
        not_action,
        resources,
        not_resource,
        principals,
        not_principal,
        conditions,
        live,
    )


def _either(given: dict[str, object], element: str, path: str) -> tuple[tuple[str, ...] | None, bool]:
    """The values of an element or of its Not… twin, and which one it was."""
    twin = f"Not{element}"
    if element in given and twin in given:
        _refuse(f"{path}.{twin}", f"{element} and {twin} exclude each other")
    if twin in given:
        return _texts(given[twin], f"{path}.{twin}"), True
    if element in given:
        return _texts(given[element], f"{path}.{element}"), False
    return None, False


def _texts(given: object, path: str) -> tuple[str, ...]:
    if _is_text(given):
        return (cast(str, given),)
    if isinstance(given, list) and all(_is_text(value) for value in given):
        return tuple(given)
    _refuse(path, "it is a string or a list of strings")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, NumberText)


def _principals(given: object, path: str) -> tuple[PrincipalName, ...]:
    if given == "*" and _is_text(given):
        return (PrincipalName("", "*"),)
    if not isinstance(given, dict):
        _refuse(path, 'it is "*" or an object')
    names: list[PrincipalName] = []
    for kind, values in given.items():
        if kind not in PRINCIPAL_KINDS:
            _refuse(f"{path}.{kind}", "there is no such kind of principal")
        names.extend(PrincipalName(kind, value) for value in _texts(values, f"{path}.{kind}"))
    return tuple(names)


def _conditions(given: object, path: str, *, live: bool) -> tuple[Condition, ...]:
    if not isinstance(given, dict):
        _refuse(path, "it is an object")
    conditions: list[Condition] = []
    for name, keys in given.items():
        if operator_named(name) is None and keys != {}:  # IAM lets an empty one pass, whatever its name
            _refuse(f"{path}.{name}", "there is no such condition operator")
        if not isinstance(keys, dict):
            _refuse(f"{path}.{name}", "it is an object of condition keys")
        for key, values in keys.items():
            wanted = _values(values, f"{path}.{name}.{key}")
            conditions.append(Condition(name, key, wanted, live=live))
    return tuple(conditions)


def _values(given: object, path: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    texts: list[str] = []
    for value in values:
        if isinstance(value, bool):
            texts.append("true" if value else "false")
        elif isinstance(value, str):
            texts.append(str(value))
        else:
            _refuse(path, "a value is a string, a number or a boolean")
    return tuple(texts)


def _refuse(path: str, message: str) -> NoReturn:
    raise UnreadablePolicy(path, message)
