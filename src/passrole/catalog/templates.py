"""ARN templates: which resources an operation acts on, read off its input.

``arn:{partition}:ec2:{region}:{account}:instance/{InstanceIds[]}`` is filled from the call: the
five lower-case words by where it is made, everything else in braces by an input path (see ``paths``;
a map's ``{}`` is written ``<>`` inside a template). In braces:

- ``A|B`` takes the first that has a value; ``*``, ``account`` or a text after ``=`` may be the last;
- ``A?`` may be absent: it then leaves nothing behind;
- ``form:A`` reads a value of another form first: see FORMS.

A value that is an ARN already stands for the whole resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from passrole.catalog import paths

_PART: Final = re.compile(r"\{([^}]*)\}")
PLACES: Final = frozenset({"partition", "region", "account", "organization", "management"})
UNKNOWN: Final = ""  # the template of a resource that the input does not tell
_NOT_KNOWN: Final = "\0"
_OPTIONAL: Final = re.compile(r"(\{[^}]*\?\})+")  # what may follow an ARN: parts that may be absent

# How EC2 ids say what they are. Source: Service Authorization Reference, "Resource types defined by
# Amazon EC2", and EC2 User Guide, "Resource IDs".
EC2_TYPES: Final[Mapping[str, str]] = {
    "acl": "network-acl",
    "aki": "image",
    "ami": "image",
    "ari": "image",
    "carrier-gw": "carrier-gateway",
    "cagw": "carrier-gateway",
    "cgw": "customer-gateway",
    "cr": "capacity-reservation",
    "crf": "capacity-reservation-fleet",
    "cvpn-endpoint": "client-vpn-endpoint",
    "dopt": "dhcp-options",
    "eice": "instance-connect-endpoint",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "export-ami": "export-image-task",
    "export-i": "export-instance-task",
    "fl": "vpc-flow-log",
    "fleet": "fleet",
    "fpga": "fpga-image",
    "h": "dedicated-host",
    "i": "instance",
    "igw": "internet-gateway",
    "import-ami": "import-image-task",
    "import-snap": "import-snapshot-task",
    "ipam": "ipam",
    "ipam-pool": "ipam-pool",
    "ipam-res-disco": "ipam-resource-discovery",
    "ipam-scope": "ipam-scope",
    "key": "key-pair",
    "lgw": "local-gateway",
    "lgw-rtb": "local-gateway-route-table",
    "lt": "launch-template",
    "nat": "natgateway",
    "nis": "network-insights-access-scope",
    "nip": "network-insights-path",
    "pcx": "vpc-peering-connection",
    "pg": "placement-group",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sfr": "spot-fleet-request",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
    "tgw-connect-peer": "transit-gateway-connect-peer",
    "tgw-mcast-domain": "transit-gateway-multicast-domain",
    "tgw-rtb": "transit-gateway-route-table",
    "tmf": "traffic-mirror-filter",
    "tms": "traffic-mirror-session",
    "tmt": "traffic-mirror-target",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service",
    "vpn": "vpn-connection",
}


def _ec2_resource(text: str) -> str:
    kind = EC2_TYPES.get(text.rpartition("-")[0])
    return f"{kind}/{text}" if kind else _NOT_KNOWN


def _lambda_name(text: str) -> str:
    """``name``, ``ACCOUNT:function:name`` or ``name:qualifier``; an ARN passes as it is."""
    return text if text.startswith("arn:") else text.rpartition("function:")[2]


def _copy_source(text: str) -> str:
    """``/bucket/key?versionId=…``, percent-encoded → ``bucket/key``."""
    source = unquote(text.split("?versionId=")[0]).lstrip("/")
    return source if "/" in source else _NOT_KNOWN


def _queue_url(text: str) -> str:
    """``https://host/ACCOUNT/name`` → ``ACCOUNT:name``, as a queue's ARN ends."""
    parts = urlsplit(text).path.strip("/").split("/")
    return ":".join(parts[-2:]) if len(parts) >= 2 and parts[-2].isdigit() else _NOT_KNOWN


def _kms_key(text: str) -> str:
    """A key id → ``key/id``. An alias does not tell its key."""
    if text.startswith("arn:"):
        return _NOT_KNOWN if ":alias/" in text else text
    return _NOT_KNOWN if text.startswith("alias/") else f"key/{text}"


def _only_arn(text: str) -> str:
    """For resources whose ARN ends in something that the name does not tell."""
    return text if text.startswith("arn:") else _NOT_KNOWN


