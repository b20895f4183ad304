"""What the ARNs of the resources that an action is authorized on look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from passrole.catalog import operations, templates
from passrole.catalog.services import action_prefix
from passrole.values.glob import ANY, ANY_IN_FIELD, ONE, ONE_IN_FIELD, Pattern, Token, pattern_of

# What a request asks about whose action has no resource types; as a pattern it would be everything.
NO_RESOURCE: Final = pattern_of(("*",))

_PART: Final = re.compile(r"\{([^}]*)\}")
_UNKNOWN: Final = "arn:{partition}:%s:{region}:{account}:{*}"
_ANYTHING: Final = "*"
_ROLE: Final = "arn:{partition}:iam::{account}:role/{RoleName}"
# No operation is authorized for the one by itself, and the other's input is a whole ARN.
_OF_ROLES: Final = {"iam": "passrole", "sts": "assumerole"}


@lru_cache(maxsize=65_536)
def arn_forms(
    action: str, *, account: str = "", region: str = "", partition: str = "aws"
) -> tuple[Pattern, ...]:
    """Patterns of those ARNs; NO_RESOURCE is among them where the action has no resource types.

    account and region "" stand for any. For an action that the catalog does not know: any ARN of the service,
    and NO_RESOURCE. Names have no colon, but for keys of S3's objects.

    >>> arn_forms("sqs:SendMessage", account="111122223333")[0].text
    'arn:aws:sqs:*:111122223333:?*'
    """
    prefix, _, name = action.lower().partition(":")
    places = {"account": account, "region": region, "partition": partition}
    found = _forms(prefix).get(name, (_UNKNOWN % prefix, "*"))
    return tuple(dict.fromkeys(_pattern(one, places, keys=prefix.startswith("s3")) for one in found))


def _pattern(template: str, places: Mapping[str, str], *, keys: bool) -> Pattern:
    if template == "*":
        return NO_RESOURCE
    found: list[Token] = []
    text = _PART.split(template)  # literals and what stands in braces, in turn
    for number, part in enumerate(text):
        if number % 2 == 0:
            found.append(part)
        elif part in places:
            found.append(places[part] or ANY_IN_FIELD)
        elif part == _ANYTHING:
            found += [ONE, ANY]
        elif part.startswith("copy-source:"):  # a bucket and a key
            found += [ONE_IN_FIELD, ANY_IN_FIELD, "/", ONE, ANY]
        else:
            some: list[Token] = [ONE, ANY] if keys else [ONE_IN_FIELD, ANY_IN_FIELD]
            found += some[1:] if part.endswith("?") else some
    return pattern_of(tuple(found))


@lru_cache(maxsize=512)
def _forms(prefix: str) -> Mapping[str, tuple[str, ...]]:
    """The templates of each action of a prefix, by its name in lower case."""
    found: dict[str, dict[str, None]] = {}
    for service in _services().get(prefix, ()):
        for name in operations.operation_names(service):
            operation = operations.operation(service, name)
            for use in operation.actions if operation is not None else ():
                owner, _, action = use.action.lower().partition(":")
                if owner == prefix:
                    forms = found.setdefault(action, {})
                    if not use.resources:
                        forms["*"] = None
                    for one in use.resources:
                        forms[_form(one.template, prefix)] = None
    if prefix in _OF_ROLES:
        found[_OF_ROLES[prefix]] = {_ROLE: None}
    return {action: tuple(forms) for action, forms in found.items()}


def _form(template: str, prefix: str) -> str:
    known = template.startswith("arn:") and template != templates.UNKNOWN
    return template if known else _UNKNOWN % prefix


@lru_cache(maxsize=1)
def _services() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for service in operations.services():
        found.setdefault(action_prefix(service), []).append(service)
    return {prefix: tuple(services) for prefix, services in found.items()}
