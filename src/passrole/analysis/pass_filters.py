"""What a listing of passes is narrowed to, and what to say where nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from passrole.catalog import passed
from passrole.state.entities import Role, User
from passrole.values.glob import Pattern


def named(pattern: str) -> Callable[[User | Role], bool]:
    """Does a user or role fit the pattern? "" fits all.

    With a colon in it the pattern is one of ARNs; else it is one of names, which may have their path
    (``app/Web``) and their kind (``role/app/Web``).
    """
    if not pattern:
        return lambda entity: True
    matches = Pattern.parse(pattern).matches
    if ":" in pattern:
        return lambda entity: matches(entity.arn)

    def fits(entity: User | Role) -> bool:
        whole = entity.arn.split(":", 5)[5]
        return matches(entity.name) or matches(whole.partition("/")[2]) or matches(whole)

    return fits


def principals_named(pattern: str) -> Callable[[User | Role], bool]:
    """The same; a session stands for its role, whose name is what is known of it."""
    head, assumed, rest = pattern.partition(":assumed-role/")
    if assumed and "*" not in head:
        account = pattern.split(":", 5)[4]
        pattern = f"arn:aws:iam::{account}:role*/{rest.partition('/')[0]}"
    return named(pattern)


def services_named(pattern: str) -> Callable[[str], bool]:
    """Does a service principal fit the pattern? ``lambda`` is ``lambda.amazonaws.com``; "" fits all."""
    if not pattern:
        return lambda principal: True
    return Pattern.parse(service_named(pattern)).matches


def service_named(pattern: str) -> str:
    """The service principal that is meant; with wildcards the pattern as it is."""
    return pattern if "*" in pattern else passed.principal_named(pattern)


@dataclass(slots=True)
class Seen:
    """What a listing has come by: how many there are, and how many fit."""

    roles: int = 0
    roles_fit: int = 0
    passable: int = 0  # of those, the roles that a service that fits can assume
    principals: int = 0
    principals_fit: int = 0
    passes: bool = False  # was any found?

    def add(self, other: Seen) -> None:
        """Counts what another listing has come by."""
        self.roles += other.roles
        self.roles_fit += other.roles_fit
        self.passable += other.passable
        self.principals += other.principals
        self.principals_fit += other.principals_fit
        self.passes = self.passes or other.passes


def why_nothing(seen: Seen, *, role: str, service: str, principal: str, usable: bool) -> str:
    """Why no pass is listed: what no role, service or principal fits, or that nobody may."""
    if not seen.roles:
        return "there is no role, so there is nothing to pass"
    if not seen.roles_fit:
        return f"no role fits {role}, of {seen.roles:,}{_hint(role)}"
    if not seen.passable:
        wanted = service_named(service)
        known = not service or "*" in wanted or wanted in passed.uses()
        more = "" if known else "; no operation is known that passes roles to it"
        if seen.roles_fit == 1:
            return f"the role's trust policy does not admit {wanted or 'any service'}{more}"
        return f"no trust policy of {seen.roles_fit:,} roles admits {wanted or 'a service'}{more}"
    if not seen.principals_fit and principal.endswith(":root"):
        return f"{principal}: the details have nothing of its account"
    if not seen.principals_fit:
        return f"no user or role fits {principal}, of {seen.principals:,}{_hint(principal)}"
    what = "the role" if seen.passable == 1 else f"any of {seen.passable:,} roles"
    calls = " and call an operation that takes it" if usable else ""
    if seen.principals_fit == 1:
        return f"the principal may not pass {what}{calls}"
    return f"none of {seen.principals_fit:,} principals may pass {what}{calls}"


def _hint(pattern: str) -> str:
    return "" if any(sign in pattern for sign in "*?:") else "; * and ? are wildcards"