_PARTIQL: Final = re.compile(
    r"""\s*(?:EXISTS\s*\(\s*)?(?P<verb>SELECT|INSERT|UPDATE|DELETE)\b.*?(?:(?:FROM|INTO)\s+|(?<=UPDATE)\s+)
        (?:"(?P<quoted>[^"]+)"|(?P<bare>[\w.-]+))(?P<index>\s*\.\s*")?""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def _partiql_table(text: str) -> str:
    match = _PARTIQL.match(text)
    if match is None or match["index"]:
        return _NOT_KNOWN
    return match["quoted"] or match["bare"]


def partiql_verb(text: str) -> str:
    """``select``, ``insert``, ``update`` or ``delete``; "" for what is not such a statement."""
    match = _PARTIQL.match(text)
    return match["verb"].lower() if match else ""


def _before_last_colon(text: str) -> str:
    return text.rpartition(":")[0]


def _or_star(separator: str) -> Callable[[str], str]:
    """A name → ``name``, separator, ``*``: the rest of its ARN is the service's. An ARN stays as it is."""
    return lambda text: text if text.startswith("arn:") or separator in text else f"{text}{separator}*"


def _kind(starts: str) -> Callable[[str], str]:
    """Only values that start so; "" (no such resource) for others."""
    return lambda text: text if text.startswith(starts) else ""


def _ssm_document(text: str) -> str:
    """A document's name → the end of its ARN; AWS's own documents are in no account."""
    if text.startswith("arn:"):
        return text
    own = text.startswith(("AWS-", "AWSSupport-", "AWSEC2-", "AWSConfigRemediation-", "AmazonCloudWatch-"))
    return f"arn:{{partition}}:ssm:{{region}}:{'' if own else '{account}'}:document/{text}"


# How else a value may be given. "" leaves the value out; a value that does not tell makes the whole resource
# unknown.
FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "arn": _only_arn,
    "before-colon": lambda text: text if text.startswith("arn:") else text.split(":", 1)[0],
    "before-last-colon": _before_last_colon,
    "colon-star": _or_star(":"),
    "copy-source": _copy_source,
    "ec2-id": _ec2_resource,
    "ec2-instance": _kind("i-"),
    "event-rule": lambda text: "" if text.rsplit("/", 1)[-1] == "default" else text.rsplit("/", 1)[-1] + "/",
    "kms-key": _kms_key,
    "lambda-name": _lambda_name,
    "last": lambda text: text.rsplit("/", 1)[-1],
    "log-group": lambda text: text if text.startswith("arn:") else f"{text}:log-stream:",
    "managed-instance": _kind("mi-"),
    "no-scheme": lambda text: text.partition("://")[2] or text,
    "no-slash": lambda text: text if text.startswith("arn:") else text.lstrip("/"),
    "org-account": lambda text: text if text.isdigit() else "",
    "org-ou": _kind("ou-"),
    "org-root": _kind("r-"),
    "partiql-table": _partiql_table,
    "policy-type": str.lower,
    "qualifier": lambda text: f":{text}",
    "queue-name": lambda text: text.rstrip("/").rsplit("/", 1)[-1],
    "queue-url": _queue_url,
    "quoted": lambda text: quote(text, safe=""),
    "secret": lambda text: text if text.startswith("arn:") else f"{text}-??????",
    "ssm-document": _ssm_document,
    "stack": _or_star("/"),
    "stackset": _or_star(":"),
    "waf-scope": lambda text: "global" if text == "CLOUDFRONT" else text.lower(),
}


@dataclass(frozen=True, slots=True)
class _Alternative:
    """One of a brace's alternatives: a fixed text, a place, a member of the input or a longer path."""

    fixed: str | None = None
    place: str = ""
    member: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """One brace with the text before it."""

    literal: str
    alternatives: tuple[_Alternative, ...]
    form: Callable[[str], str] | None
    optional: bool  # leaves nothing behind where it has no value
    takes_arn: bool  # an ARN in this place stands for the whole resource


@dataclass(frozen=True, slots=True)
class _Program:
    """A template, read once."""

    parts: tuple[_Part, ...]
    tail: str


@lru_cache(maxsize=16384)
def _program(template: str) -> _Program:
    parts: list[_Part] = []
    at = 0
    for match in _PART.finditer(template):
        form, colon, rest = match[1].partition(":")
        if not colon or form not in FORMS:
            form, rest = "", match[1]
        after = template[match.end() :]
        parts.append(
            _Part(
                literal=template[at : match.start()],
                alternatives=tuple(_alternative(one) for one in rest.removesuffix("?").split("|")),
                form=FORMS[form] if form else None,
                optional=rest.endswith("?"),
                takes_arn=not after or _OPTIONAL.fullmatch(after) is not None,
            )
        )
        at = match.end()
    return _Program(tuple(parts), template[at:])


