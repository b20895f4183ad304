"""What ``aws iam get-account-authorization-details`` prints, read into a directory.

Source: IAM API Reference, GetAccountAuthorizationDetails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from msgspec.structs import replace

from passrole.catalog import managed
from passrole.state.accounts import add_account
from passrole.state.directory import Directory
from passrole.state.entities import (
    Account,
    Entity,
    Group,
    InstanceProfile,
    ManagedPolicy,
    PolicyVersion,
    Role,
    User,
)
from passrole.state.estate import unread
from passrole.state.estate.notes import Notes, UnreadableEstate
from passrole.state.estate.row import EPOCH, Row
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

Named = TypeVar("Named", User, Group, Role, InstanceProfile, ManagedPolicy)

AWS: Final = "aws"  # the account in the ARNs of AWS's own policies

# A role that nobody may assume: it stands in for a trust policy that cannot be read.
_NOBODY: Final = '{"Version":"2012-10-17","Statement":[]}'

_PAGE: Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_CUT: Final = ("IsTruncated", "Marker", "NextToken", "ResponseMetadata")
_COMMON: Final = ("Path", "Arn", "CreateDate", "AttachedManagedPolicies")
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "UserDetailList": (
        *_COMMON,
        "UserName",
        "UserId",
        "GroupList",
        "UserPolicyList",
        "PermissionsBoundary",
        "Tags",
    ),
    "GroupDetailList": (*_COMMON, "GroupName", "GroupId", "GroupPolicyList"),
    "RoleDetailList": (
        *_COMMON,
        "RoleName",
        "RoleId",
        "AssumeRolePolicyDocument",
        "InstanceProfileList",
        "RolePolicyList",
        "PermissionsBoundary",
        "Tags",
        "RoleLastUsed",
    ),
    "Policies": (
        "PolicyName",
        "PolicyId",
        "Arn",
        "Path",
        "DefaultVersionId",
        "AttachmentCount",
        "PermissionsBoundaryUsageCount",
        "IsAttachable",
        "Description",
        "CreateDate",
        "UpdateDate",
        "PolicyVersionList",
    ),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an account's details. source names the file or account that it came from.

    account is whose it is where that is known otherwise: an empty page does not tell.
    """

    source: str
    data: Mapping[str, object]
    account: str = ""


def pages_of(source: str, content: object) -> Iterator[Page]:
    """The pages in one file: an object, or a list of them. Raises UnreadableEstate."""
    found = content if isinstance(content, list) else [content]
    for number, data in enumerate(found):
        if not isinstance(data, Mapping) or not any(name in data for name in _PAGE):
            where = f"{source}[{number}]" if isinstance(content, list) else source
            raise UnreadableEstate(
                f"{where}: not the output of aws iam get-account-authorization-details: it has none of "
                + ", ".join(_PAGE)
            )
        yield Page(source, data)
    if not found:
        raise UnreadableEstate(f"{source}: no account details in it")


def account_of(page: Page) -> str:
    """Whose page it is, by the first of its entities; "" where none tells."""
    for member in _PAGE:
        rows = page.data.get(member)
        for row in rows if isinstance(rows, list) else ():
            arn = row.get("Arn") if isinstance(row, Mapping) else None
            parts = arn.split(":", 5) if isinstance(arn, str) else []
            if len(parts) == 6 and parts[4] != AWS:
                return str(parts[4])
    return page.account


def read_details(pages: Iterable[Page], directory: Directory, notes: Notes) -> tuple[str, ...]:
    """Puts every account of the pages into the directory; returns their ids.

    Pages may come in any order, of one account or of several. The transaction is left open. Raises
    UnreadableEstate where nothing tells of which account they are, or where they are of another partition
    than ``aws``.
    """
    accounts: dict[str, _Account] = {}
    policies: list[Row] = []
    before = ""
    for page in pages:
        row = Row(page.data, page.source, "", notes)
        row.know((*_PAGE, *_CUT))
        parts = {member: tuple(row.rows(member)) for member in _PAGE}
        account = before = _account_of(parts, page.source) or page.account or before
        for part in parts["Policies"]:
            part.know(_MEMBERS["Policies"])
            if ":iam::aws:" in part.text("Arn"):
                policies.append(part)
        if account:
            accounts.setdefault(account, _Account(account, page.source)).add(row, parts)
        elif not policies:
            row.note("", "empty: it does not tell of which account it is")
    if not accounts:
        raise UnreadableEstate("the details name no account: they hold no user, group, role or policy of one")
    for policy in policies:
        _put_policy(policy, AWS, directory)
    for found in accounts.values():
        found.build(directory, notes)
    return tuple(accounts)


def _account_of(parts: Mapping[str, tuple[Row, ...]], source: str) -> str:
    """The account whose entities stand on a page, "" where there are none."""
    found: dict[str, None] = {}
    for rows in parts.values():
        for row in rows:
            arn = _arn(row)
            if arn is None or arn.account == AWS:
                continue
            if arn.partition != "aws":
                raise UnreadableEstate(f"{source}: {arn}: only the partition aws is known here")
            found[arn.account] = None
    if len(found) > 1:
        raise UnreadableEstate(f"{source}: entities of several accounts on one page: {', '.join(found)}")
    return next(iter(found), "")


