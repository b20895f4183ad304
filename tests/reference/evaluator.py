"""A second evaluator of AWS policies: slow, plain, and written page by page from AWS's documentation.

It shares nothing with ``passrole.decision`` and answers only the outcome. Sources are pages of the IAM User
Guide unless another is named; where they say less than is needed here, a comment says what was inferred.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

Document = Mapping[str, object]
Test = Callable[[str, str], bool]  # (the policy's value, the request's value)
Context = Mapping[str, object]  # lower-case key: str for a single-valued key, list for a multivalued one
STAR, MARK = "\ue000", "\ue001"  # a * and a ? that stand for themselves inside a pattern
PLAIN = {ord(STAR): "*", ord(MARK): "?"}


def decide(case: Document) -> str:
    """``allowed``, ``explicit_deny`` or ``implicit_deny`` for one case of ``passrole decide --jsonl``.

    Source: "How AWS enforcement code logic evaluates requests to allow or deny access", "Cross-account
    policy evaluation logic", "Permissions for GetFederationToken".
    """
    asked = Asked.parse(mapping(case["request"]))
    identity, session = documents(case.get("identity_policies")), documents(case.get("session_policies"))
    resource, endpoint = documents(case.get("resource_policy")), documents(case.get("vpc_endpoint_policy"))
    boundary = documents(case.get("permission_boundaries"))
    scps, rcps = [[documents(level) for level in many(case.get(kind))] for kind in ("scps", "rcps")]
    if asked.kind in ("root", "service", "anonymous"):  # no policy is attached to any of them
        identity, boundary = [], []
    if asked.kind not in ("session", "federated"):
        session = []
    if asked.kind in ("service", "anonymous") or asked.service_linked:  # "Service control policies"
        scps = []
    if asked.service_linked or asked.action == "kms:retiregrant":  # "Resource control policies"
        rcps = []
    asked.bounded = bool(boundary)

    layers = [identity, boundary, session, resource, endpoint, *scps, *rcps]
    if any(asked.grants("Deny", layer) for layer in layers):
        return "explicit_deny"
    # An RCP never denies implicitly: RCPFullAWSAccess is attached to every level and cannot be detached.
    if not all(asked.grants("Allow", level) for level in scps):
        return "implicit_deny"
    if endpoint and not asked.grants("Allow", endpoint):
        return "implicit_deny"

    named = asked.grants("Allow", resource)
    if asked.kind == "anonymous" and asked.action.startswith("sts:"):  # STS API Reference, AssumeRole
        named = set()  # "you must use credentials for an IAM user or an IAM role"
    if asked.kind in ("service", "anonymous"):
        return "allowed" if named else "implicit_deny"

    by_identity = asked.kind == "root" or asked.grants("Allow", identity)
    in_boundary = not boundary or asked.grants("Allow", boundary)
    # Without a session policy a federated user may do nothing, but for what a resource's policy grants it.
    in_session = asked.grants("Allow", session) if session else asked.kind != "federated"
    if asked.account != asked.resource_account:
        return "allowed" if named and by_identity and in_boundary and in_session else "implicit_deny"
    # The table "Resource-based policies and implicit denies in other policy types (same account)":
    # a grant to the caller itself or to everyone is not limited, one to its role only by the limits,
    # one to its account only delegates to that account's own policies.
    if "caller" in named or "everyone" in named:
        return "allowed"
    if asked.must_be_named() and not named:
        return "implicit_deny"
    return "allowed" if ("role" in named or by_identity) and in_boundary and in_session else "implicit_deny"


@dataclass
class Asked:
    """The request of a case, and the names by which policies can mean its caller."""

    kind: str  # root, user, session, federated, service or anonymous
    names: dict[str, str]  # name: what it names ("account", "role" or "caller")
    account: str
    resource_account: str
    action: str  # in lower case
    resource: str
    context: Context
    service_linked: bool = False
    bounded: bool = False  # has the caller a permissions boundary?

    @classmethod
    def parse(cls, request: Document) -> Asked:
        """Source: "AWS JSON policy elements: Principal", "IAM identifiers"."""
        who, role, account = str(request["principal"]), "", ""
        kind, names = ("anonymous", {}) if who == "*" else ("service", {who: "caller"})
        if who.startswith("arn:"):
            _, partition, _, _, account, resource = who.split(":", 5)
            kind, _, rest = resource.partition("/")
            kind = {"assumed-role": "session", "federated-user": "federated"}.get(kind, kind)
            names = {account: "caller"} if kind == "root" else {account: "account", who: "caller"}
            if kind == "session":
                role = f"arn:{partition}:iam::{account}:role/{rest.split('/')[0]}"
                role = str(request.get("role_arn") or role)
                names[role] = "role"
        return cls(
            kind,
            names,
            account,
            resource_account=str(request.get("resource_account") or account),
            action=str(request["action"]).lower(),
            resource=str(request["resource"]),
            context={key.lower(): value for key, value in mapping(request.get("context")).items()},
            service_linked=":role/aws-service-role/" in role,
        )

    def must_be_named(self) -> bool:
        """Is it a role to assume or a KMS key, whose own policy must allow? An alias has no key policy.

        Source: "How AWS enforcement code logic …"; KMS Developer Guide, "Key policies", "Aliases".
        """
        service, kind = self.action.split(":")[0], self.resource.split(":")[-1].split("/")[0]
        return (service, kind) in (("sts", "role"), ("kms", "key"))

    def grants(self, effect: str, layer: Sequence[Document]) -> set[str]:
        """What the statements of that effect that apply call the caller; empty where none applies."""
        found: set[str] = set()
        for document in layer:
            for statement in documents(document["Statement"]):
                if statement["Effect"] == effect and self.meets(statement, str(document.get("Version"))):
                    found |= self.called_in(statement)
        return found

    def meets(self, statement: Document, version: str) -> bool:
        """Do the action, the resource and the conditions match? A trust policy names no resource."""
        patterns = texts(statement.get("Action", statement.get("NotAction")))
        if any(like(pattern.lower(), self.action) for pattern in patterns) == ("NotAction" in statement):
            return False
        patterns = texts(statement.get("Resource", statement.get("NotResource", "*")))
        if any(self.resource_is(p, version) for p in patterns) == ("NotResource" in statement):
            return False
        return all(
            holds(operator, key, wanted, self.context, version)
            for operator, block in mapping(statement.get("Condition")).items()
            for key, wanted in mapping(block).items()
        )

    def called_in(self, statement: Document) -> set[str]:
        """Source: "AWS JSON policy elements: Principal", "AWS JSON policy elements: NotPrincipal"."""
        listed = principals(statement.get("Principal", statement.get("NotPrincipal")))
        if "NotPrincipal" in statement and statement["Effect"] == "Deny":
            # Account, role and session are validated in turn, so each has to be listed to be spared (the
            # page's examples list all three). With a permissions boundary it "will always deny".
            spared = "*" in listed or (bool(self.names) and set(self.names) <= listed)
            return set() if spared and not self.bounded else {"everyone"}
        if "NotPrincipal" in statement:  # grants to everyone else, to anonymous callers too
            return set() if listed & {*self.names, "*"} else {"everyone"}
        if "Principal" not in statement:
            return {"caller"}  # the policy hangs on the caller: identity, boundary, session, SCP
        return {"everyone"} if "*" in listed else {self.names[name] for name in self.names if name in listed}

    def resource_is(self, pattern: str, version: str) -> bool:
        """Source: "IAM JSON policy elements: Resource"; "… Variables and tags", "Resource element"."""
        if not pattern.strip("*"):
            return True
        fields = pattern.split(":", 5)
        fields += ["*"] * (6 - len(fields))  # "AWS automatically completes the ARN" when it is incomplete
        if (last := substitute(fields[5], self.context, version)) is None:
            return False
        # In the first five fields a wildcard stays inside its field, but for a * at the field's end.
        head = [regex(field.removesuffix("*"), "[^:]") + ".*" * field.endswith("*") for field in fields[:5]]
        return re.fullmatch(":".join([*head, regex(last)]), self.resource, re.DOTALL) is not None


def many(value: object) -> Sequence[object]:
    """A value that AWS lets stand alone or in an array."""
    return [] if value is None else value if isinstance(value, list) else [value]


def texts(value: object) -> list[str]:
    """Like many, each value as text: JSON's true is ``true``, its 10 is ``10``."""
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in many(value)]