def _alternative(text: str) -> _Alternative:
    if text == "*":
        return _Alternative(fixed="*")
    if text.startswith("="):
        return _Alternative(fixed=text[1:])
    if text in PLACES:
        return _Alternative(place=text)
    path = text.replace("<", "{").replace(">", "}")
    steps = paths.parse(path)
    if len(steps) == 1 and steps[0].kind == "member":
        return _Alternative(member=path, path=path)
    return _Alternative(path=path)


@lru_cache(maxsize=4096)
def input_paths(template: str) -> tuple[tuple[str, ...], ...]:
    """For each brace of a template that is read off the input, the paths that it tries.

    >>> input_paths("arn:{partition}:ec2:{region}:{account}:instance/{InstanceId|InstanceIds[]}")
    (('InstanceId', 'InstanceIds[]'),)
    """
    tried = (tuple(one.path for one in part.alternatives if one.path) for part in _program(template).parts)
    return tuple(one for one in tried if one)


def fill(
    template: str,
    given: Mapping[str, object],
    *,
    partition: str,
    region: str,
    account: str,
    organization: str = "",
    management: str = "",
) -> tuple[str, ...] | None:
    """The ARNs that a template stands for in one call, without repetitions; ``*`` for ``"*"``.

    organization (``o-…``) and management (its management account) are needed for the resources of AWS
    Organizations alone. None where it is not known: the template is UNKNOWN, the value's form does not tell,
    or an ARN was given where only a name has its place. () where the input names no such resource.
    """
    if template == UNKNOWN:
        return None
    places = {
        "partition": partition,
        "region": region,
        "account": account,
        "organization": organization or _NOT_KNOWN,
        "management": management or _NOT_KNOWN,
    }
    program = _program(template)
    filled = [""]
    whole: list[str] = []
    for part in program.parts:
        found = _found(part, given, places)
        if not found:
            return ()
        names = found
        for name in found:
            if name == _NOT_KNOWN:
                return None
            if name.startswith("arn:"):
                if not part.takes_arn:
                    return None
                whole.append(name)
                names = [one for one in found if not one.startswith("arn:")]
        filled = [text + part.literal + name for text in filled for name in names]
    if program.tail:
        filled = [text + program.tail for text in filled]
    filled += whole
    return tuple(filled) if len(filled) < 2 else tuple(dict.fromkeys(filled))


def _found(part: _Part, given: Mapping[str, object], places: Mapping[str, str]) -> list[str]:
    """The texts that stand in a brace; the first alternative that has any gives them."""
    for one in part.alternatives:
        if one.place:
            return [places[one.place]]
        if one.fixed is not None:
            return [one.fixed]
        if one.member:
            text = _text(given.get(one.member))
            found = [text] if text else []
        else:
            found = [text for _, value in paths.values(one.path, given) if (text := _text(value))]
        if found and part.form is not None:
            formed = [_placed(part.form(text), places) for text in found]
            found = [text for text in formed if text]
            return found or ([""] if part.optional else [])
        if found:
            return found
    return [""] if part.optional else []


def _placed(text: str, places: Mapping[str, str]) -> str:
    """The places in what a form made of a value."""
    if not text.startswith("arn:{"):
        return text
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def asked(when: str, given: Mapping[str, object]) -> bool:
    """True where an input asks for what stands under a condition: "" always holds.

    ``A|B`` holds where one of the paths has a value, other than an empty text or list;
    ``partiql:select:A`` where a statement at the path is of that kind.

    >>> asked("Tags[]|Acl", {"Tags": []}), asked("Tags[]|Acl", {"Acl": "private"})
    (False, True)
    """
    if not when:
        return True
    if when.startswith("partiql:"):
        _, verb, path = when.split(":", 2)
        return any(
            isinstance(text, str) and partiql_verb(text) == verb for _, text in paths.values(path, given)
        )
    return any(
        value not in ("", False) and value != [] and value != {}
        for one in when.split("|")
        for _, value in paths.values(one, given)
    )


def values_at(path: str, given: Mapping[str, object]) -> tuple[object, ...]:
    """The values at an input path, without their places."""
    return tuple(value for _, value in paths.values(path, given))
