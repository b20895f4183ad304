"""The ways in which rights are gained by IAM itself, as data: the actions each needs, and its public name.

What services do with the roles that they are passed or hold already is in role_uses and holders.

Names and sources: Rhino Security Labs, "AWS IAM Privilege Escalation - Methods and Mitigation" (S. Gietzen,
2018 and later); Bishop Fox, "IAM Vulnerable" (its scenarios' names); NCC Group, "Principal Mapper" (its
edges); Datadog, pathfinding.cloud (the ids of its paths); Salesforce, "Cloudsplaining" and Prowler (names of
what they look for); Hacking the Cloud, "AWS IAM Privilege Escalation Techniques".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

RHINO: Final = "Rhino Security Labs, AWS IAM Privilege Escalation"
BISHOP: Final = "Bishop Fox, IAM Vulnerable"
PMAPPER: Final = "NCC Group, Principal Mapper"
CLOUDSPLAINING: Final = "Salesforce, Cloudsplaining"
PROWLER: Final = "Prowler, iam_policy_allows_privilege_escalation"
HACKING: Final = "Hacking the Cloud, AWS IAM Privilege Escalation Techniques"


def pathfinding(*ids: str) -> tuple[str, ...]:
    """Datadog's catalog as a source, by the ids of its paths."""
    return tuple(f"Datadog, pathfinding.cloud {one}" for one in ids)


Target = Literal["role", "user", "group", "policy"]


