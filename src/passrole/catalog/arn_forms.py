"""What the ARNs of the resources that an action is authorized on look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from passrole.catalog import operations, templates
from passrole.catalog.operations import PASS_ROLE
from passrole.catalog.services import action_prefix

_PART: Final = re.compile(r"\{([^}]*)\}")
_UNKNOWN: Final = "arn:{partition}:%s:{region}:{account}:{any}"
# No operation is authorized for it by itself.
_ROLE: Final = "arn:{partition}:iam::{account}:role/{RoleName}"


def arn_forms(
    action: str, *, account: str = "*", region: str = "*", partition: str = "aws"
) -> tuple[str, ...]:
    """Patterns of those ARNs, as Resource has them; ``*`` alone is an action without resource types.

    For an action that the catalog does not know: any ARN of the service, and ``*``.

    >>> arn_forms("sqs:SendMessage", account="111122223333")
    ('arn:aws:sqs:*:111122223333:?*',)
    """
    prefix, _, name = action.lower().partition(":")
    places = {"account": account, "region": region, "partition": partition}
    found = _forms(prefix).get(name, (_UNKNOWN % prefix, "*"))
    return tuple(dict.fromkeys(_PART.sub(lambda part: _filled(part[1], places), one) for one in found))


def _filled(part: str, places: Mapping[str, str]) -> str:
    if part.startswith("copy-source:"):
        return "?*/?*"  # a bucket and a key
    return places.get(part) or ("*" if part.endswith("?") else "?*")


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
    if prefix == "iam":
        found[PASS_ROLE.partition(":")[2].lower()] = {_ROLE: None}
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