def _arn(row: Row) -> Arn | None:
    try:
        return Arn.parse(row.text("Arn"))
    except InvalidArn:
        return None


@dataclass
class _Account:
    """The pages of one account, put together."""

    id: str
    source: str
    users: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    roles: list[Row] = field(default_factory=list)
    policies: list[Row] = field(default_factory=list)
    cut: list[Row] = field(default_factory=list)  # pages after which there are more
    last: int = 0  # pages after which there are none

    def add(self, page: Row, parts: Mapping[str, tuple[Row, ...]]) -> None:
        self.users += parts["UserDetailList"]
        self.groups += parts["GroupDetailList"]
        self.roles += parts["RoleDetailList"]
        self.policies += (row for row in parts["Policies"] if ":iam::aws:" not in row.text("Arn"))
        if page.flag("IsTruncated") or "Marker" in page or "NextToken" in page:
            self.cut.append(page)
        else:
            self.last += 1

    def build(self, directory: Directory, notes: Notes) -> None:
        if self.cut and not self.last:
            self.cut[-1].note(
                "Marker",
                f"cut short: the rest of account {self.id} is not in it, and nothing is said about that rest",
            )
        if directory.by_key(Account, self.id, self.id) is None:
            add_account(directory, self.id, f"account {self.id}", EPOCH)
        for row in self.policies:
            row.know(_MEMBERS["Policies"])
            _put_policy(row, self.id, directory)
        for row in self.groups:
            row.know(_MEMBERS["GroupDetailList"])
            self._put_group(row, directory)
        profiles: dict[str, None] = {}
        for row in self.roles:
            row.know(_MEMBERS["RoleDetailList"])
            self._put_role(row, directory, profiles)
        for row in self.users:
            row.know(_MEMBERS["UserDetailList"])
            self._put_user(row, directory)

    def _put_group(self, row: Row, directory: Directory) -> None:
        named = _named(row, "group", "GroupName")
        if named is None:
            return
        name, path = named
        attached, missing = _attached(row, self.id, directory)
        _put(
            row,
            "GroupId",
            Group(
                account=self.id,
                name=name,
                path=path,
                id=_id(row, "GroupId", "group", self.id, name),
                created=row.time("CreateDate") or EPOCH,
                inline={**_inline(row, "GroupPolicyList"), **missing},
                attached=attached,
            ),
            directory,
        )

    def _put_user(self, row: Row, directory: Directory) -> None:
        named = _named(row, "user", "UserName")
        if named is None:
            return
        name, path = named
        attached, missing = _attached(row, self.id, directory)
        groups: list[str] = []
        for group_name in row.texts("GroupList"):
            group = directory.get(Group, self.id, group_name)
            if group is not None:
                groups.append(group.id)
            else:
                row.note(
                    "GroupList", f"group {group_name} is not in the details: what it grants is not known"
                )
                missing[f"group {group_name}"] = unread.denying(f"group {group_name}")
        _put(
            row,
            "UserId",
            User(
                account=self.id,
                name=name,
                path=path,
                id=_id(row, "UserId", "user", self.id, name),
                created=row.time("CreateDate") or EPOCH,
                inline={**_inline(row, "UserPolicyList"), **missing},
                attached=attached,
                boundary=_boundary(row, self.id, directory),
                tags=row.tags("Tags"),
                groups=tuple(groups),
            ),
            directory,
        )

    def _put_role(self, row: Row, directory: Directory, profiles: dict[str, None]) -> None:
        named = _named(row, "role", "RoleName")
        if named is None:
            return
        name, path = named
        attached, missing = _attached(row, self.id, directory)
        used = row.row("RoleLastUsed")
        role = _put(
            row,
            "RoleId",
            Role(
                account=self.id,
                name=name,
                path=path,
                id=_id(row, "RoleId", "role", self.id, name),
                created=row.time("CreateDate") or EPOCH,
                inline={**_inline(row, "RolePolicyList"), **missing},
                attached=attached,
                boundary=_boundary(row, self.id, directory),
                tags=row.tags("Tags"),
                trust=row.document("AssumeRolePolicyDocument") or _NOBODY,
                last_used=used.time("LastUsedDate") if used is not None else None,
                last_used_region=used.text("Region") if used is not None else "",
            ),
            directory,
        )
        for profile in row.rows("InstanceProfileList"):
            at = _named(profile, "instance-profile", "InstanceProfileName")
            if at is None or at[0].lower() in profiles:
                continue
            profiles[at[0].lower()] = None
            _put(
                profile,
                "InstanceProfileId",
                InstanceProfile(
                    account=self.id,
                    name=at[0],
                    path=at[1],
                    id=_id(profile, "InstanceProfileId", "instance-profile", self.id, at[0]),
                    created=profile.time("CreateDate") or EPOCH,
                    role_id=role.id,
                    tags=profile.tags("Tags"),
                ),
                directory,
            )


