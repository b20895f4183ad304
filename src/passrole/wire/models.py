"""Operations and shapes of every AWS service, from the models that botocore ships.

This is the one module that touches botocore, and of it only the files, but for ``credentials``: a model is
read at its first use and kept. msgspec takes no more of it than ``modelfile`` names, so EC2's 4.3 MB cost
35 ms and 12 MB of memory, where botocore's own loader takes four times as long.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import threading
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from passrole.values.errors import PassroleError
from passrole.wire.modelfile import (
    Definition,
    Model,
    OperationModel,
    Reference,
    Traits,
    XmlNamespace,
)

_T = TypeVar("_T")


class CredentialsFailed(PassroleError):
    """A source of credentials that is there and gives none."""


class NoSuchProfile(CredentialsFailed):
    """A profile that the shared files do not have."""


# The sdk-extras files beside a model are left alone: they describe the client, not the wire (members
# that the SDK consumes itself, S3's Expires as a timestamp, where the service takes any text).
_MODEL_FILES: Final = ("service-2.json.gz", "service-2.json")


# Held while functions are compiled from shapes. A shape that contains itself is compiled over a
# placeholder, which no other thread must call before the compilation is done.
COMPILING: Final = threading.RLock()


class NoSuchService(KeyError):
    """A service name that botocore does not know."""


class NoSuchOperation(KeyError):
    """An operation name that the service's model does not know."""


class Shape:
    """One shape as one member refers to it.

    kind is botocore's type: structure, list, map, string, integer, long, float, double, boolean,
    timestamp or blob. location is where a rest protocol puts the member: header, headers, uri,
    querystring or statusCode; "" for the body. location_name is "" where the member's own name
    is used.
    """

    __slots__ = (
        "_definition",
        "_key",
        "_member",
        "_members",
        "_service",
        "_value",
        "document",
        "enum",
        "error",
        "event",
        "eventheader",
        "eventpayload",
        "eventstream",
        "exception",
        "fault",
        "flattened",
        "host_label",
        "idempotency_token",
        "json_value",
        "kind",
        "location",
        "location_name",
        "maximum",
        "minimum",
        "name",
        "pattern",
        "payload",
        "query_name",
        "required",
        "result_wrapper",
        "sensitive",
        "sparse",
        "streaming",
        "timestamp_format",
        "union",
        "xml_attribute",
        "xml_namespace",
    )

    def __init__(self, service: Service, name: str, definition: Definition, given: Traits) -> None:
        own = definition
        self._service = service
        self._definition = definition
        self._members: dict[str, Shape] | None = None
        self._member: Shape | None = None
        self._key: Shape | None = None
        self._value: Shape | None = None
        self.name = name
        self.kind = own.type
        self.location = given.location or own.location or ""
        self.location_name = given.location_name or own.location_name or ""
        self.query_name = given.query_name or own.query_name or ""
        self.flattened = bool(_first(given.flattened, own.flattened))
        self.streaming = bool(_first(given.streaming, own.streaming))
        self.timestamp_format = (given.timestamp_format or own.timestamp_format or "").lower()
        namespace = own.xml_namespace if given.xml_namespace is None else given.xml_namespace
        self.xml_namespace = XmlNamespace(namespace) if isinstance(namespace, str) else namespace
        self.result_wrapper = given.result_wrapper or own.result_wrapper or ""
        self.xml_attribute = bool(_first(given.xml_attribute, own.xml_attribute))
        self.eventpayload = bool(_first(given.eventpayload, own.eventpayload))
        self.eventheader = bool(_first(given.eventheader, own.eventheader))
        self.json_value = bool(_first(given.jsonvalue, own.jsonvalue))
        self.host_label = bool(_first(given.host_label, own.host_label))
        self.idempotency_token = bool(_first(given.idempotency_token, own.idempotency_token))
        self.sensitive = bool(_first(given.sensitive, own.sensitive))
        self.enum: tuple[str, ...] = _first(given.enum, own.enum) or ()
        self.required = own.required
        self.minimum = own.min
        self.maximum = own.max
        self.pattern = own.pattern
        self.payload = own.payload
        self.exception = own.exception
        self.fault = own.fault
        self.error = own.error
        self.union = own.union
        self.document = own.document
        self.sparse = own.sparse
        self.eventstream = own.eventstream
        self.event = own.event

    def __repr__(self) -> str:
        return f"<Shape {self.name}: {self.kind}>"

    @property
    def members(self) -> Mapping[str, Shape]:
        """The members of a structure in the model's order; {} for any other kind."""
        members = self._members
        if members is None:
            members = {name: self._service.refer(ref) for name, ref in self._definition.members.items()}
            self._members = members
        return members

    @property
    def member(self) -> Shape:
        """What a list is of. Raises TypeError for any other kind."""
        if self._member is None:
            self._member = self._part(self._definition.member)
        return self._member

    @property
    def key(self) -> Shape:
        """The keys of a map. Raises TypeError for any other kind."""
        if self._key is None:
            self._key = self._part(self._definition.key)
        return self._key

    @property
    def value(self) -> Shape:
        """The values of a map. Raises TypeError for any other kind."""
        if self._value is None:
            self._value = self._part(self._definition.value)
        return self._value

    def wire_name(self, member: str) -> str:
        """How this member is called on the wire of the json and rest protocols."""
        return self.location_name or member

    def _part(self, reference: Reference | None) -> Shape:
        if reference is None:
            raise TypeError(f"{self!r} has no such part")
        return self._service.refer(reference)


def _first(given: _T | None, own: _T | None) -> _T | None:
    return own if given is None else given


