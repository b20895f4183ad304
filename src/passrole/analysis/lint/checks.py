"""What the rules about iam:PassRole look for: predicates over a statement that grants it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from passrole.analysis.askers import never_passing
from passrole.analysis.lint.document import KnownRole
from passrole.analysis.lint.grants import Asked, Grant
from passrole.analysis.lint.node import UNKNOWN, Node
from passrole.analysis.lint.rule import Fix, Hit
from passrole.analysis.lint.tags import is_tag, quoted
from passrole.analysis.lint.validation.grants_wide import is_wide
from passrole.catalog import keys
from passrole.catalog.services import linked_roles
from passrole.policy import variables
from passrole.policy.conditions import Quantifier
from passrole.values.glob import Pattern

_EVERY_ROLE: Final = re.compile(r"\*+|arn:[^:]*:iam::[^:]*:(?:\*+|role\*+|role/\*+)")
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
# The operators that compare whole texts, and the one that takes wildcards in their place.
_EXACT: Final = {
    "StringEquals": "StringLike",
    "StringNotEquals": "StringNotLike",
    "StringEqualsIgnoreCase": "",
    "StringNotEqualsIgnoreCase": "",
}


# --- Resource tags ----------------------------------------------------------------------------


def tagged(grant: Grant) -> Iterator[Hit]:
    """A condition on a tag of the role, or a variable of one in Resource or in a condition's value."""
    seen: set[str] = set()
    for one in grant.conditions:
        if is_tag(one.key_at.name):
            yield Hit(one.key_at.start, one.key_at.end, {"key": one.key_at.name})
        for node in one.values:
            yield from _in_variables(grant, node, seen)
    for node in grant.resources:
        yield from _in_variables(grant, node, seen)


def _in_variables(grant: Grant, node: Node, seen: set[str]) -> Iterator[Hit]:
    for name in variables.names(node.text) if grant.statement.live else ():
        if is_tag(name) and name not in seen:
            seen.add(name)
            yield Hit(node.start, node.end, {"key": f"${{{name}}}"})


# --- Access Analyzer's ------------------------------------------------------------------------


def _shape(grant: Grant) -> tuple[str, bool] | None:
    """How a statement without iam:PassedToService comes to many roles.

    By ``name``, by a wildcard ``pattern`` or by ``not`` action, and whether through NotResource. What are
    many roles is as Access Analyzer has it.
    """
    if grant.by_service:
        return None
    way = "not" if grant.statement.not_action else "name" if grant.named else "pattern"
    if grant.statement.not_resource:
        return way, True
    if any(is_wide(node.text) for node in grant.resources):
        return way, False
    return None


