"""Other forms in which inputs name resources: URLs, ids that tell their type, PartiQL statements.

A form turns a value into what stands in its place in an ARN. "" leaves the value out; NOT_KNOWN makes the
whole resource unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

NOT_KNOWN: Final = "\0"

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
    return f"{kind}/{text}" if kind else NOT_KNOWN


def _lambda_name(text: str) -> str:
    """``name``, ``ACCOUNT:function:name`` or ``name:qualifier``; an ARN passes as it is."""
    return text if text.startswith("arn:") else text.rpartition("function:")[2]


def _copy_source(text: str) -> str:
    """``/bucket/key?versionId=…``, percent-encoded → ``bucket/key``."""
    source = unquote(text.split("?versionId=")[0]).lstrip("/")
    return source if "/" in source else NOT_KNOWN


def _queue_url(text: str) -> str:
    """``https://host/ACCOUNT/name`` → ``ACCOUNT:name``, as a queue's ARN ends."""
    parts = urlsplit(text).path.strip("/").split("/")
    return ":".join(parts[-2:]) if len(parts) >= 2 and parts[-2].isdigit() else NOT_KNOWN


def _kms_key(text: str) -> str:
    """A key id → ``key/id``. An alias does not tell its key."""
    if text.startswith("arn:"):
        return NOT_KNOWN if ":alias/" in text else text
    return NOT_KNOWN if text.startswith("alias/") else f"key/{text}"


def _only_arn(text: str) -> str:
    """For resources whose ARN ends in something that the name does not tell."""
    return text if text.startswith("arn:") else NOT_KNOWN


_PARTIQL: Final = re.compile(
    r"""\s*(?:EXISTS\s*\(\s*)?(?P<verb>SELECT|INSERT|UPDATE|DELETE)\b.*?(?:(?:FROM|INTO)\s+|(?<=UPDATE)\s+)
        (?:"(?P<quoted>[^"]+)"|(?P<bare>[\w.-]+))(?P<index>\s*\.\s*")?""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def _partiql_table(text: str) -> str:
    match = _PARTIQL.match(text)
    if match is None or match["index"]:
        return NOT_KNOWN
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