def mapping(value: object) -> Document:
    return value if isinstance(value, Mapping) else {}


def documents(value: object) -> list[Document]:
    return [mapping(item) for item in many(value)]


def principals(element: object) -> set[str]:
    """The names in a Principal element; an account's root ARN and its 12 digits behave the same way."""
    block = mapping({"AWS": element} if isinstance(element, str) else element)
    root = r"^arn:[^:]+:iam::(\d{12}):root$"
    return {re.sub(root, r"\1", name) for sort in ("AWS", "Service") for name in texts(block.get(sort))}


def regex(pattern: str, one: str = ".") -> str:
    """A pattern of * and ? as a regular expression; one is what a single wildcard may stand for."""
    signs = {"*": f"{one}*", "?": one, STAR: r"\*", MARK: r"\?"}
    return "".join(signs[sign] if sign in signs else re.escape(sign) for sign in pattern)


def like(pattern: str, value: str) -> bool:
    return re.fullmatch(regex(pattern), value, re.DOTALL) is not None


def substitute(pattern: str, context: Context, version: str) -> str | None:
    """The pattern with its variables filled in, None where one has no value and no default.

    What is filled in stands for itself, also where it holds a * or a ?. (Inferred: a pattern in a tag's
    value would let whoever sets the tag widen the policy.) A multivalued key is not a variable.
    Source: "IAM policy elements: Variables and tags", "IAM JSON policy elements: Version".
    """
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = match["name"] if match["name"] in ("*", "?", "$") else context.get(match["name"].lower())
        found = found if isinstance(found, str) else match["default"]
        missing = missing or found is None
        return str(found).replace("*", STAR).replace("?", MARK)

    if version != "2012-10-17":
        return pattern
    filled = re.sub(r"\$\{(?P<name>[^},]+)(?:, *'(?P<default>[^']*)')?\}", value, pattern)
    return None if missing else filled