def star_in_resource(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("name", False):
        yield _at_element(grant)


def star_in_action_and_resource(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("pattern", False):
        yield _at_element(grant)


def star_in_resource_and_not_action(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("not", False):
        yield _at_element(grant)


def not_resource(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("name", True):
        yield _at_element(grant)


def star_in_action_and_not_resource(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("pattern", True):
        yield _at_element(grant)


def not_action_and_not_resource(grant: Grant) -> Iterator[Hit]:
    if _shape(grant) == ("not", True):
        yield _at_element(grant)


def _at_element(grant: Grant) -> Hit:
    return Hit(grant.element.start, grant.element.value.end)


def for_all_values(grant: Grant) -> Iterator[Hit]:
    """ForAllValues holds of a key that is absent."""
    for one in grant.conditions:
        if one.operator is None or one.operator.quantifier is not Quantifier.ALL or is_tag(one.key):
            continue
        known = keys.key(one.key)
        if known is not None and not known.multivalued:
            yield Hit(one.operator_at.start, one.operator_at.end, {"key": known.name})


# --- Which roles ------------------------------------------------------------------------------


def every_role(grant: Grant) -> Iterator[Hit]:
    """Every role, though only to some services: where all are, Access Analyzer's checks say so."""
    if not grant.by_service:
        return
    if grant.statement.not_resource or any(_EVERY_ROLE.fullmatch(one.text) for one in grant.resources):
        yield _at_element(grant)


def another_account(grant: Grant) -> Iterator[Hit]:
    """Roles of an account that is not the principal's, or of several: one at most can be its own."""
    if grant.statement.not_resource:
        return
    own = grant.account
    for node in grant.resources:
        account = _account(node)
        if not account:
            continue
        if own and account != own:
            yield Hit(node.start, node.end, {"account": account, "own": f"account {own}"})
        own = own or account


def _account(node: Node) -> str:
    fields = node.text.split(":", 5)
    return fields[4] if len(fields) == 6 and fields[2] == "iam" and _ACCOUNT.fullmatch(fields[4]) else ""


def administrator(grant: Grant) -> Iterator[Hit]:
    """A role that may do everything, named or covered by a pattern that is not of every role."""
    if grant.statement.not_resource:
        return
    for node in grant.resources:
        if _EVERY_ROLE.fullmatch(node.text):
            continue
        for role in grant.roles:
            if role.administrator and _covers(grant, node, role):
                yield Hit(node.start, node.end, {"role": quoted(role.name or role.key)})


def _covers(grant: Grant, node: Node, role: KnownRole) -> bool:
    if UNKNOWN in node.text and role.key:
        return (
            re.search(rf"(?<![\w.-]){re.escape(role.key)}(?![\w-])", grant.text[node.start : node.end])
            is not None
        )
    fields = node.text.split(":", 5)
    if UNKNOWN in node.text or not role.name or len(fields) != 6:
        return False
    if role.account and _ACCOUNT.fullmatch(fields[4]) and fields[4] != role.account:
        return False
    return Pattern.parse(fields[5]).matches(f"role{role.path}{role.name}")


def path_lost(grant: Grant) -> Iterator[Hit]:
    """A role by its name alone that has a path: the ARN is of no role."""
    if grant.statement.not_resource:
        return
    for node in grant.resources:
        fields = node.text.split(":", 5)
        if len(fields) != 6 or not fields[5].startswith("role/") or UNKNOWN in fields[5] or "${" in fields[5]:
            continue
        name = fields[5].removeprefix("role/")
        if "/" in name or "*" in name or "?" in name:
            continue
        paths = {one.path for one in grant.roles if one.name == name and _same_account(one, fields[4])}
        if len(paths) == 1 and (path := paths.pop()) not in ("/", "") and UNKNOWN not in path:
            whole = f"role{path}{name}"
            fix = Fix(node.start, node.end, f"role/{name}", whole, f"names {name} with its path")
            yield Hit(node.start, node.end, {"name": quoted(name), "whole": quoted(whole)}, fix)
        elif not paths and (linked := _linked(name)):
            yield Hit(node.start, node.end, {"name": quoted(name), "whole": linked})


def _same_account(role: KnownRole, account: str) -> bool:
    return not role.account or not _ACCOUNT.fullmatch(account) or role.account == account


def _linked(name: str) -> str:
    """A service-linked role's resource, by its name."""
    for one in linked_roles().values():
        if one.role_name == name:
            return f"role{one.path}{name}"
    return ""


def any_service(grant: Grant) -> Iterator[Hit]:
    """No iam:PassedToService, though no wildcard: for those, Access Analyzer's checks say so."""
    if not grant.by_service and _shape(grant) is None:
        yield Hit(grant.action_element.start, grant.action_element.value.end)


# --- Conditions -------------------------------------------------------------------------------


def is_wild(text: str) -> bool:
    """Does it hold a wildcard, ``${*}`` apart?"""
    return re.search(r"[*?]", re.sub(r"\$\{[*?$]\}", "", text)) is not None


def literal_wildcard(grant: Grant) -> Iterator[Hit]:
    for one in grant.conditions:
        operator = one.operator
        if operator is None or operator.name not in _EXACT or is_tag(one.key):
            continue
        for node in one.values:
            if is_wild(node.text):
                like = _EXACT[operator.name]
                values = {
                    "operator": one.operator_at.name,
                    "key": quoted(one.key_at.name),
                    "value": quoted(node.text),
                    "like": like or "StringLike with both spellings",
                }
                yield Hit(node.start, node.end, values, _like(grant, one, like))
                break


def _like(grant: Grant, one: Asked, like: str) -> Fix | None:
    """Another operator, where the block holds this key alone and there is no such block yet."""
    block = grant.node.get("Condition")
    name = one.operator_at.name
    if not like or block is None or len(one.operator_at.value.members or ()) != 1 or one.operator is None:
        return None
    new = name.replace(one.operator.name, like)
    if block.member(new) is not None:
        return None
    return Fix(
        one.operator_at.start, one.operator_at.end, name, new, f"{name} becomes {new}, which takes wildcards"
    )


def not_carried(grant: Grant) -> Iterator[Hit]:
    """Keys of other actions: on what is for iam:PassRole they say nothing, or nobody passes anything."""
    if not grant.meant:
        return
    for one in grant.conditions:
        if one.operator is None or is_tag(one.key) or UNKNOWN in one.key or not never_passing(one.key):
            continue
        negated = one.operator.operator.negated or one.operator.if_exists
        if one.operator.operator.family == "Null":
            negated = all(node.value is True or node.text.lower() == "true" for node in one.values)
        holds = negated or one.operator.quantifier is Quantifier.ALL
        effect = "so the condition always holds" if holds else "so the statement never lets a role be passed"
        yield Hit(one.key_at.start, one.key_at.end, {"key": quoted(one.key_at.name), "effect": effect})


# --- How it is granted ------------------------------------------------------------------------


def through_wildcard(grant: Grant) -> Iterator[Hit]:
    if grant.named:
        return
    if grant.statement.not_action:
        element = grant.action_element
        yield Hit(
            element.start, element.value.end, {"by": "NotAction, which leaves it out of what is excluded"}
        )
        return
    for node in grant.actions[:1]:
        yield Hit(node.start, node.end, {"by": quoted(node.text)})


def unread(grant: Grant) -> Iterator[Hit]:
    """Consoles list the roles that can be chosen, and read the one that was."""
    if not grant.meant:
        return
    missing = [name for name in ("iam:GetRole", "iam:ListRoles") if not _granted(grant, name)]
    if missing:
        node = grant.actions[0]
        yield Hit(node.start, node.end, {"missing": " and ".join(missing)})


def _granted(grant: Grant, action: str) -> bool:
    lower = action.lower()
    return any(
        any(Pattern.parse(one.lower()).matches(lower) for one in statement.actions) != statement.not_action
        for statement in grant.siblings
    )