def _named(row: Row, kind: str, member: str) -> tuple[str, str] | None:
    """Name and path, by the ARN where there is one; None, and a note, where nothing names the entity."""
    arn = _arn(row)
    if arn is not None and arn.kind == kind and arn.name:
        path = arn.resource[len(kind) : len(arn.resource) - len(arn.name)]
        return arn.name, path or "/"
    name = row.text(member)
    if not name:
        row.note("", f"neither an Arn nor a {member}: left out")
        return None
    return name, row.text("Path") or "/"


def _id(row: Row, member: str, kind: str, account: str, name: str) -> str:
    """The unique id; where the details have none, a text that is as unique.

    It has no colon: one parts a session's name from the id of its role.
    """
    return row.text(member) or f"{kind}.{account}.{name.lower()}"


def _put(row: Row, member: str, entity: Named, directory: Directory) -> Named:
    """Adds the entity, under another id where another one has the same, as in examples it may: ids tell
    entities apart, so the one would take the other's place."""
    other = directory.by_id(Entity, entity.id)
    if other is not None and _place(other) != _place(entity):
        row.note_of_all(member, f"{entity.id} is the id of more than one, not read")
        entity = replace(entity, id=".".join(_place(entity)))
    directory.put(entity)
    return entity


def _place(entity: Entity) -> tuple[str, str, str]:
    return entity.kind, entity.account, entity.key


def _inline(row: Row, member: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for policy in row.rows(member):
        name = policy.text("PolicyName") or f"{member} {len(found)}"
        found[name] = policy.document("PolicyDocument") or unread.denying(name)
    return found


def _attached(row: Row, account: str, directory: Directory) -> tuple[tuple[str, ...], dict[str, str]]:
    """The managed policies that are known, and stand-ins, as inline policies, for those that are not."""
    known: list[str] = []
    missing: dict[str, str] = {}
    for policy in row.rows("AttachedManagedPolicies"):
        arn = policy.text("PolicyArn")
        if _is_known(arn, account, directory):
            known.append(arn)
        elif arn:
            row.note("AttachedManagedPolicies", f"{arn} is not in the details: what it grants is not known")
            missing[arn] = unread.denying(arn)
    return tuple(known), missing


def _is_known(arn: str, account: str, directory: Directory) -> bool:
    owner = AWS if ":iam::aws:" in arn else account
    own = directory.get(ManagedPolicy, owner, arn.rsplit("/", 1)[-1])
    return (own is not None and own.arn == arn) or (owner == AWS and managed.get(arn) is not None)


def _boundary(row: Row, account: str, directory: Directory) -> str:
    """The ARN of the permissions boundary; of a stand-in that may allow where its policy is not known."""
    boundary = row.row("PermissionsBoundary")
    arn = boundary.text("PermissionsBoundaryArn") if boundary is not None else ""
    if not arn or _is_known(arn, account, directory):
        return arn
    row.note("PermissionsBoundary", f"{arn} is not in the details: what it allows is not known")
    owner = AWS if ":iam::aws:" in arn else account
    name = arn.rsplit("/", 1)[-1]
    path = arn.partition(":policy")[2].removesuffix(name) or "/"
    directory.put(_managed(owner, name, path, unread.allowing(arn)))
    return arn


def _managed(account: str, name: str, path: str, document: str) -> ManagedPolicy:
    return ManagedPolicy(
        account=account,
        name=name,
        path=path,
        id=f"policy:{account}:{path}{name}",
        created=EPOCH,
        updated=EPOCH,
        versions=(PolicyVersion(id="v1", document=document, created=EPOCH),),
    )


def _put_policy(row: Row, account: str, directory: Directory) -> None:
    """A managed policy with the versions that can be read."""
    named = _named(row, "policy", "PolicyName")
    if named is None:
        return
    name, path = named
    default = row.text("DefaultVersionId")
    versions: list[PolicyVersion] = []
    for version in row.rows("PolicyVersionList"):
        number = version.text("VersionId")
        standing = number == default or (not default and version.flag("IsDefaultVersion"))
        document = version.document("Document") if standing or "Document" in version else ""
        if standing:
            default = number
        if document:
            created = version.time("CreateDate") or EPOCH
            versions.append(PolicyVersion(id=number, document=document, created=created))
    if not any(version.id == default for version in versions):
        row.note("PolicyVersionList", f"the default version of {name} is not known: left out")
        return
    _put(
        row,
        "PolicyId",
        ManagedPolicy(
            account=account,
            name=name,
            path=path,
            id=_id(row, "PolicyId", "policy", account, f"{path}{name}"),
            created=row.time("CreateDate") or EPOCH,
            updated=row.time("UpdateDate") or row.time("CreateDate") or EPOCH,
            description=row.text("Description"),
            versions=tuple(sorted(versions, key=_number)),  # they come newest first
            default=default,
            next_version=1 + max((_number(version) for version in versions), default=1),
        ),
        directory,
    )


def _number(version: PolicyVersion) -> int:
    """2 for ``v2``."""
    return int(version.id[1:]) if version.id[1:].isdigit() else 1