def holds(operator: str, key: str, wanted: object, context: Context, version: str) -> bool:
    """Source: "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
    values", "Single-valued vs. multivalued context keys"."""
    have = texts(context.get(key.lower()))
    if operator == "Null":
        return any(value == ("false" if have else "true") for value in texts(wanted))
    over, _, name = operator.rpartition(":")
    name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
    negated, name = "Not" in name, name.replace("Not", "")
    if not have or (over and not any(have)):  # "resolves to a null dataset, such as an empty string"
        # IfExists does not help ForAnyValue: where it finds no value it is false. (Observed on AWS.)
        return over == "ForAllValues" if over else if_exists or negated
    patterns: list[str | None] = [*texts(wanted)]
    if name.startswith(("String", "Arn", "Bool")):
        patterns = [substitute(pattern, context, version) for pattern in texts(wanted)]
    # A variable without a value leaves nothing that a value could be equal to or like.
    found = [any(p is not None and compare(name, p, value) for p in patterns) for value in have]
    if over == "ForAllValues":
        return all(match != negated for match in found)
    # Without a set operator the pages define no answer for several values. (Inferred: as ForAnyValue.)
    return any(match != negated for match in found)


def compare(name: str, wanted: str, had: str) -> bool:
    """Does the request's value match the policy's? What cannot be read as the operator's type does not."""
    try:
        return OPERATORS[name](wanted, had)
    except ValueError:
        return False


def arn_like(wanted: str, had: str) -> bool:
    """Each of the six components between colons is checked by itself."""
    parts, others = wanted.split(":", 5), had.split(":", 5)
    return len(parts) == len(others) == 6 and all(map(like, parts, others))


def number(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        raise ValueError(text)
    return Decimal(text)


def moment(text: str) -> Decimal:
    """Seconds since 1970 of a W3C date (YYYY to YYYY-MM-DDThh:mm:ss.sTZD) or of epoch time itself."""
    if re.fullmatch(r"-?\d{5,}(\.\d+)?", text):
        return Decimal(text)
    read = datetime.fromisoformat(text + {4: "-01-01", 7: "-01"}.get(len(text), ""))
    return Decimal(str((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()))


def ordered(read: Callable[[str], Decimal], test: Callable[[Decimal, Decimal], bool]) -> Test:
    return lambda wanted, had: test(read(had), read(wanted))


OPERATORS: dict[str, Test] = {
    "StringEquals": lambda wanted, had: wanted.translate(PLAIN) == had,
    "StringEqualsIgnoreCase": lambda wanted, had: wanted.translate(PLAIN).lower() == had.lower(),
    "StringLike": like,
    "Bool": lambda wanted, had: wanted.translate(PLAIN).lower() == had.lower(),
    "BinaryEquals": lambda wanted, had: b64decode(wanted, validate=True) == b64decode(had, validate=True),
    "IpAddress": lambda net, had: ipaddress.ip_address(had) in ipaddress.ip_network(net, strict=False),
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}
for family, read in (("Numeric", number), ("Date", moment)):
    OPERATORS[f"{family}Equals"] = ordered(read, Decimal.__eq__)
    OPERATORS[f"{family}LessThan"] = ordered(read, Decimal.__lt__)
    OPERATORS[f"{family}LessThanEquals"] = ordered(read, Decimal.__le__)
    OPERATORS[f"{family}GreaterThan"] = ordered(read, Decimal.__gt__)
    OPERATORS[f"{family}GreaterThanEquals"] = ordered(read, Decimal.__ge__)
