"""The rules of the grammar, over a document's text: each yields what breaks it and where.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.policy import scalars
from passrole.policy.conditions import operator_named
from passrole.policy.document import (
    POLICY_ELEMENTS,
    PRINCIPAL_KINDS,
    STATEMENT_ELEMENTS,
    VERSIONS,
    NumberText,
)
from passrole.policy.source import JsonError, Source, Value, statements
from passrole.policy.wordings import Family

# Source: the pattern of policy documents in IAM's service model.
_FORBIDDEN_CHARACTER: Final = re.compile(r"[^\t\n\r\x20-\xff]")
_ACCOUNT: Final = r"\d{12}"
_AWS_PRINCIPAL: Final = re.compile(
    rf"\*|{_ACCOUNT}|arn:[a-z-]+:iam::{_ACCOUNT}:(?:root|(?:user|role)/[^*?\s]+)"
    rf"|arn:[a-z-]+:sts::{_ACCOUNT}:(?:assumed-role/[^/*?\s]+/[^/*?\s]+|federated-user/[^/*?\s]+)"
    rf"|A(?:IDA|ROA)[A-Z0-9]{{8,}}",
    re.ASCII,
)
_SERVICE: Final = re.compile(
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws)", re.ASCII
)
_PROVIDER: Final = re.compile(
    rf"arn:[a-z-]+:iam::{_ACCOUNT}:(?:saml|oidc)-provider/[^*?]+|[a-z0-9.-]+\.[a-z]+(?:/[\w./-]+)?", re.ASCII
)
_PARTITION: Final = re.compile(r"aws(?:-[a-z]+)*", re.ASCII)
_VENDOR: Final = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)

_COGNITO: Final = "cognito-identity.amazonaws.com"
# Providers that many tenants share, and the claim that tells them apart: without a condition on it the
# role is anybody's. Source: IAM User Guide, "Identity-provider controls for shared OIDC providers", 2026.
SHARED_PROVIDERS: Final[Mapping[str, str]] = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}
_SCOPING: Final = frozenset(("StringEquals", "StringEqualsIgnoreCase", "StringLike"))

# IAM's resource types as its ARNs begin. Source: as the text of "resource-iam-path".
_IAM_PATHS: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken. value is what AWS's text quotes; statement is its index, -1 for the document."""

    code: str
    path: str
    offset: int
    message: str
    value: str = ""
    statement: int = -1


def findings(text: str, family: Family) -> Iterator[Finding]:
    """Everything in a document that breaks a rule of its kind, in the order of the rules."""
    found = _FORBIDDEN_CHARACTER.search(text)
    if found is not None:
        yield Finding("characters", "", found.start(), f"the character {found[0]!r} is not allowed")
    try:
        source = Source(text)
    except JsonError as error:
        yield Finding("json", "", error.offset, error.message)
        return
    root = source.root
    yield from _repeated(root, "")
    if root.members is None:
        yield Finding("document-type", "", root.start, "a policy is an object")
        return
    yield from _document(root, family)
    sids: dict[str, str] = {}
    for index, (path, value) in enumerate(statements(root)):
        if value.members is None:
            yield Finding("statement-type", path, value.start, "a statement is an object", "", index)
            continue
        for finding in _Statement(path, value, family, sids).findings():
            yield Finding(finding.code, finding.path, finding.offset, finding.message, finding.value, index)


def _repeated(value: Value, path: str) -> Iterator[Finding]:
    """Keys that are there twice in one object, at any depth."""
    seen: set[str] = set()
    for name, at, member in value.members or ():
        inner = f"{path}.{name}" if path else name
        if name in seen:
            yield Finding("duplicate-key", inner, at, f"the key {name!r} is there twice in one object")
        seen.add(name)
        yield from _repeated(member, inner)
    for index, item in enumerate(value.items or ()):
        yield from _repeated(item, f"{path}[{index}]")


