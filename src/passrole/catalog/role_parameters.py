"""Role parameters: the members of operations' inputs that hand a role to a service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from passrole.catalog import paths
from passrole.catalog.embedded import role_arns

ROLE_ARN: Final = "role-arn"
ROLE_NAME: Final = "role-name"
ROLE_ARN_OR_NAME: Final = "role-arn-or-name"
INSTANCE_PROFILE_ARN: Final = "instance-profile-arn"
INSTANCE_PROFILE_NAME: Final = "instance-profile-name"
INSTANCE_PROFILE_ARN_OR_NAME: Final = "instance-profile-arn-or-name"
LAUNCH_TEMPLATE: Final = "launch-template"
TASK_DEFINITION: Final = "task-definition"
EMBEDDED: Final = "embedded"
HOLDS: Final = (
    ROLE_ARN,
    ROLE_NAME,
    ROLE_ARN_OR_NAME,
    INSTANCE_PROFILE_ARN,
    INSTANCE_PROFILE_NAME,
    INSTANCE_PROFILE_ARN_OR_NAME,
    LAUNCH_TEMPLATE,
    TASK_DEFINITION,
    EMBEDDED,
)


@dataclass(frozen=True, slots=True)
class ParameterError:
    """What a service answers about a role that it cannot take: code, HTTP status, message.

    In message ``{value}`` stands for what the caller gave, ``{role}`` for the role's ARN,
    ``{name}`` for its name, ``{principal}`` for the service principal, ``{by}`` for how the caller named an
    instance profile: ``name`` or ``ARN``, and ``{member}`` for the same as a member is called.
    """

    code: str
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class RoleParameter:
    """One place in an operation's input that carries a role.

    holds says what stands there: an ARN or a name of a role or an instance profile (whose role is
    what is passed), a launch template (whose profile's role is), a task definition (whose two roles
    are, unless the call overrides them), or ``embedded``: a text of another form, JSON or YAML, in
    which roles are named and that only the service can read in full.
    """

    path: str  # see catalog.paths
    holds: str  # one of HOLDS
    principals: tuple[str, ...]  # values of iam:PassedToService; () where AWS sets no such key
    trust_principals: tuple[str, ...] = ()  # in the trust policy, where it differs; {region} is the call's
    disputed: bool = False  # AWS's sources disagree; principals has every documented value
    associated_resource: str = ""  # template of iam:AssociatedResourceArn, see catalog.templates
    trust_checked: str = "use"  # "call": the operation fails where the service may not assume the role
    trust_error: ParameterError | None = None
    cross_account_error: ParameterError | None = None
    missing_error: ParameterError | None = None  # there is no such role or profile
    malformed_error: ParameterError | None = None  # not the form of a role's ARN or name
    sources: tuple[str, ...] = ()
    when: str = ""  # "PATH=VALUE", "PATH~PATTERN": only then is a role there; "!PATH": only without it
    only_when_changed: bool = False  # an update that keeps the present role is not checked
    not_roles: tuple[str, ...] = ()  # values that the path may hold and that name no role

    def values(self, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """What the input holds here: (concrete path, text), in the input's order.

        Empty texts and the values that name no role yield nothing. For a launch template the text
        is ``id=…`` or ``name=…`` and ``,version=…`` where one is given; for an embedded text every
        ARN of a role in it.
        """
        if self.when and not _applies(self.when, given):
            return
        for path, value in paths.values(self.path, given):
            if self.holds == EMBEDDED:
                whole = value.decode(errors="replace") if isinstance(value, bytes) else value
                for arn in role_arns(whole) if isinstance(whole, str) else ():
                    yield path, arn
                continue
            if self.holds == LAUNCH_TEMPLATE:
                text = _template_text(value)
            else:
                text = value if isinstance(value, str) else ""
            if text and text not in self.not_roles:
                yield path, text


def _applies(when: str, given: Mapping[str, object]) -> bool:
    if when.startswith("!"):
        return next(paths.values(when[1:], given), None) is None
    path, sign, wanted = _condition(when)
    found = [str(value) for _, value in paths.values(path, given)]
    return any(re.fullmatch(wanted, one) if sign == "~" else one == wanted for one in found)


@lru_cache(maxsize=1024)
def _condition(when: str) -> tuple[str, str, str]:
    """The path, the sign and the value of a condition."""
    split = re.fullmatch(r"([^=~]+)([=~])(.*)", when)
    if split is None:
        raise paths.BadPath(when)
    return split[1], split[2], split[3]


def _template_text(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    for member, word in (
        ("LaunchTemplateId", "id"),
        ("LaunchTemplateName", "name"),
        ("id", "id"),
        ("name", "name"),
    ):
        name = value.get(member) or value.get(member[0].lower() + member[1:])
        if isinstance(name, str):
            version = value.get("Version") or value.get("version")
            return f"{word}={name}" + (f",version={version}" if version else "")
    return ""


def read(row: Mapping[str, Any]) -> RoleParameter:
    """A role parameter from its row in a service's data file, which leaves out what is not set."""
    return RoleParameter(
        path=row["path"],
        holds=row["holds"],
        principals=tuple(row.get("principals", ())),
        trust_principals=tuple(row.get("trust", ())),
        disputed=row.get("disputed", False),
        associated_resource=row.get("associated", ""),
        trust_checked=row.get("checked", "use"),
        trust_error=_error(row.get("trust_error")),
        cross_account_error=_error(row.get("cross_account_error")),
        missing_error=_error(row.get("missing_error")),
        malformed_error=_error(row.get("malformed_error")),
        sources=tuple(row.get("sources", ())),
        when=row.get("when", ""),
        only_when_changed=row.get("only_when_changed", False),
        not_roles=tuple(row.get("not_roles", ())),
    )


def _error(row: list[Any] | None) -> ParameterError | None:
    return None if row is None else ParameterError(row[0], row[1], row[2])
