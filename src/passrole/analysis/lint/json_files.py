"""Policies in JSON files: documents, account details, answers of the AWS CLI, Terraform plans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from passrole.analysis.lint.document import (
    Broken,
    Document,
    Found,
    KnownRole,
    allows_everything,
    kind_of,
)
from passrole.analysis.lint.node import Embedded, Node, inside_json_string, read_json
from passrole.policy.document import Kind
from passrole.policy.source import JsonError
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

ADMINISTRATOR_ACCESS: Final = "policy/AdministratorAccess"
_PERCENT: Final = re.compile("%([0-9a-fA-F]{2})")
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_AWS: Final = "aws"  # the account in the ARNs of AWS's own policies
# Members that hold a policy as text or object, in details, the CLI's answers and organization exports.
_HOLDERS: Final[Mapping[str, Kind | None]] = {
    "AssumeRolePolicyDocument": "trust",
    "PolicyDocument": None,
    "Document": None,
    "Content": "scp",
    "Policy": None,
}
_ORGANIZATION: Final[Mapping[str, Kind]] = {
    "SERVICE_CONTROL_POLICY": "scp",
    "RESOURCE_CONTROL_POLICY": "rcp",
}
_DETAILS: Final = ("UserName", "GroupName", "RoleName", "PolicyName")

# Attributes of Terraform's resources that hold a policy. Source: Terraform Registry, AWS provider.
TERRAFORM: Final[Mapping[tuple[str, str], Kind]] = {
    ("aws_iam_policy", "policy"): "identity",
    ("aws_iam_role_policy", "policy"): "inline",
    ("aws_iam_user_policy", "policy"): "inline",
    ("aws_iam_group_policy", "policy"): "inline",
    ("aws_iam_role", "assume_role_policy"): "trust",
    ("aws_ssoadmin_permission_set_inline_policy", "inline_policy"): "inline",
    ("aws_organizations_policy", "content"): "scp",
    ("aws_s3_bucket_policy", "policy"): "resource",
    ("aws_sqs_queue_policy", "policy"): "resource",
    ("aws_sns_topic_policy", "policy"): "resource",
    ("aws_kms_key", "policy"): "resource",
    ("aws_secretsmanager_secret_policy", "policy"): "resource",
    ("aws_ecr_repository_policy", "policy"): "resource",
    ("aws_vpc_endpoint", "policy"): "endpoint",
}
# Blocks in those that hold one: Terraform's older way to write inline policies.
TERRAFORM_BLOCKS: Final[Mapping[tuple[str, str, str], Kind]] = {
    ("aws_iam_role", "inline_policy", "policy"): "inline",
}


@dataclass(frozen=True, slots=True)
class _Place:
    account: str = ""
    name: str = ""
    kind: Kind | None = None


def read_policies(text: str, root: Node) -> Found:
    """Every policy in a JSON value, wherever it is."""
    found = Found()
    _search(text, root, _Place(), found)
    return found


def read_plan(text: str, root: Node) -> Found:
    """The policies of a Terraform plan (``terraform show -json``), as the plan would leave them."""
    found = Found()
    planned = root.get("planned_values")
    for resource in _modules(planned.get("root_module") if planned is not None else None):
        kind_node, address, values = (resource.get(name) for name in ("type", "address", "values"))
        if kind_node is None or values is None:
            continue
        name = address.text if address is not None else kind_node.text
        for member in values.members or ():
            kind = TERRAFORM.get((kind_node.text, member.name))
            if kind is not None:
                _embedded(text, member.value, _Place(name=name, kind=kind), found)
            for (of, block, attribute), inner in TERRAFORM_BLOCKS.items():
                if (of, block) == (kind_node.text, member.name):
                    for one in member.value.values():
                        policy = one.get(attribute)
                        if policy is not None:
                            _embedded(text, policy, _Place(name=name, kind=inner), found)
        if kind_node.text == "aws_iam_role":
            found.roles.append(_planned_role(name, values))
    return found


def _modules(module: Node | None) -> Iterator[Node]:
    """The resources of a module and of those in it."""
    if module is None:
        return
    for name in ("resources", "child_modules"):
        listed = module.get(name)
        for one in (listed.items or ()) if listed is not None else ():
            if name == "resources":
                yield one
            else:
                yield from _modules(one)


def _planned_role(address: str, values: Node) -> KnownRole:
    name, path, arns = (values.get(member) for member in ("name", "path", "managed_policy_arns"))
    attached = [one.text for one in arns.values()] if arns is not None else []
    return KnownRole(
        name=name.text if name is not None else "",
        path=(path.text if path is not None else "") or "/",
        administrator=any(one.endswith(ADMINISTRATOR_ACCESS) for one in attached),
        key=address,
    )


def _search(text: str, node: Node, place: _Place, found: Found) -> None:
    if node.members is None:
        for item in node.items or ():
            _search(text, item, place, found)
        return
    if node.member("Statement") is not None:
        found.documents.append(Document(node, place.kind or kind_of(node), place.account, place.name))
        return
    default = node.get("IsDefaultVersion")
    if default is not None and default.value is False:
        return  # an older version of a managed policy
    here = _placed(node, place)
    if here.account == _AWS:
        return  # AWS's own policies are AWS's to change
    if node.member("AssumeRolePolicyDocument") is not None:
        found.roles.append(_detailed_role(text, node, here.account))
    for member in node.members:
        if member.name in _HOLDERS and isinstance(member.value.value, str):
            kind = here.kind or _HOLDERS[member.name]
            _embedded(text, member.value, replace(here, kind=kind), found)
        elif member.name in _HOLDERS:
            _search(text, member.value, replace(here, kind=here.kind or _HOLDERS[member.name]), found)
        else:
            _search(text, member.value, here, found)


def _placed(node: Node, place: _Place) -> _Place:
    """What the members of an object tell about the policies in it."""
    account, name, kind = place.account, place.name, place.kind
    arn = node.get("Arn")
    if arn is not None:
        account = _account(arn.text) or account
    for member in _DETAILS:
        one = node.get(member)
        if one is not None and one.text:
            word = {"PolicyName": "policy"}.get(member, member.removesuffix("Name").lower())
            name = f"{name}, {word} {one.text}" if name else f"{word} {one.text}"
            break
    summary = node.get("PolicySummary")
    if summary is not None and (of := summary.get("Type")) is not None:
        kind = _ORGANIZATION.get(of.text, "scp")
    return _Place(account, name, kind)


def _account(arn: str) -> str:
    try:
        account = Arn.parse(arn).account
    except InvalidArn:
        return ""
    return account if _ACCOUNT.fullmatch(account) or account == _AWS else ""


def _detailed_role(text: str, node: Node, account: str) -> KnownRole:
    name, path, attached, inline = (
        node.get(member) for member in ("RoleName", "Path", "AttachedManagedPolicies", "RolePolicyList")
    )
    arns = [one.get("PolicyArn") or one for one in (attached.values() if attached is not None else ())]
    documents = [one.get("PolicyDocument") for one in (inline.values() if inline is not None else ())]
    everything = any(arn.text.endswith(ADMINISTRATOR_ACCESS) for arn in arns) or any(
        document is not None and allows_everything(_opened(text, document)) for document in documents
    )
    bounded = node.member("PermissionsBoundary") is not None
    return KnownRole(
        name=name.text if name is not None else "",
        path=(path.text if path is not None else "") or "/",
        account=account,
        administrator=everything and not bounded,
    )


def _opened(text: str, node: Node) -> Node:
    """A policy that stands as an object or as a text; the node itself where the text is no JSON."""
    if not isinstance(node.value, str):
        return node
    try:
        return read_json(_inside(text, node))
    except JsonError:
        return node


def _embedded(text: str, node: Node, place: _Place, found: Found) -> None:
    """A policy that stands as a JSON text in a JSON string."""
    inner = _inside(text, node)
    if not inner.text.lstrip().startswith("{"):
        return
    try:
        root = read_json(inner)
    except JsonError as error:
        found.broken.append(Broken(inner.offsets[min(error.offset, len(inner.text))], error.message))
        return
    if root.member("Statement") is not None:
        kind = place.kind or kind_of(root)
        found.documents.append(Document(root, kind, place.account, place.name))


def _inside(text: str, node: Node) -> Embedded:
    inner = inside_json_string(text, node.start, node.end)
    return inner if not inner.text.lstrip().startswith("%") else unquoted(inner)


def unquoted(given: Embedded) -> Embedded:
    """A percent-encoded text, as IAM's API gives policies."""
    raw = bytearray()
    offsets: list[int] = []
    place = 0
    while place < len(given.text):
        found = _PERCENT.match(given.text, place)
        piece = bytes.fromhex(found[1]) if found is not None else given.text[place].encode()
        raw += piece
        offsets += [given.offsets[place]] * len(piece)
        place += 3 if found is not None else 1
    made, places = [], list[int]()
    at = 0
    for character in raw.decode(errors="replace"):
        made.append(character)
        places.append(offsets[min(at, len(offsets) - 1)])
        at += len(character.encode())
    places.append(given.offsets[-1])
    return Embedded("".join(made), places)