def _document(root: Value, family: Family) -> Iterator[Finding]:
    for name, at, _ in root.members or ():
        if name not in POLICY_ELEMENTS:
            yield Finding("unknown-element", name, at, "there is no such element")
    version = root.member("Version")
    if version is None:
        if family.current:
            yield Finding("version", "Version", root.start, "it is missing, and means 2008-10-17 then")
    elif version.value not in VERSIONS or not _is_text(version):
        # What is no version at all is an error of form where AWS tells the two apart.
        yield Finding("unknown-version", "Version", version.start, f"it is {' or '.join(reversed(VERSIONS))}")
    elif family.current and version.value != "2012-10-17":
        yield Finding("version", "Version", version.start, "it is 2012-10-17")
    identifier = root.member("Id")
    if identifier is not None and not _is_text(identifier):
        yield Finding("id-type", "Id", identifier.start, "it is a string")
    given = root.member("Statement")
    if given is None:
        yield Finding("statement-missing", "Statement", root.start, "it is missing")
    elif given.items == ():
        yield Finding("statement-empty", "Statement", given.start, "it holds no statement")


class _Statement:
    """One statement under the rules."""

    def __init__(self, path: str, value: Value, family: Family, sids: dict[str, str]) -> None:
        self._path = path
        self._value = value
        self._family = family
        self._sids = sids  # Sids so far and where, of the whole document
        self._allows = (effect := value.member("Effect")) is not None and effect.value == "Allow"

    def findings(self) -> Iterator[Finding]:
        for name, at, _ in self._value.members or ():
            if name not in STATEMENT_ELEMENTS:
                yield self._finding("unknown-element", name, at, "there is no such element")
        yield from self._sid()
        yield from self._effect()
        yield from self._principal()
        yield from self._actions()
        yield from self._resources()
        yield from self._conditions()

    def _finding(self, code: str, element: str, at: Value | int, message: str, value: str = "") -> Finding:
        offset = at if isinstance(at, int) else at.start
        path = f"{self._path}.{element}" if element else self._path
        return Finding(code, path, offset, message, value)

    def _sid(self) -> Iterator[Finding]:
        sid = self._value.member("Sid")
        if sid is None:
            return
        if not _is_text(sid):
            yield self._finding("sid-type", "Sid", sid, "it is a string")
            return
        text = str(sid.value)
        if re.fullmatch(self._family.sids, text, re.DOTALL) is None:
            yield self._finding("sid-characters", "Sid", sid, "it holds letters and digits only", text)
        if text and text in self._sids:
            yield self._finding("sid-unique", "Sid", sid, f"{self._sids[text]} has the same Sid", text)
        self._sids.setdefault(text, self._path)

    def _effect(self) -> Iterator[Finding]:
        effect = self._value.member("Effect")
        if effect is None:
            yield self._finding("effect-missing", "Effect", self._value, "it is missing")
        elif effect.value not in ("Allow", "Deny") or not _is_text(effect):
            shown = str(effect.value) if _is_text(effect) else ""
            code = "effect-case" if shown.lower() in ("allow", "deny") else "effect"
            yield self._finding(code, "Effect", effect, "it is Allow or Deny", shown)
        elif self._family.deny and effect.value == "Allow":
            yield self._finding("effect-allow", "Effect", effect, "it is Deny", "Allow")

    def _principal(self) -> Iterator[Finding]:
        wanted = self._family.principal
        principal, other = self._value.member("Principal"), self._value.member("NotPrincipal")
        if wanted == "forbidden":
            for element, given in (("Principal", principal), ("NotPrincipal", other)):
                if given is not None:
                    yield self._finding("principal-forbidden", element, given, "it may not be here")
            return
        if principal is not None and other is not None:
            yield self._finding("both-principals", "NotPrincipal", other, "Principal is there as well")
        if other is not None:
            if self._allows:
                yield self._finding("not-principal-allow", "NotPrincipal", other, "Allow cannot go with it")
            elif self._family.sts or wanted == "everyone":
                yield self._finding("not-principal", "NotPrincipal", other, "it may not be here")
            else:
                yield from self._names("NotPrincipal", other)
        elif principal is None:
            yield self._finding("principal-missing", "Principal", self._value, "it is missing")
        elif wanted == "everyone":
            if principal.value != "*":
                yield self._finding("principal-value", "Principal", principal, 'it is "*"')
        else:
            yield from self._names("Principal", principal)

    def _names(self, element: str, given: Value) -> Iterator[Finding]:
        if given.members is None:
            if self._family.sts or given.value != "*":
                yield self._finding("principal-type", element, given, "it is an object")
            return
        if not given.members:
            yield self._finding("principal-empty", element, given, "it names nobody")
        for kind, at, values in given.members:
            if kind not in PRINCIPAL_KINDS or (self._family.sts and kind == "CanonicalUser"):
                yield self._finding(
                    "principal-kind",
                    f"{element}.{kind}",
                    at,
                    "there is no such kind of principal",
                    f'"{kind}"',
                )
                continue
            listed, wrong = _texts(values)
            for value in wrong:
                yield self._finding("principal-type", f"{element}.{kind}", value, "it is a string")
            if not listed and not wrong:
                yield self._finding("principal-empty", f"{element}.{kind}", values, "it names nobody")
            for value in listed:
                yield from self._name(f"{element}.{kind}", kind, value)

    def _name(self, element: str, kind: str, value: Value) -> Iterator[Finding]:
        text = str(value.value)
        form = {"AWS": _AWS_PRINCIPAL, "Service": _SERVICE, "Federated": _PROVIDER}.get(kind)
        if form is not None and form.fullmatch(text) is None:
            shown = f'"{kind.upper()}":"{text}"'
            yield self._finding("principal-value", element, value, f"{text!r} names no principal", shown)
        if self._family.sts and kind == "Federated" and self._allows:
            if text == _COGNITO:
                if not self._scoped(f"{_COGNITO}:aud"):
                    message = f"a condition on {_COGNITO}:aud is missing"
                    yield self._finding("cognito-condition", element, value, message)
            elif (
                claim := SHARED_PROVIDERS.get(provider := text.partition(":oidc-provider/")[2])
            ) is not None:
                key = f"{provider}:{claim}"
                if not self._scoped(key):
                    message = f"a condition on {key} is missing"
                    yield self._finding("provider-condition", element, value, message, key)

    def _scoped(self, key: str) -> bool:
        """Is there a condition that ties the key to something?"""
        for name, _, keys in (self._value.member("Condition") or Value(0, 0)).members or ():
            operator = operator_named(name)
            if operator is None or operator.name not in _SCOPING:
                continue
            for asked, _, values in keys.members or ():
                texts = [str(value.value) for value in _texts(values)[0]]
                if asked.lower() == key.lower() and any(text.strip("*?") for text in texts):
                    return True
        return False

    def _either(self, element: str) -> tuple[str, Value | None, Iterator[Finding]]:
        """The element or its Not… twin, and what is wrong with having it."""
        twin = f"Not{element}"
        given, other = self._value.member(element), self._value.member(twin)
        both = given is not None and other is not None
        wrong = (
            [self._finding(f"both-{element.lower()}s", twin, other or 0, f"{element} is there as well")]
            if both
            else []
        )
        return (element, given, iter(wrong)) if other is None else (twin, other, iter(wrong))

    def _actions(self) -> Iterator[Finding]:
        element, given, wrong_pair = self._either("Action")
        yield from wrong_pair
        if given is None:
            yield self._finding("action-missing", "Action", self._value, "it is missing")
            return
        listed, wrong = _texts(given)
        for value in wrong:
            yield self._finding("action-type", element, value, "it is a string")
        if not listed and not wrong:
            yield self._finding("action-empty", element, given, "it names no action")
        for value in listed:
            yield from self._action(element, value)

    def _action(self, element: str, value: Value) -> Iterator[Finding]:
        text = str(value.value)
        vendor, colon, name = text.partition(":")
        if self._family.sts:
            if not text.lower().startswith("sts:"):
                yield self._finding("action-sts", element, value, f"{text!r} is no action of STS", text)
        elif self._family.strict:
            if not colon and text != "*":
                message = f"{text!r} lacks its service prefix"
                yield self._finding("action-vendor-missing", element, value, message, text)
            elif ":" in name:
                yield self._finding("action-colons", element, value, f"{text!r} has two colons", text)
            elif vendor != "*" and _VENDOR.fullmatch(vendor) is None:
                yield self._finding(
                    "action-vendor", element, value, f"{vendor!r} is no service prefix", vendor
                )

    def _resources(self) -> Iterator[Finding]:
        element, given, wrong_pair = self._either("Resource")
        yield from wrong_pair
        wanted = self._family.resource
        if given is None:
            if wanted == "required":
                yield self._finding("resource-missing", "Resource", self._value, "it is missing")
            return
        if wanted == "forbidden":
            code = "resource-forbidden" if element == "Resource" else "not-resource-forbidden"
            yield self._finding(code, element, given, "it may not be here")
            return
        listed, wrong = _texts(given)
        for value in wrong:
            yield self._finding("resource-type", element, value, "it is a string")
        if not listed and not wrong:
            yield self._finding("resource-empty", element, given, "it names no resource")
        for value in listed if self._family.strict else ():
            yield from self._resource(element, value)

    def _resource(self, element: str, value: Value) -> Iterator[Finding]:
        text = str(value.value)
        if text == "*":
            return
        prefix, colon, rest = text.partition(":")
        if not colon:
            yield self._finding("resource-arn", element, value, f"{text!r} is neither an ARN nor *", text)
            return
        partition, colon, rest = rest.partition(":")
        if partition != "*" and _PARTITION.fullmatch(partition) is None:
            parts = [part or "*" for part in rest.split(":", 3)] + ["*"] * 3
            shown = f'"{partition}" is not valid for resource "arn:{partition}:{":".join(parts[:4])}"'
            yield self._finding("resource-partition", element, value, f"{partition!r} is no partition", shown)
            return
        fields = rest.split(":", 3)  # service, region, account, resource
        vendor = fields[0]
        if not colon or "*" in vendor or "?" in vendor:
            yield self._finding("resource-vendor", element, value, "the service is named in full", text)
            return
        if prefix != "arn" or not vendor or (len(fields) < 4 and "::" in text):
            yield self._finding("resource-legacy", element, value, f"{text!r} is no ARN", text)
            return
        region = fields[1] if len(fields) > 1 else ""
        resource = fields[3] if len(fields) == 4 else "*"
        if region and vendor == "iam":
            yield self._finding("resource-region-iam", element, value, "IAM has no regions", text)
        elif region and vendor == "s3" and not resource.startswith("accesspoint/"):
            yield self._finding("resource-region-s3", element, value, "a bucket's ARN has no region", text)
        elif vendor == "iam" and resource != "*" and not resource.startswith(_IAM_PATHS):
            yield self._finding(
                "resource-iam-path", element, value, f"IAM has no resource {resource!r}", text
            )

    def _conditions(self) -> Iterator[Finding]:
        block = self._value.member("Condition")
        if block is None:
            return
        if block.members is None:
            yield self._finding("condition-type", "Condition", block, "it is an object")
            return
        for name, at, keys in block.members:
            path = f"Condition.{name}"
            if keys.members is None:
                yield self._finding("condition-type", path, keys, "it is an object of condition keys")
                continue
            operator = operator_named(name)
            if operator is None:
                if keys.members:  # IAM lets an empty one pass, whatever its name
                    yield self._finding("condition-operator", path, at, "there is no such condition operator")
                continue
            for key, key_at, values in keys.members:
                if not key:
                    yield self._finding("condition-key", path, key_at, "the key has no name")
                yield from self._values(f"{path}.{key}", operator.operator.family, values)

    def _values(self, path: str, family: str, given: Value) -> Iterator[Finding]:
        for value in given.items if given.items is not None else (given,):
            if value.members is not None or value.items is not None or value.value is None:
                message = "a value is a string, a number or a boolean"
                yield self._finding("condition-value", path, value, message)
            elif family == "Date" and isinstance(value.value, str) and scalars.instant(value.value) is None:
                message = f"{value.value!r} is neither an ISO 8601 date nor epoch seconds"
                yield self._finding("condition-date", path, value, message)


def _texts(given: Value) -> tuple[list[Value], list[Value]]:
    """The strings of a string or of a list of strings, and what is none."""
    values = given.items if given.items is not None else (given,)
    return [value for value in values if _is_text(value)], [value for value in values if not _is_text(value)]


def _is_text(value: Value) -> bool:
    return isinstance(value.value, str) and not isinstance(value.value, NumberText)
