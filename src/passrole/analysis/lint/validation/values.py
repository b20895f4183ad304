"""Checks of the values in Condition blocks: their types, and what they can match at all."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from passrole.analysis.lint.checks import is_wild
from passrole.analysis.lint.grants import Asked
from passrole.analysis.lint.node import Node, is_unknown
from passrole.analysis.lint.validation.principals import SERVICE, SERVICE_FORMAT
from passrole.analysis.lint.validation.subject import Said, Subject, spot
from passrole.policy import scalars
from passrole.policy.conditions import OperatorName, Quantifier
from passrole.policy.document import NumberText

_VPC: Final = re.compile(r"vpc-(?:[0-9a-z]{8}|[0-9a-z]{17})", re.ASCII)
_VPCE: Final = re.compile(r"vpce-(?:[0-9a-z]{8}|[0-9a-z]{17})", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+|aws-global", re.ASCII)
_KMS: Final = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/.+", re.ASCII)
_VIA: Final = re.compile(r"[a-z0-9.-]+\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]+\.amazonaws\.com(?:\.cn)?", re.ASCII)
_EPOCH: Final = re.compile(r"[+-]?\d{5,}(?:\.\d+)?", re.ASCII)
# The addresses that no request comes from over the Internet. Source: RFC 1918, RFC 4193.
_PRIVATE: Final = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
_OF_FORM: Final = {
    "aws:sourcevpc": (_VPC, "INVALID_VPC_FORMAT"),
    "aws:sourcevpce": (_VPCE, "INVALID_VPCE_FORMAT"),
    "aws:requestedregion": (_REGION, "INVALID_REGION"),
    "ec2:region": (_REGION, "INVALID_REGION"),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": (_KMS, "INVALID_KMS_KEY_VALUE"),
    "iam:passedtoservice": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "iam:awsservicename": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "aws:calledvia": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "aws:calledviafirst": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "aws:calledvialast": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "aws:principalservicename": (SERVICE, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    "kms:viaservice": (_VIA, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
}
_FORMATS: Final = {"kms:viaservice": "service-name.region.amazonaws.com"}
# Whose widest value is enough by itself.
_WIDEST: Final = {
    "NumericLessThan": "greatest",
    "NumericLessThanEquals": "greatest",
    "NumericGreaterThan": "least",
    "NumericGreaterThanEquals": "least",
}
# Operators that compare whole texts.
_EXACT: Final = frozenset(
    ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
)


def check(subject: Subject, one: Asked, operator: OperatorName) -> Iterator[Said]:
    family = operator.operator.family
    listed = one.key_at.value.items
    if listed == ():
        yield _empty(one, operator)
        return
    known = [
        value
        for value in one.values
        if value.items is None and value.members is None and not is_unknown(value)
    ]
    if len({_json_type(value) for value in known}) > 1:
        yield Said("INVALID_CONDITION_DATA_TYPE", (spot(one.key_at.value),))
    if family in ("Bool", "Null") and len(one.values) > 1:
        yield Said("INVALID_CONDITION_MULTIPLE_BOOLEAN", (spot(one.key_at.value),))
    plain: list[Node] = []
    for value in known:
        if subject.live and "${" in _text(value):
            if family not in ("String", "ARN"):
                yield Said("INVALID_VARIABLE_FOR_OPERATOR", (spot(value),))
        else:
            plain.append(value)
    for value in plain:
        yield from _typed(value, family, one.operator_at.name)
        yield from _of_form(value, one, operator)
    if family == "IP":
        yield from _addresses(one, operator, plain)
    if len(plain) > 1 and operator.name in _WIDEST:
        told = {"operator": one.operator_at.name, "which": _WIDEST[operator.name], "key": one.key_at.name}
        yield Said("REDUNDANT_CONDITION_VALUE_NUM", (spot(one.key_at.value),), told)
    if operator.operator.wildcards and family == "String":
        yield from _everything(one, operator, plain)


def _empty(one: Asked, operator: OperatorName) -> Said:
    code = "EMPTY_ARRAY_CONDITION"
    if operator.quantifier is not Quantifier.ONE:
        code += f"_{operator.quantifier.value.upper()}"
    elif operator.if_exists:
        code += "_IFEXISTS"
    return Said(code, (spot(one.key_at.value),), {"key": one.key_at.name})


def _json_type(value: Node) -> str:
    return "number" if isinstance(value.value, NumberText) else type(value.value).__name__


def _text(value: Node) -> str:
    if isinstance(value.value, bool):
        return "true" if value.value else "false"
    return value.value or ""


# --- Types ------------------------------------------------------------------------------------


def _typed(value: Node, family: str, operator: str) -> Iterator[Said]:
    text = _text(value)
    told = {"operator": operator}
    if family == "Numeric" and scalars.number(text) is None:
        yield Said("TYPE_MISMATCH_NUMBER", (spot(value),), told)
    elif family in ("Bool", "Null") and text.lower() not in ("true", "false"):
        yield Said("TYPE_MISMATCH_BOOLEAN", (spot(value),), told)
    elif family == "Binary" and scalars.binary(text) is None:
        yield Said("TYPE_MISMATCH_STRING", (spot(value),), told)
    elif family == "Date":
        if scalars.instant(text) is None:
            yield Said("TYPE_MISMATCH_DATE", (spot(value),))
        elif _EPOCH.fullmatch(text):
            yield Said("INVALID_DATE_VALUE", (spot(value),), {"date": text})
    elif family == "IP" and scalars.network(text) is None:
        yield Said("TYPE_MISMATCH_IP_RANGE", (spot(value),), told)


def _of_form(value: Node, one: Asked, operator: OperatorName) -> Iterator[Said]:
    """Values of keys that have a form of their own, and wildcards where they are none."""
    text = _text(value)
    if operator.operator.family != "String":
        return
    if operator.name in _EXACT and is_wild(text):
        yield Said("WILDCARD_WITHOUT_LIKE_OPERATOR", (spot(value),))
        return
    form, code = _OF_FORM.get(one.key, (None, ""))
    if form is not None and not is_wild(text) and form.fullmatch(text) is None:
        told = {"region": text, "key": one.key_at.name, "format": _FORMATS.get(one.key, SERVICE_FORMAT)}
        yield Said(code, (spot(value),), told)


# --- Addresses --------------------------------------------------------------------------------


def _addresses(one: Asked, operator: OperatorName, plain: list[Node]) -> Iterator[Said]:
    private = 0
    networks = 0
    for value in plain:
        try:
            network = ipaddress.ip_network(_text(value), strict=False)
            base = ipaddress.ip_address(_text(value).partition("/")[0])
        except ValueError:
            continue
        networks += 1
        private += any(other.version == network.version and network.subnet_of(other) for other in _PRIVATE)  # type: ignore[arg-type]  # of one version
        if base != network.network_address:
            yield Said("IMPROVE_IP_RANGE", (spot(value),), {"address": str(network.network_address)})
    if private and one.key == "aws:sourceip":
        code = "PRIVATE_NOT_IP_ADDRESS" if operator.operator.negated else "PRIVATE_IP_ADDRESS"
        yield Said(code if private == networks else f"{code}_SUBSET", (spot(one.key_at.value),))


# --- Wildcards that take everything in --------------------------------------------------------


def _everything(one: Asked, operator: OperatorName, plain: list[Node]) -> Iterator[Said]:
    """StringLike with a star alone: it asks only whether the key is there, if anything.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (absent keys, IfExists) and
    "Multivalued context keys" (set operators over nothing).
    """
    star = next((value for value in plain if re.fullmatch(r"\*+", _text(value))), None)
    if star is None:
        return
    every, any_of = operator.quantifier is Quantifier.ALL, operator.quantifier is Quantifier.ANY
    if not operator.operator.negated:
        always = every or (operator.if_exists and not any_of)
        code = "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION" if always else "EQUIVALENT_TO_NULL_FALSE"
    else:
        code = "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION" if any_of else "EQUIVALENT_TO_NULL_TRUE"
    told = {"key": one.key_at.name, "operator": one.operator_at.name}
    yield Said(code, (spot(star),), told)
