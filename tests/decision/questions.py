"""Short ways to write policies and requests, and random ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal, PrincipalKind

HERE = "111122223333"
THERE = "444455556666"

ALICE = Principal.parse(f"arn:aws:iam::{HERE}:user/dev/alice", id="AIDAALICEALICEALICE12")
SESSION = Principal.parse(
    f"arn:aws:sts::{HERE}:assumed-role/Deployer/ci",
    role_arn=f"arn:aws:iam::{HERE}:role/ci/Deployer",
    id="AROADEPLOYERDEPLOYER1:ci",
)
LINKED = Principal.parse(
    f"arn:aws:sts::{HERE}:assumed-role/AWSServiceRoleForRDS/x",
    role_arn=f"arn:aws:iam::{HERE}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
)
FEDERATED = replace(
    Principal.parse(f"arn:aws:sts::{HERE}:federated-user/guest"),
    issuer_arn=ALICE.arn,
    issuer_id=ALICE.id,
)
ROOT = Principal.parse(f"arn:aws:iam::{HERE}:root")
SERVICE = Principal.parse("sns.amazonaws.com")
ANONYMOUS = Principal.parse("*")
GOOGLE = Principal(PrincipalKind.IDENTITY_PROVIDER, "accounts.google.com", "")

READ = "s3:GetObject"
BUCKET = "arn:aws:s3:::data/x"


def policy(*statements: Mapping[str, object], version: str = "2012-10-17", name: str = "") -> Policy:
    """A document with these statements."""
    return Policy.parse({"Version": version, "Statement": list(statements)}, name=name)


def allow(action: object = "*", resource: object = "*", **elements: object) -> dict[str, object]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: object = "*", resource: object = "*", **elements: object) -> dict[str, object]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **elements}


ALL = policy(allow())
NOTHING = policy(allow("nothing:AtAll"))


def ask(
    principal: Principal = ALICE,
    action: str = READ,
    resource: str | None = BUCKET,
    owner: str = "",
    unknown: frozenset[str] = frozenset(),
    **context: str | tuple[str, ...],
) -> Request:
    """A question; ``aws_username`` stands for the key ``aws:username``."""
    keys = {name.replace("_", ":", 1).lower(): value for name, value in context.items()}
    return Request(principal, action, resource, owner, keys, unknown)


# Random questions, over an alphabet so small that things meet.

PRINCIPALS = (ALICE, SESSION, LINKED, FEDERATED, ROOT, SERVICE, ANONYMOUS, GOOGLE)
ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole", "kms:Decrypt", "sts:AssumeRole")
RESOURCES = (BUCKET, "arn:aws:s3:::data/y", f"arn:aws:iam::{HERE}:role/a:b", "*")
KEYS = ("aws:username", "aws:principaltag/team", "s3:prefix")
WORDS = ("alice", "red", "")

_actions = st.sampled_from(
    ["*", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "iam:PassRole", "kms:*", "sts:*"]
)
_resources = st.sampled_from(
    [
        "*",
        BUCKET,
        "arn:aws:s3:::data/*",
        "arn:aws:s3:::*/x",
        "arn:aws:s3:::data/${aws:username}",
        "arn:*:iam::*:role/a*",
        "arn:aws:iam::1*3:role/*",
    ]
)
_operators = st.sampled_from(
    [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringEqualsIfExists",
        "Null",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotLike",
    ]
)
_values = st.sampled_from(["alice", "red", "*", "true", "${aws:username}", "${s3:prefix, 'red'}"])
_conditions = st.dictionaries(
    _operators,
    st.dictionaries(st.sampled_from(KEYS), st.lists(_values, min_size=1, max_size=2), min_size=1, max_size=1),
    max_size=2,
)
_named = st.sampled_from(
    [
        "*",
        {"AWS": "*"},
        {"AWS": HERE},
        {"AWS": THERE},
        {"AWS": ALICE.arn},
        {"AWS": ALICE.id},
        {"AWS": SESSION.arn},
        {"AWS": SESSION.role_arn},
        {"AWS": [FEDERATED.arn, THERE]},
        {"Service": SERVICE.arn},
        {"AWS": [HERE, ALICE.arn, SESSION.role_arn]},
    ]
)


@st.composite
def statements(draw: st.DrawFn, *, effect: str | None = None, named: bool = False) -> dict[str, object]:
    """A random statement; named ones have a principal."""
    made: dict[str, object] = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "Action", "NotAction"])): draw(
            st.lists(_actions, min_size=1, max_size=2)
        ),
        draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"])): draw(
            st.lists(_resources, min_size=1, max_size=2)
        ),
    }
    if conditions := draw(st.one_of(st.just({}), _conditions)):
        made["Condition"] = conditions
    if named:
        made[draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"]))] = draw(_named)
    return made


def documents(*, named: bool = False) -> st.SearchStrategy[dict[str, object]]:
    """A random document, as parsed JSON."""
    return st.builds(
        lambda version, made: {"Version": version, "Statement": made},
        st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
        st.lists(statements(named=named), max_size=3),
    )


@dataclass(frozen=True)
class World:
    """Every document that applies to one request, as parsed JSON."""

    identity: tuple[dict[str, object], ...] = ()
    resource: dict[str, object] | None = None
    boundaries: tuple[dict[str, object], ...] = ()
    session: tuple[dict[str, object], ...] | None = None
    scps: tuple[tuple[dict[str, object], ...], ...] = ()
    rcps: tuple[tuple[dict[str, object], ...], ...] = ()
    endpoint: dict[str, object] | None = None

    def row(self, layer: str) -> tuple[dict[str, object], ...]:
        """The documents of identity, boundaries or session."""
        return {"identity": self.identity, "boundaries": self.boundaries}.get(layer, self.session or ())

    def having(self, layer: str, row: tuple[dict[str, object], ...]) -> World:
        """The world with other documents in identity, boundaries or session."""
        if layer == "identity":
            return replace(self, identity=row)
        return replace(self, boundaries=row) if layer == "boundaries" else replace(self, session=row)

    def policies(self) -> Policies:
        """The same, parsed."""
        return Policies(
            _row(self.identity),
            None if self.resource is None else Policy.parse(self.resource),
            _row(self.boundaries),
            None if self.session is None else _row(self.session),
            tuple(_row(level) for level in self.scps),
            tuple(_row(level) for level in self.rcps),
            None if self.endpoint is None else Policy.parse(self.endpoint),
        )

    def __repr__(self) -> str:
        return json.dumps(self.__dict__, indent=1)


def _row(documents: tuple[dict[str, object], ...]) -> tuple[Policy, ...]:
    return tuple(Policy.parse(document) for document in documents)


FULL: dict[str, object] = {"Version": "2012-10-17", "Statement": [allow()]}


def rows(
    element: st.SearchStrategy[dict[str, object]], most: int = 2
) -> st.SearchStrategy[tuple[dict[str, object], ...]]:
    """Up to most documents, full access among them often enough that not all is refused."""
    return st.lists(st.one_of(st.just(FULL), element), max_size=most).map(tuple)


WORLDS = st.builds(
    World,
    identity=rows(documents(), 3),
    resource=st.one_of(st.none(), documents(named=True)),
    boundaries=st.one_of(st.just(()), rows(documents(), 1)),
    session=st.one_of(st.none(), rows(documents(), 2)),
    scps=st.one_of(st.just(()), st.lists(rows(documents()), max_size=2).map(tuple)),
    rcps=st.one_of(st.just(()), st.lists(rows(documents(named=True)), max_size=2).map(tuple)),
    endpoint=st.one_of(st.none(), st.none(), documents(named=True)),
)

REQUESTS = st.builds(
    Request,
    principal=st.sampled_from(PRINCIPALS),
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    resource_account=st.sampled_from(["", HERE, HERE, THERE]),
    context=st.dictionaries(
        st.sampled_from(KEYS),
        st.one_of(st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=2).map(tuple)),
        max_size=3,
    ),
)
