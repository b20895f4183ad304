"""The table of layers: every kind of policy that takes part in a decision, and whom it concerns.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access",
"Policy evaluation for requests within a single account", "Cross-account policy evaluation logic" and
"Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.values.principal import Principal, PrincipalKind

# What an Allow in a resource-based policy of the caller's own account makes needless, by whom it names.
# Source: the table of "Policy evaluation for requests within a single account".
WAIVES_NOTHING: Final = 0  # the account: it only delegates, identity-based policies decide
WAIVES_IDENTITY: Final = 1
WAIVES_BOUNDARY: Final = 2
WAIVES_SESSION: Final = 4
WAIVES_ALL: Final = WAIVES_IDENTITY | WAIVES_BOUNDARY | WAIVES_SESSION
NO_GRANT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One kind of policy; two are equal only if they are the same.

    words and article_words are AWS's in a denial; waiver is the bit by which a resource-based
    policy's Allow makes this layer's needless; names_policy tells whether a denial may end with the
    ARN of the policy that denied.
    """

    name: str
    words: str
    article_words: str
    waiver: int = 0
    names_policy: bool = False

    def implicit(self, action: str) -> str:
        """AWS's words when the layer lacks an Allow."""
        return f"because no {self.words} allows the {action} action"

    def explicit(self) -> str:
        """AWS's words when the layer holds a Deny."""
        return f"with an explicit deny in {self.article_words}"


ENDPOINT: Final = Layer("vpc_endpoint", "VPC endpoint policy", "a VPC endpoint policy")
RCP: Final = Layer("rcp", "resource control policy", "a resource control policy", names_policy=True)
SCP: Final = Layer("scp", "service control policy", "a service control policy", names_policy=True)
RESOURCE: Final = Layer("resource", "resource-based policy", "a resource-based policy")
TRUST: Final = Layer("trust", "role trust policy", "the role trust policy")
IDENTITY: Final = Layer(
    "identity", "identity-based policy", "an identity-based policy", WAIVES_IDENTITY, names_policy=True
)
BOUNDARY: Final = Layer(
    "boundary", "permissions boundary", "a permissions boundary", WAIVES_BOUNDARY, names_policy=True
)
SESSION: Final = Layer("session", "session policy", "a session policy", WAIVES_SESSION, names_policy=True)

# In the order in which they are asked, so also the order in which one of several denials is named:
# the endpoint stands before the service; then as the User Guide's flow chart has it.
LAYERS: Final = (ENDPOINT, RCP, SCP, RESOURCE, TRUST, IDENTITY, BOUNDARY, SESSION)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which layers concern a kind of caller.

    identity tells whether identity-based policies must allow; scps whether service control policies
    concern it; session whether a session policy must be there; has_account whether it belongs to an
    account, so that the resource's owner may leave the decision to identity-based policies.
    """

    identity: bool
    scps: bool
    rcps: bool = True
    session: bool = False
    has_account: bool = True


# Root users need no identity-based policy. Service principals and anonymous callers have none, and no
# SCPs. A federated user without a session policy may do nothing but what a resource-based policy
# grants to it by name.
STANDINGS: Final[Mapping[PrincipalKind, Standing]] = {
    PrincipalKind.USER: Standing(identity=True, scps=True),
    PrincipalKind.ROLE_SESSION: Standing(identity=True, scps=True),
    PrincipalKind.FEDERATED_USER: Standing(identity=True, scps=True, session=True),
    PrincipalKind.ROOT: Standing(identity=False, scps=True),
    PrincipalKind.SERVICE: Standing(identity=False, scps=False, has_account=False),
    PrincipalKind.ANONYMOUS: Standing(identity=False, scps=False, has_account=False),
    PrincipalKind.IDENTITY_PROVIDER: Standing(identity=False, scps=False, has_account=False),
}

# Organizations policies never concern a service-linked role.
SERVICE_LINKED: Final = Standing(identity=True, scps=False, rcps=False)
SERVICE_LINKED_PATH: Final = ":role/aws-service-role/"


def standing_of(principal: Principal) -> Standing:
    """The row for a caller."""
    if SERVICE_LINKED_PATH in principal.role_arn:
        return SERVICE_LINKED
    return STANDINGS[principal.kind]


# The operations on a role that its trust policy decides, and those that decide about what comes with them.
TRUST_ACTIONS: Final = frozenset(
    (
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    )
)


def is_trust_action(action: str) -> bool:
    """Is the policy of the resource a role trust policy? action is in lower case."""
    return action in TRUST_ACTIONS


_KEY: Final = re.compile(r"arn:[^:]*:kms:[^:]*:[^:]*:key/")

# Source: AWS Organizations User Guide, "Resource control policies", what they do not restrict.
RCP_EXEMPT_ACTIONS: Final = frozenset(("kms:retiregrant",))


def is_key_action(action: str) -> bool:
    """May the action be one on a KMS key? action is in lower case."""
    return action.startswith("kms:")


def is_key(resource: str) -> bool:
    """Is the resource a KMS key? It has a policy of its own, unlike an alias or a key still to be made."""
    return _KEY.match(resource) is not None