class Operation:
    """One API operation of a service."""

    def __init__(self, service: Service, name: str, model: OperationModel) -> None:
        self.service = service
        self.name = name
        self.wire_name = model.name or name
        self.method = model.http.method
        self.uri = model.http.request_uri  # a template: "/2015-03-31/functions/{FunctionName}?x=y"
        self.status = model.http.response_code
        # Sent without a signature: AssumeRoleWithWebIdentity, cognito-identity:GetId.
        self.unsigned = model.authtype == "none" or model.auth[:1] == ("smithy.api#noAuth",)
        # The client may leave the body out of the signature (x-amz-content-sha256: UNSIGNED-PAYLOAD).
        self.unsigned_payload = model.authtype == "v4-unsigned-body"
        self.deprecated = model.deprecated
        self.host_prefix = model.endpoint.get("hostPrefix", "")
        self.compressible = bool(model.requestcompression)  # may come gzipped
        self._model = model

    def __repr__(self) -> str:
        return f"<Operation {self.service.name}:{self.name}>"

    @cached_property
    def input(self) -> Shape | None:
        """The input structure; None where the operation takes none."""
        return None if self._model.input is None else self.service.refer(self._model.input)

    @cached_property
    def output(self) -> Shape | None:
        """The output structure; None where the operation gives none."""
        return None if self._model.output is None else self.service.refer(self._model.output)

    @cached_property
    def errors(self) -> tuple[Shape, ...]:
        """The errors that the model lists for this operation."""
        return tuple(self.service.refer(reference) for reference in self._model.errors)


class Service:
    """The model of one service. name is botocore's."""

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self._model = model
        self._operations: dict[str, Operation] = {}
        self._shapes: dict[str, Shape] = {}

    def __repr__(self) -> str:
        return f"<Service {self.name}>"

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations, in the model's order."""
        return tuple(self._model.operations)

    def __contains__(self, operation: str) -> bool:
        return operation in self._model.operations

    def operation(self, name: str) -> Operation:
        """Raises NoSuchOperation."""
        found = self._operations.get(name)
        if found is None:
            model = self._model.operations.get(name)
            if model is None:
                raise NoSuchOperation(f"{self.name}:{name}")
            found = self._operations[name] = Operation(self, name, model)
        return found

    def shape(self, name: str) -> Shape:
        """A shape by its name in the model. Raises KeyError."""
        found = self._shapes.get(name)
        if found is None:
            definition = self._model.shapes[name]
            found = self._shapes[name] = Shape(self, name, definition, definition)
        return found

    def refer(self, reference: Reference) -> Shape:
        """The shape that a member, an operation or a list refers to, with the reference's traits."""
        if reference == Reference(shape=reference.shape):
            return self.shape(reference.shape)
        return Shape(self, reference.shape, self._model.shapes[reference.shape], reference)

    def patterns(self) -> set[str]:
        """Every regular expression that the model holds."""
        return {found.pattern for found in self._model.shapes.values() if found.pattern is not None}

    @cached_property
    def errors(self) -> Mapping[str, Shape]:
        """The error shapes by their code, which is the shape's name unless the model gives one."""
        found: dict[str, Shape] = {}
        for name, shape in self.errors_by_name.items():
            found.setdefault(shape.error.code or name, shape)
        return found

    @cached_property
    def errors_by_name(self) -> Mapping[str, Shape]:
        """The error shapes by their name."""
        shapes = self._model.shapes.items()
        return {name: self.shape(name) for name, definition in shapes if definition.exception}


@cache
def service(name: str) -> Service:
    """The model of a service, read at its first use. Raises NoSuchService."""
    path = model_path(name)
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    model = msgspec.json.decode(content, type=Model)
    return Service(name, model)


@cache
def _data() -> Path:
    # Found without importing botocore, and without the folders that a user may add to its own.
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("botocore is not installed", name="botocore")
    return Path(found.origin).parent / "data"


@cache
def botocore_version() -> str:
    """The version of the installed botocore, as ``1.44.5``."""
    # Read rather than imported: that would cost 10 ms of every start, and only the version is needed.
    text = _data().parent.joinpath("__init__.py").read_text(encoding="utf-8")
    found = re.search(r"^__version__ = ['\"](.+?)['\"]", text, re.MULTILINE)
    return found[1] if found else ""


@cache
def service_names() -> tuple[str, ...]:
    """botocore's names of all services that have a model, sorted."""
    return tuple(sorted({path.parts[-3] for path in _data().glob("*/*/service-2.json*")}))


@cache
def model_path(name: str) -> Path:
    """The file with the newest model of a service. Raises NoSuchService."""
    if name.isidentifier() or name.replace("-", "_").replace(".", "_").isidentifier():
        for version in sorted(_data().joinpath(name).glob("*"), reverse=True):
            for file in _MODEL_FILES:
                if (path := version / file).is_file():
                    return path
    raise NoSuchService(name)


class Credentials(msgspec.Struct, frozen=True):
    """Keys of the usual AWS credential chain, and the Region that goes with them ("" for none)."""

    access_key_id: str
    secret: str = ""
    token: str = ""
    region: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r})"


def credentials(profile: str = "") -> Credentials | None:
    """What botocore's credential chain finds, environment first; with profile that profile's alone.

    None where there are none. Raises NoSuchProfile, or CredentialsFailed where a source is there and fails.
    """
    import botocore.exceptions  # 100 ms that only a client pays
    import botocore.session

    try:
        session = botocore.session.Session(profile=profile or None)
        found = session.get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
        region = session.get_config_variable("region")
    except botocore.exceptions.ProfileNotFound as error:
        raise NoSuchProfile(str(error)) from error
    except botocore.exceptions.BotoCoreError as error:
        raise CredentialsFailed(str(error)) from error
    if frozen is None or not frozen.access_key:
        return None
    return Credentials(frozen.access_key, frozen.secret_key or "", frozen.token or "", region or "")
