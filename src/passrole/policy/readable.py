"""Whether a document can be read as a policy, without making anything of it.

A reader of whole accounts has thousands of documents of which most are never asked about.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from passrole.policy.conditions import operator_named
from passrole.policy.document import (
    DEFAULT_VERSION,
    POLICY_ELEMENTS,
    PRINCIPAL_KINDS,
    STATEMENT_ELEMENTS,
    VERSIONS,
    NumberText,
    Policy,
    UnreadablePolicy,
    load_json,
)

_TEXTS_KEPT: Final = 8192


@lru_cache(maxsize=_TEXTS_KEPT)
def why_unreadable(text: str) -> str:
    """What keeps the text from being a policy, as Policy.read says it; "" where nothing does.

    >>> why_unreadable('{"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}}')
    'Statement.Effect: it is Allow or Deny'
    """
    try:
        if not _is_plain(load_json(text)) or not _is_utf8(text):
            Policy.read(text.encode("utf-8", "surrogatepass"))
    except UnreadablePolicy as error:
        return str(error)
    return ""


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _is_plain(document: object) -> bool:
    """Is it surely a policy? The parser tells of whatever is not as it mostly is."""
    if not isinstance(document, dict) or not document.keys() <= POLICY_ELEMENTS:
        return False
    if document.get("Version", DEFAULT_VERSION) not in VERSIONS or not _is_text(document.get("Id", "")):
        return False
    statements = document.get("Statement")
    if not isinstance(statements, list):
        return isinstance(statements, dict) and _is_statement(statements)
    return all(isinstance(one, dict) and _is_statement(one) for one in statements)


def _is_statement(given: dict[str, object]) -> bool:
    if not given.keys() <= STATEMENT_ELEMENTS or given.get("Effect") not in ("Allow", "Deny"):
        return False
    if not _is_text(given.get("Sid", "")) or ("Action" in given) is ("NotAction" in given):
        return False
    if "Resource" in given and "NotResource" in given:
        return False
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if element in given and not _is_texts(given[element]):
            return False
    if "NotPrincipal" in given or ("Principal" in given and not _is_principal(given["Principal"])):
        return False
    return "Condition" not in given or _is_condition(given["Condition"])


def _is_principal(given: object) -> bool:
    if not isinstance(given, dict):
        return given == "*" and _is_text(given)
    return given.keys() <= PRINCIPAL_KINDS and all(map(_is_texts, given.values()))


def _is_condition(given: object) -> bool:
    if not isinstance(given, dict):
        return False
    for operator, keys in given.items():
        if operator_named(operator) is None or not isinstance(keys, dict):
            return False
        for values in keys.values():
            for value in values if isinstance(values, list) else (values,):
                if not isinstance(value, str | bool):
                    return False
    return True


def _is_texts(given: object) -> bool:
    return all(map(_is_text, given)) if isinstance(given, list) else _is_text(given)


def _is_text(given: object) -> bool:
    return isinstance(given, str) and not isinstance(given, NumberText)
