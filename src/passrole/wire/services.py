"""Every service by the names that appear on the wire: signing name, target prefix, version, host.

The facts come from botocore's service models: a generated file (``tools/wire_index.py``) where it
was made from the botocore that is installed, else from the first bytes of each model (0.1 s). No
model is loaded to answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from passrole.wire import models

Protocol = Literal["query", "ec2", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]

# Services that share a signing name with a bigger one are tried after it. Everywhere else the
# service named like its signing name comes first. rds is a superset of its two siblings.
_MAIN: Final[Mapping[str, str]] = {
    "aws-marketplace": "meteringmarketplace",
    "elasticloadbalancing": "elbv2",
    "es": "opensearch",
    "execute-api": "apigatewaymanagementapi",
    "cassandra": "keyspaces",
    "lex": "lexv2-models",
    "sms-voice": "pinpoint-sms-voice-v2",
    "wisdom": "qconnect",
    "timestream": "timestream-write",
}

# Namespaces that the models give with every operation instead of once.
_NAMESPACES: Final[Mapping[str, str]] = {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
}

# Signing names whose services sign requests, frame bodies and word errors as S3 does.
_S3_LIKE: Final = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})


class ServiceEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a client must know to address one service.

    name is botocore's. protocols are all that the service lists, the preferred one first.
    """

    name: str
    signing_name: str
    endpoint_prefix: str
    api_version: str
    protocols: tuple[Protocol, ...]
    target_prefix: str = ""  # also the service's name in rpc-v2-cbor paths
    json_version: str = ""
    xml_namespace: str = ""
    query_compatible: bool = False
    full_name: str = ""


class Index(msgspec.Struct, frozen=True):
    """The generated file: which botocore it was made from, and its services by name."""

    botocore: str
    services: tuple[ServiceEntry, ...]


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    api_version: str
    endpoint_prefix: str
    protocol: str
    service_full_name: str = ""
    signing_name: str = ""
    target_prefix: str = ""
    json_version: str = ""
    xml_namespace: str = ""
    protocols: tuple[Protocol, ...] = ()
    aws_query_compatible: msgspec.Raw = msgspec.Raw(b"")


@cache
def index() -> Mapping[str, ServiceEntry]:
    """Every service that the installed botocore knows, by botocore's name, in order of name."""
    text = files("passrole.wire").joinpath("data/index.json").read_bytes()
    shipped = msgspec.json.decode(text, type=Index)
    if shipped.botocore != models.botocore_version():
        shipped = read_index()
    return {entry.name: entry for entry in shipped.services}


def entry(name: str) -> ServiceEntry:
    """Raises KeyError for a service that botocore does not know."""
    return index()[name]


def is_s3(name: str) -> bool:
    """Whether requests to this service are signed, framed and refused by S3's own rules."""
    found = index().get(name)
    return found is not None and found.signing_name in _S3_LIKE


def speaks_query(found: ServiceEntry) -> bool:
    """Whether a service takes forms: also one that has left query for json and still answers it (SQS)."""
    return found.query_compatible or "query" in found.protocols or "ec2" in found.protocols


def signed_as(signing_name: str) -> tuple[str, ...]:
    """The services whose requests are signed for this name, the likeliest first; () if none."""
    return _by_signing_name().get(signing_name, ())


def targeted(prefix: str) -> tuple[str, ...]:
    """The services of an X-Amz-Target prefix, which is also the service name in rpc-v2-cbor paths."""
    return _by_target_prefix().get(prefix, ())


def versioned(api_version: str) -> tuple[str, ...]:
    """The query and ec2 services of a ``Version`` parameter."""
    return _by_version().get(api_version, ())


def hosted(endpoint_prefix: str) -> tuple[str, ...]:
    """The services whose host name starts so: ``iam``, ``api.sagemaker``."""
    return _by_endpoint_prefix().get(endpoint_prefix, ())


@cache
def _by_signing_name() -> Mapping[str, tuple[str, ...]]:
    return _grouped(lambda found: found.signing_name)


@cache
def _by_target_prefix() -> Mapping[str, tuple[str, ...]]:
    return _grouped(lambda found: found.target_prefix)


@cache
def _by_version() -> Mapping[str, tuple[str, ...]]:
    return _grouped(lambda found: found.api_version if speaks_query(found) else "")


@cache
def _by_endpoint_prefix() -> Mapping[str, tuple[str, ...]]:
    return _grouped(lambda found: found.endpoint_prefix)


def _grouped(key: Callable[[ServiceEntry], str]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[ServiceEntry]] = {}
    for found in index().values():
        if name := key(found):
            groups.setdefault(name, []).append(found)
    return {name: tuple(_likeliest_first(group)) for name, group in groups.items()}


def _likeliest_first(group: Iterable[ServiceEntry]) -> list[str]:
    def rank(found: ServiceEntry) -> tuple[bool, str]:
        return found.name != _MAIN.get(found.signing_name, found.signing_name), found.name

    return [found.name for found in sorted(group, key=rank)]


def read_index() -> Index:
    """Makes the index from the metadata of every model that is installed."""
    found = (_read_entry(name, models.model_path(name)) for name in models.service_names())
    return Index(models.botocore_version(), tuple(found))


def _read_entry(name: str, path: Path) -> ServiceEntry:
    metadata = msgspec.json.decode(_metadata_text(path), type=_Metadata)
    return ServiceEntry(
        name=name,
        signing_name=metadata.signing_name or metadata.endpoint_prefix,
        endpoint_prefix=metadata.endpoint_prefix,
        api_version=metadata.api_version,
        protocols=metadata.protocols or (msgspec.convert(metadata.protocol, Protocol),),
        target_prefix=metadata.target_prefix,
        json_version=metadata.json_version,
        xml_namespace=metadata.xml_namespace or _NAMESPACES.get(name, ""),
        query_compatible=bool(bytes(metadata.aws_query_compatible)),
        full_name=metadata.service_full_name,
    )


def _metadata_text(path: Path) -> bytes:
    """The text of the model's metadata object, from as little of the file as holds it."""
    inflate = zlib.decompressobj(31) if path.suffix == ".gz" else None
    head = b""
    with path.open("rb") as source:
        while block := source.read(4096):
            head += inflate.decompress(block) if inflate else block
            if (text := _enclosed(head)) is not None:
                return text
    raise ValueError(f"{path} holds no metadata")


def _enclosed(head: bytes) -> bytes | None:
    start = head.find(b'"metadata"')
    start = head.find(b"{", start) if start >= 0 else -1
    depth = 0
    quoted = False
    position = start
    while 0 <= position < len(head):
        letter = head[position]
        if quoted:
            if letter == 0x5C:  # a backslash hides the next character
                position += 1
            elif letter == 0x22:
                quoted = False
        elif letter == 0x22:
            quoted = True
        elif letter == 0x7B:
            depth += 1
        elif letter == 0x7D:
            depth -= 1
            if not depth:
                return head[start : position + 1]
        position += 1
    return None
