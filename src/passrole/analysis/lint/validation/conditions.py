"""Checks of Condition blocks: operators, keys, and how the two go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.grants import Asked, asked_of
from passrole.analysis.lint.node import UNKNOWN, Node
from passrole.analysis.lint.validation import values
from passrole.analysis.lint.validation.principals import github_sub
from passrole.analysis.lint.validation.subject import Said, Subject, allows, spot
from passrole.catalog import actions, keys
from passrole.catalog.keys import ARN, BOOL, DATE, IP, NUMERIC, STRING
from passrole.policy.conditions import OperatorName, Quantifier

_NULL: Final = re.compile(r"(?P<set>(?:ForAllValues|ForAnyValue):)?Null(?P<exists>IfExists)?")
_TAGS: Final = re.compile(r"(?P<key>[\w-]+:(?:ResourceTag|RequestTag|PrincipalTag))/?", re.IGNORECASE)
_PREFIX: Final = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
# Keys that end in a tag's, which the reference writes in a way of its own. Source: Service Authorization
# Reference, "Actions, resources, and condition keys for Amazon S3".
_OBJECT_TAGS: Final = re.compile(r"s3:(?:Existing|Request)ObjectTag/.+", re.IGNORECASE | re.DOTALL)
# Keys of sign-in providers, which are no service's. Source: IAM User Guide, "IAM and AWS STS condition
# context keys".
_PROVIDERS: Final = frozenset(("saml", "doc"))
_ARN_KEY: Final = "aws:arn"  # as it was called once
# What a key's type may be compared by; every key by Null. Arn operators take texts that are ARNs, so
# StringEquals on one of those is as good.
_FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    STRING: frozenset(("String", "Binary", "ARN")),
    ARN: frozenset(("ARN", "String")),
    BOOL: frozenset(("Bool",)),
    NUMERIC: frozenset(("Numeric",)),
    DATE: frozenset(("Date", "Numeric")),
    IP: frozenset(("IP",)),
}
_TYPES: Final[Mapping[str, str]] = {
    STRING: "string",
    ARN: "ARN",
    BOOL: "Boolean",
    NUMERIC: "numeric",
    DATE: "date",
    IP: "IP address",
}
_OPERATORS: Final[Mapping[str, str]] = {
    "String": "string",
    "ARN": "ARN",
    "Bool": "Boolean",
    "Numeric": "numeric",
    "Date": "date",
    "IP": "IP address",
    "Binary": "binary",
}
# Keys that mean little without another. Source: IAM User Guide, "AWS global condition context keys",
# aws:VpcSourceIp; the spelling is that of ValidatePolicy's findings.
_PAIRED: Final[Mapping[str, tuple[str, ...]]] = {"aws:vpcsourceip": ("aws:SourceVPC", "aws:SourceVPCE")}
# What the caller can set at will. Source: IAM User Guide, "AWS global condition context keys".
_UNTRUSTWORTHY: Final = frozenset(("aws:referer", "aws:useragent"))
_ATTRIBUTES, _SELECT, _SPECIFIC = "dynamodb:attributes", "dynamodb:select", "SPECIFIC_ATTRIBUTES"
_S3_PREFIX: Final = "s3:prefix"


def check(subject: Subject) -> Iterator[Said]:
    for statement in subject.statements:
        block = statement.get("Condition")
        if block is None or block.members is None:
            continue
        if not block.members:
            yield Said("EMPTY_OBJECT_CONDITION", (spot(block),))
        for operator in block.members:
            if operator.value.members == ():
                yield Said("EMPTY_OBJECT_CONDITION", (spot(operator.value),))
            yield from _spelled_twice(operator.value)
            found = _NULL.fullmatch(operator.name)
            if found is not None and found["exists"]:
                yield Said("NULL_WITH_IF_EXISTS", (spot(operator),))
            elif found is not None and found["set"]:
                yield Said("NULL_WITH_QUALIFIER", (spot(operator),))
        asked = asked_of(statement)
        for one in asked:
            yield from _key(one)
            if one.operator is not None and UNKNOWN not in one.key:
                yield from _typed(statement, one, one.operator)
                yield from values.check(subject, one, one.operator)
        yield from _together(subject, statement, asked)


def _spelled_twice(block: Node) -> Iterator[Said]:
    seen: dict[str, str] = {}
    for one in block.members or ():
        before = seen.setdefault(one.name.lower(), one.name)
        if before != one.name:
            yield Said("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", (spot(one),), {"key": one.name})


def _key(one: Asked) -> Iterator[Said]:
    """Is there such a key?"""
    name, where = one.key_at.name, (spot(one.key_at),)
    prefix, colon, _ = name.partition(":")
    if UNKNOWN in name or "${" in name or not name or _OBJECT_TAGS.fullmatch(name):
        return
    tag = _TAGS.fullmatch(name)
    if not colon:
        yield Said("INVALID_CONDITION_KEY_FORMAT", where)
    elif one.key == _ARN_KEY:
        yield Said("UNSUPPORTED_GLOBAL_CONDITION_KEY", where)
    elif tag is not None:
        yield Said("MISSING_TAG_KEY_IN_CONDITION", where, {"key": f"{tag['key']}/"})
    elif keys.key(name) is not None:
        if one.key in _UNTRUSTWORTHY:
            yield Said("UNTRUSTWORTHY_CONDITION_KEY", where, {"key": name})
    elif prefix.lower() == "aws":
        yield Said("INVALID_GLOBAL_CONDITION_KEY", where, {"key": name})
    elif actions.actions(prefix):
        yield Said("INVALID_SERVICE_CONDITION_KEY", where, {"key": name, "service": prefix})
    elif _PREFIX.fullmatch(prefix) and prefix.lower() not in _PROVIDERS:
        yield Said("INVALID_SERVICE", where, {"service": prefix})


def _typed(statement: Node, one: Asked, operator: OperatorName) -> Iterator[Said]:
    """Does the operator go with the key?"""
    known = keys.key(one.key_at.name)
    family = operator.operator.family
    if known is None or family == "Null":
        return
    name, where = one.key_at.name, (spot(one.key_at),)
    told = {"allowed": _TYPES[known.type], "operator": _OPERATORS[family], "key": name}
    if family not in _FAMILIES[known.type]:
        yield Said("TYPE_MISMATCH", where, told)
    elif known.type == ARN and operator.name == "StringLike":
        yield Said("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", where, told)
    if known.multivalued and operator.quantifier is Quantifier.ONE:
        yield Said("MISSING_QUALIFIER", where, {"key": name})
    elif not known.multivalued and operator.quantifier is Quantifier.ALL and allows(statement):
        yield Said("FORALLVALUES_WITH_SINGLE_VALUED_KEY", (spot(one.operator_at),), {"key": name})


def _together(subject: Subject, statement: Node, asked: tuple[Asked, ...]) -> Iterator[Said]:
    """Keys that need others beside them, and that mean little under such a statement."""
    present = {one.key for one in asked}
    for one in asked:
        paired = _PAIRED.get(one.key, ())
        if paired and not present & {key.lower() for key in paired}:
            told = {"key": one.key_at.name, "keys": ", ".join(paired)}
            yield Said("MISSING_PAIRED_CONDITION_KEYS", (spot(one.key_at),), told)
        if one.operator is None:
            continue
        if one.key == _S3_PREFIX and one.operator.operator.negated == allows(statement):
            yield Said("S3_PREFIX_IN_NEGATIVE_CONTEXT", (spot(one.key_at),))
        if one.key.endswith(":aud") and one.operator.quantifier is Quantifier.ANY:
            told = {"key": one.key_at.name}
            yield Said("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", (spot(one.operator_at),), told)
        if not one.operator.operator.negated and allows(statement):
            for value in one.values:
                yield from github_sub(subject, one.key_at.name, value)
    if _ATTRIBUTES in present and allows(statement) and not any(map(_selects, asked)):
        (first, *_) = (one for one in asked if one.key == _ATTRIBUTES)
        yield Said("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", (spot(first.key_at),))


def _selects(one: Asked) -> bool:
    return one.key == _SELECT and any(value.text == _SPECIFIC for value in one.values)