@dataclass(frozen=True, slots=True)
class Known:
    """The name under which a way is publicly known, and who published it."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Technique:
    """One way from a principal to the rights of another.

    actions are all needed, on what target is. when says what must be there beside the rights, in words.
    """

    id: str
    actions: tuple[str, ...]
    text: str  # what is done, with {target}
    known: Known | None = None
    target: Target = "role"
    when: str = ""


# --- Becoming another -------------------------------------------------------------------------

ASSUME: Final = Technique(
    "assume-role",
    ("sts:AssumeRole",),
    "assume {target}",
    Known("AssumeRole", (BISHOP, PMAPPER, *pathfinding("sts-001"))),
)
CHANGE_TRUST: Final = Technique(
    "change-trust",
    ("iam:UpdateAssumeRolePolicy",),
    "let {target} trust the caller, and assume it",
    Known("UpdatingAssumeRolePolicy", (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("iam-012"))),
)
# Whoever holds a provider's keys writes its assertions: those that the roles' trust policies ask for.
# Source: IAM API Reference, UpdateSAMLProvider.
SAML_PROVIDER: Final = Technique(
    "saml-provider",
    ("iam:UpdateSAMLProvider",),
    "put a key of one's own into a SAML provider that {target} trusts, and assume it",
    when="an assertion of the provider fits the trust policy's conditions",
)
# The roles of IAM Identity Center's permission sets, for whoever may assign them. The instance is often in
# another account. Source: IAM Identity Center API Reference, CreateAccountAssignment.
ASSIGNMENT: Final = Technique(
    "account-assignment",
    ("sso:CreateAccountAssignment",),
    "assign the permission set of {target} to a user of one's own in IAM Identity Center",
    Known("SSOCreateAccountAssignment", pathfinding("sso-001")),
    when="Identity Center is managed in this account and has a user that the caller can sign in as",
)

# Credentials of another user.
CREDENTIALS: Final = (
    Technique(
        "access-key",
        ("iam:CreateAccessKey",),
        "make an access key of {target}",
        Known(
            "CreateAccessKey",
            (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("iam-002", "iam-003")),
        ),
        "user",
    ),
    Technique(
        "login-profile",
        ("iam:CreateLoginProfile",),
        "give {target} a password",
        Known("CreateLoginProfile", (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("iam-004"))),
        "user",
        when="the user has no password yet",
    ),
    Technique(
        "password",
        ("iam:UpdateLoginProfile",),
        "change the password of {target}",
        Known("UpdateLoginProfile", (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("iam-006"))),
        "user",
        when="the user has a password",
    ),
)

JOIN: Final = Technique(
    "join-group",
    ("iam:AddUserToGroup",),
    "join {target}",
    Known("AddUserToGroup", (RHINO, BISHOP, HACKING, *pathfinding("iam-013"))),
    "group",
)

# --- Writing rights ---------------------------------------------------------------------------

# Policies that grant anything, written into what an identity has them from.
SELF_GRANTS: Final = (
    Technique(
        "put-user-policy",
        ("iam:PutUserPolicy",),
        "write any right into {target}",
        Known("PutUserPolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-007", "iam-018"))),
        "user",
    ),
    Technique(
        "attach-user-policy",
        ("iam:AttachUserPolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachUserPolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-008", "iam-015"))),
        "user",
    ),
    Technique(
        "put-group-policy",
        ("iam:PutGroupPolicy",),
        "write any right into {target}",
        Known("PutGroupPolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-011"))),
        "group",
    ),
    Technique(
        "attach-group-policy",
        ("iam:AttachGroupPolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachGroupPolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-010"))),
        "group",
    ),
    Technique(
        "put-role-policy",
        ("iam:PutRolePolicy",),
        "write any right into {target}",
        Known("PutRolePolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-005", "iam-017", "iam-021"))),
        "role",
    ),
    Technique(
        "attach-role-policy",
        ("iam:AttachRolePolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachRolePolicy", (RHINO, BISHOP, HACKING, *pathfinding("iam-009", "iam-014", "iam-019"))),
        "role",
    ),
    Technique(
        "policy-version",
        ("iam:CreatePolicyVersion",),
        "make a new default version of {target}",
        Known(
            "CreateNewPolicyVersion",
            (RHINO, BISHOP, HACKING, *pathfinding("iam-001", "iam-016", "iam-020")),
        ),
        "policy",
    ),
)
# As these, into the permission set whose role the caller is: IAM Identity Center writes it into the role.
PERMISSION_SETS: Final = (
    Technique(
        "permission-set-policy",
        ("sso:PutInlinePolicyToPermissionSet",),
        "write any right into the permission set of {target}",
        Known("PutInlinePolicyToPermissionSet", (PROWLER, *pathfinding("sso-003"))),
        "role",
        when="Identity Center is managed in this account",
    ),
    Technique(
        "permission-set-attachment",
        ("sso:AttachManagedPolicyToPermissionSet",),
        "attach a policy that allows everything to the permission set of {target}",
        Known("AttachManagedPolicyToPermissionSet", (PROWLER, *pathfinding("sso-002"))),
        "role",
        when="Identity Center is managed in this account",
    ),
)

# An identity of one's own, with any right, where a name can be had for which all this is allowed.
NEW_ROLE: Final = Technique("new-role", ("iam:CreateRole",), "make {target} that trusts the caller")
NEW_USER: Final = Technique(
    "new-user", ("iam:CreateUser", "iam:CreateAccessKey"), "make {target} with an access key", target="user"
)
ROLE_RIGHTS: Final = ("iam:PutRolePolicy", "iam:AttachRolePolicy")
USER_RIGHTS: Final = ("iam:PutUserPolicy", "iam:AttachUserPolicy")

# --- Taking away what limits ------------------------------------------------------------------

# An older version of a policy grants what it holds.
OLDER_VERSION: Final = Technique(
    "default-version",
    ("iam:SetDefaultPolicyVersion",),
    "go back to an older version of {target}",
    Known("SetExistingDefaultPolicyVersion", (RHINO, BISHOP, HACKING)),
    "policy",
)

# A permissions boundary removed, or replaced by one that allows everything.
BOUNDARIES: Final = (
    Technique(
        "delete-boundary",
        ("iam:DeleteUserPermissionsBoundary",),
        "remove the permissions boundary of {target}",
        Known("DeleteUserPermissionsBoundary", (HACKING, PROWLER, *pathfinding("iam-022"))),
        "user",
    ),
    Technique(
        "delete-boundary",
        ("iam:DeleteRolePermissionsBoundary",),
        "remove the permissions boundary of {target}",
        Known("DeleteRolePermissionsBoundary", (HACKING, PROWLER, *pathfinding("iam-023"))),
        "role",
    ),
    Technique(
        "put-boundary",
        ("iam:PutUserPermissionsBoundary",),
        "replace the permissions boundary of {target} by one that allows everything",
        Known("PutUserPermissionsBoundary", (HACKING, *pathfinding("iam-024"))),
        "user",
    ),
    Technique(
        "put-boundary",
        ("iam:PutRolePermissionsBoundary",),
        "replace the permissions boundary of {target} by one that allows everything",
        Known("PutRolePermissionsBoundary", (HACKING,)),
        "role",
    ),
)
BOUNDARY_VERSION: Final = Technique(
    "boundary-version",
    ("iam:CreatePolicyVersion",),
    "make a new default version of {target}, a permissions boundary",
    target="policy",
)

# Policies removed that deny what others allow: an inline one, an attached one, a group's.
DELETE_POLICY: Final = (
    Technique(
        "delete-policy",
        ("iam:DeleteUserPolicy",),
        "delete a policy of {target} that denies",
        Known("DeleteUserPolicy", (HACKING, *pathfinding("iam-026"))),
        "user",
    ),
    Technique(
        "delete-policy",
        ("iam:DeleteRolePolicy",),
        "delete a policy of {target} that denies",
        Known("DeleteRolePolicy", (HACKING,)),
        "role",
    ),
    Technique(
        "delete-policy",
        ("iam:DeleteGroupPolicy",),
        "delete a policy of {target} that denies",
        target="group",
    ),
)
DETACH_POLICY: Final = (
    Technique(
        "detach-policy",
        ("iam:DetachUserPolicy",),
        "detach a policy of {target} that denies",
        Known("DetachUserPolicy", (HACKING, *pathfinding("iam-025"))),
        "user",
    ),
    Technique(
        "detach-policy",
        ("iam:DetachRolePolicy",),
        "detach a policy of {target} that denies",
        Known("DetachRolePolicy", (HACKING,)),
        "role",
    ),
    Technique(
        "detach-policy",
        ("iam:DetachGroupPolicy",),
        "detach a policy of {target} that denies",
        target="group",
    ),
)
LEAVE_GROUP: Final = Technique(
    "leave-group", ("iam:RemoveUserFromGroup",), "leave {target}, which denies", target="group"
)

# What these calls say about themselves, by condition key: the policy that allows everything is AWS's own.
# Source: Service Authorization Reference, "Condition keys for AWS Identity and Access Management".
POLICY_ARN: Final = "iam:policyarn"
BOUNDARY_ARN: Final = "iam:permissionsboundary"
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "iam:AttachUserPolicy": {POLICY_ARN: ADMINISTRATOR},
    "iam:AttachGroupPolicy": {POLICY_ARN: ADMINISTRATOR},
    "iam:AttachRolePolicy": {POLICY_ARN: ADMINISTRATOR},
    "iam:PutUserPermissionsBoundary": {BOUNDARY_ARN: ADMINISTRATOR},
    "iam:PutRolePermissionsBoundary": {BOUNDARY_ARN: ADMINISTRATOR},
}
