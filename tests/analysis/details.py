"""Account details as ``aws iam get-account-authorization-details`` prints them, put together for a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from passrole.state.estate.details import pages_of
from passrole.state.estate.estate import Estate, Export, estate_of

ACCOUNT = "111122223333"
CREATED = "2026-01-02T03:04:05+00:00"

Json = dict[str, object]


def arn(kind: str, name: str, account: str = ACCOUNT) -> str:
    """``arn:aws:iam::ACCOUNT:KIND/NAME``; name may have a path."""
    return f"arn:aws:iam::{account}:{kind}/{name}"


def document(*statements: Mapping[str, object], version: str = "2012-10-17") -> Json:
    """A policy."""
    return {"Version": version, "Statement": [dict(one) for one in statements]}


def allow(
    resource: object = "*", condition: Mapping[str, object] | None = None, action: object = "iam:PassRole"
) -> Json:
    """A statement that allows passing roles."""
    made: Json = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": dict(condition)} if condition else {})


def deny(
    resource: object = "*", condition: Mapping[str, object] | None = None, action: object = "iam:PassRole"
) -> Json:
    """A statement that denies passing roles."""
    return allow(resource, condition, action) | {"Effect": "Deny"}


def trust(
    *services: str, condition: Mapping[str, object] | None = None, action: object = "sts:AssumeRole"
) -> Json:
    """A role's trust policy that admits services."""
    statement: Json = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": action}
    return document(statement | ({"Condition": dict(condition)} if condition else {}))


def trusting(account: str = ACCOUNT, *, tags: bool = False) -> Json:
    """A trust policy that admits the account's own principals."""
    actions = ["sts:AssumeRole", "sts:TagSession"] if tags else "sts:AssumeRole"
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return document({"Effect": "Allow", "Principal": principal, "Action": actions})


def _entity(kind: str, name: str, account: str, tags: Mapping[str, str] | None) -> Json:
    path, _, last = f"/{name}".rpartition("/")
    title = kind.title()
    made: Json = {
        "Path": f"{path}/",
        f"{title}Name": last,
        f"{title}Id": f"{ {'user': 'AIDA', 'role': 'AROA', 'group': 'AGPA'}[kind] }{last.upper()}",
        "Arn": arn(kind, name, account),
        "CreateDate": CREATED,
    }
    if tags is not None:
        made["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return made


def inline(documents: Sequence[Mapping[str, object]]) -> list[Json]:
    """Inline policies, named p0, p1 …"""
    return [{"PolicyName": f"p{place}", "PolicyDocument": dict(one)} for place, one in enumerate(documents)]


def attached(arns: Iterable[str]) -> list[Json]:
    """Managed policies as they are attached."""
    return [{"PolicyName": one.rsplit("/", 1)[-1], "PolicyArn": one} for one in arns]


def boundary(policy: str) -> Json:
    """A permissions boundary as an entity has it, nothing for ""."""
    if not policy:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy}}


def user(
    name: str,
    *policies: Mapping[str, object],
    groups: Sequence[str] = (),
    managed: Sequence[str] = (),
    bounded: str = "",
    tags: Mapping[str, str] | None = None,
    account: str = ACCOUNT,
) -> Json:
    """An entry of UserDetailList."""
    return {
        **_entity("user", name, account, tags or {}),
        "UserPolicyList": inline(policies),
        "GroupList": list(groups),
        "AttachedManagedPolicies": attached(managed),
        **boundary(bounded),
    }


def group(
    name: str, *policies: Mapping[str, object], managed: Sequence[str] = (), account: str = ACCOUNT
) -> Json:
    """An entry of GroupDetailList."""
    return {
        **_entity("group", name, account, None),
        "GroupPolicyList": inline(policies),
        "AttachedManagedPolicies": attached(managed),
    }


def role(
    name: str,
    trusted: Mapping[str, object],
    *policies: Mapping[str, object],
    managed: Sequence[str] = (),
    bounded: str = "",
    tags: Mapping[str, str] | None = None,
    profile: str = "",
    account: str = ACCOUNT,
) -> Json:
    """An entry of RoleDetailList."""
    profiles: list[Json] = []
    if profile:
        profiles.append(
            {
                "Path": "/",
                "InstanceProfileName": profile,
                "InstanceProfileId": f"AIPA{profile.upper()}",
                "Arn": arn("instance-profile", profile, account),
                "CreateDate": CREATED,
                "Roles": [],
            }
        )
    return {
        **_entity("role", name, account, tags or {}),
        "AssumeRolePolicyDocument": dict(trusted),
        "InstanceProfileList": profiles,
        "RolePolicyList": inline(policies),
        "AttachedManagedPolicies": attached(managed),
        "RoleLastUsed": {},
        **boundary(bounded),
    }


def managed(name: str, policy: Mapping[str, object], account: str = ACCOUNT) -> Json:
    """An entry of Policies, with an older version beside the default one."""
    path, _, last = f"/{name}".rpartition("/")
    return {
        "PolicyName": last,
        "PolicyId": f"ANPA{last.upper()}",
        "Arn": arn("policy", name, account),
        "Path": f"{path}/",
        "DefaultVersionId": "v2",
        "AttachmentCount": 1,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": CREATED,
        "UpdateDate": CREATED,
        "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": CREATED, "Document": dict(policy)},
            {
                "VersionId": "v1",
                "IsDefaultVersion": False,
                "CreateDate": CREATED,
                "Document": document(allow(action="*")),
            },
        ],
    }


def page(
    users: Sequence[Json] = (),
    groups: Sequence[Json] = (),
    roles: Sequence[Json] = (),
    policies: Sequence[Json] = (),
) -> Json:
    """A whole account on one page."""
    return {
        "UserDetailList": list(users),
        "GroupDetailList": list(groups),
        "RoleDetailList": list(roles),
        "Policies": list(policies),
        "IsTruncated": False,
    }


def estate(*pages: Json, organization: Json | None = None) -> Estate:
    """The estate of these pages."""
    found = [one for number, given in enumerate(pages) for one in pages_of(f"page {number}", given)]
    return estate_of(found, [Export("organization", organization)] if organization is not None else [])


def organization(*levels: Sequence[Mapping[str, object]], members: Sequence[str] = (ACCOUNT,)) -> Json:
    """An organization: the policies of its root, of one unit and of its accounts, FullAWSAccess included."""
    targets = ["r-root", "ou-root-unit", *members]
    scp = "SERVICE_CONTROL_POLICY"
    policies: list[Json] = [
        {
            "PolicySummary": {
                "Id": "p-FullAWSAccess",
                "Name": "FullAWSAccess",
                "Type": "SERVICE_CONTROL_POLICY",
            },
            "Targets": [{"TargetId": target} for target in targets],
        }
    ]
    for place, documents in enumerate(levels):
        for number, policy in enumerate(documents):
            name = f"p-{place}{number}"
            policies.append(
                {
                    "PolicySummary": {"Id": name, "Name": name, "Type": scp},
                    "Content": dict(policy),
                    "Targets": [{"TargetId": targets[place]}],
                }
            )
    return {
        "Organization": {"Id": "o-example", "MasterAccountId": "999988887777", "FeatureSet": "ALL"},
        "Roots": [
            {
                "Id": "r-root",
                "Name": "Root",
                "PolicyTypes": [{"Type": scp, "Status": "ENABLED"}],
            }
        ],
        "OrganizationalUnits": [{"Id": "ou-root-unit", "Name": "Unit", "ParentId": "r-root"}],
        "Accounts": [{"Id": member, "Status": "ACTIVE", "ParentId": "ou-root-unit"} for member in members],
        "Policies": policies,
    }
