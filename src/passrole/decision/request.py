"""What is asked, of which policies, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from passrole.policy.document import Policy
from passrole.values.principal import Principal

if TYPE_CHECKING:
    from passrole.decision.plan import Compiled

# Key names in lower case. A str is a single-valued key, a tuple a multivalued one.
Context = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """One authorization question.

    context holds exactly the keys that are known to be present; nothing is derived from the
    other fields. unknown names the keys (lower case) whose presence or value is not known, which
    is not the same as absent; an entry that ends in ``/`` or a second ``:`` stands for every key that
    starts so (``aws:resourcetag/``, ``kms:encryptioncontext:``), and ``ec2:*`` for every key of that service
    that context lacks.
    resource is None where it is not known.
    """

    principal: Principal
    action: str  # "iam:PassRole"
    resource: str | None  # an ARN, "*" for an action without resource types, None: not known
    resource_account: str = ""  # who owns the resource; "" means the principal's account
    context: Context = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to one request. A Policy is parsed and compiled once and shared.

    resource is the resource-based policy; for ``sts:AssumeRole*`` the role's trust policy, for
    ``kms:*`` the key policy. scps and rcps hold one tuple a level, root first, account last:
    () where none apply, and an empty level allows nothing (RCPFullAWSAccess is implied). Several
    documents in one layer or level count as one that holds all their statements.

    Keep the object as long as its policies apply: what is compiled for them stays with it.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundaries: tuple[Policy, ...] = ()
    session: tuple[Policy, ...] | None = None  # None: no session policy was given; (): one that is empty
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    vpc_endpoint: Policy | None = None
    compiled: Compiled | None = field(default=None, init=False, repr=False, compare=False)


class Outcome(Enum):
    """The three answers of the policy language."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit_deny"
    IMPLICIT_DENY = "implicit_deny"


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement that decided, or the part of it that kept it from deciding.

    policy is the Policy's name ("" where it has none) and index its place in its layer;
    statement is the Sid, else the place as text. element is ``Action``, ``Resource``,
    ``Principal`` or ``Condition`` where that is what failed, "" where the statement matched;
    key, operator, asked and wanted belong to a Condition: the request's and the policy's values.
    """

    layer: str
    policy: str
    index: int
    statement: str
    effect: str  # "Allow" | "Deny"
    element: str = ""
    key: str = ""
    operator: str = ""
    asked: tuple[str, ...] | None = None  # None: the key is absent
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with the layer that decided it and AWS's words for why.

    reason reads on from the resource in AWS's message: ``because no identity-based policy allows
    the iam:PassRole action`` or ``with an explicit deny in a permissions boundary``; "" when allowed.
    doubtful is True where the answer would be another one, were what is unknown known.
    """

    outcome: Outcome
    layer: str  # "identity", "boundary", …: see decision.layers
    reason: str = ""
    clauses: tuple[Clause, ...] = ()
    doubtful: bool = False

    @property
    def allowed(self) -> bool:
        """True for ALLOWED alone."""
        return self.outcome is Outcome.ALLOWED
