"""moto's tables as bytes and back. Imports moto's core, so ``persist`` imports it once there is a state.

A backend is a name wherever another refers to it, so what services share stays shared; what pickle cannot
take has a row in one table. Nothing is read here that ``persist`` has not authenticated: a pickle can run any
code.
"""

from __future__ import annotations

import marshal
import pickle
import sys
import tempfile
import threading
import types
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import Certificate, load_der_x509_certificate
from moto.core.base_backend import AccountSpecificBackend, BackendDict

from passrole.services.backend import OWN
from passrole.services.embedded.locks import shared

# What pickle raises for what it cannot take.
UNPICKLABLE: Final = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError)

# And what else reading may raise, where a class takes its state in no way that is known here.
UNREADABLE: Final = (*UNPICKLABLE, pickle.UnpicklingError, ImportError, LookupError, EOFError)


@dataclass(frozen=True, slots=True)
class Table:
    """One of moto's tables of backends: ``moto.ec2.models`` and ``ec2_backends``."""

    module: str
    name: str

    @property
    def package(self) -> str:
        """moto's package: "ec2"."""
        return self.module.split(".")[1]

    def found(self) -> Any:
        """The table itself."""
        return getattr(import_module(self.module), self.name)


def tables() -> Mapping[str, Sequence[Table]]:
    """The tables that hold a state, by the service in whose tables they work: {"ec2": (ec2's, rds's …)}."""
    found: dict[str, list[Table]] = {}
    for table, backends in _named().values():
        if table.package not in OWN and any(True for _ in _backends(backends)):
            found.setdefault(shared(table.package), []).append(table)
    return found


def dump(chosen: Sequence[Table], into: BinaryIO) -> None:
    """Writes the tables' backends. Raises one of UNPICKLABLE."""
    _Pickler(into).dump(
        [
            (table.module, table.name, account, region, vars(backend))
            for table in chosen
            for account, region, backend in _backends(table.found())
        ]
    )


class Loading:
    """Reads what ``dump`` wrote, file after file; ``finish`` makes what was only referred to."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, str, str]] = {}

    def load(self, source: BinaryIO) -> None:
        """Puts the backends of a file into moto's tables. source is authenticated."""
        for module, name, account, region, state in _Unpickler(source, self.backend).load():
            backend = self.backend(Table(module, name), account, region)
            vars(backend).update(state)
            self._made.pop(id(backend), None)
            if (module, name) == ("moto.s3.models", "s3_backends"):
                for bucket in backend.buckets:
                    Table(module, name).found().bucket_accounts[bucket] = (region, account)

    def backend(self, table: Table, account: str, region: str) -> Any:
        """The backend of that place, perhaps still without its state."""
        found = table.found()
        regions = found[account]
        if dict.__contains__(regions, region) or not isinstance(found.backend, type):
            return regions[region]  # our own IAM is made by a function
        kind: Any = found.backend
        backend = kind.__new__(kind)
        dict.__setitem__(regions, region, backend)
        self._made[id(backend)] = (backend, account, region)
        return backend

    def finish(self) -> None:
        """Backends whose state was in no file are new ones."""
        while self._made:
            _, (backend, account, region) = self._made.popitem()
            backend.__init__(region, account)


def _backends(table: Any) -> Iterator[tuple[str, str, Any]]:
    for account, regions in list(dict.items(table)):
        for region, backend in list(dict.items(regions)):
            yield account, region, backend


def _named() -> dict[int, tuple[Table, Any]]:
    """Every table that is loaded, by its identity. Of the modules that it stands in, the one named alike."""
    found: dict[int, tuple[Table, Any]] = {}
    for module in sorted(
        name for name in sys.modules if name.startswith("moto.") and name.endswith(".models")
    ):
        for name, value in vars(sys.modules[module]).items():
            if isinstance(value, BackendDict):
                table = Table(module, name)
                own = value.service_name.replace("-", "") in (
                    table.package,
                    table.package.removeprefix("aws"),
                )
                if own or id(value) not in found:
                    found[id(value)] = (table, value)
    return found


# --- What pickle cannot take --------------------------------------------------------------------


def _key(one: Any) -> tuple[Any, ...]:
    data = one.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _load_key, (data,)


def _load_key(data: bytes) -> object:
    return serialization.load_der_private_key(data, None)


def _public_key(one: Any) -> tuple[Any, ...]:
    data = one.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _load_public_key, (data,)


def _load_public_key(data: bytes) -> object:
    return serialization.load_der_public_key(data)


def _certificate(one: Any) -> tuple[Any, ...]:
    return _load_certificate, (one.public_bytes(serialization.Encoding.DER),)


def _load_certificate(data: bytes) -> object:
    return load_der_x509_certificate(data)


def _spooled(one: Any) -> tuple[Any, ...]:
    place = one.tell()
    one.seek(0)
    data = one.read()
    one.seek(place)
    return _load_spooled, (data, place)


def _load_spooled(data: bytes, place: int) -> object:
    made: tempfile.SpooledTemporaryFile[bytes] = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - its owner's
    made.write(data)
    made.seek(place)
    return made


def _function(one: types.FunctionType) -> Any:
    """A function that cannot be imported by its name, as its code: same Python, same moto."""
    module = sys.modules.get(one.__module__)
    if getattr(module, one.__qualname__, None) is one or "<locals>" not in one.__qualname__:
        return NotImplemented
    cells = tuple(cell.cell_contents for cell in one.__closure__ or ())
    return _load_function, (
        one.__module__,
        marshal.dumps(one.__code__),
        one.__name__,
        one.__defaults__,
        cells,
    )


def _load_function(
    module: str, code: bytes, name: str, defaults: tuple[Any, ...] | None, cells: tuple[Any, ...]
) -> object:
    closure = tuple(types.CellType(each) for each in cells)
    return types.FunctionType(marshal.loads(code), vars(import_module(module)), name, defaults, closure)


def _defaulting(one: Any) -> Any:
    """A subclass of defaultdict, whose own parameters pickle does not know."""
    if type(one) is defaultdict:
        return NotImplemented
    return _load_defaulting, (type(one), one.default_factory), vars(one) or None, None, iter(one.items())


def _load_defaulting(kind: Any, factory: Callable[[], object] | None) -> object:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _weak_values(one: Any) -> tuple[Any, ...]:
    return _load_weak_values, (list(one.items()),)


def _load_weak_values(items: list[tuple[Any, Any]]) -> object:
    return weakref.WeakValueDictionary(items)


def _referred(one: Any) -> tuple[Any, ...]:
    return weakref.ref, (one(),)


def _module(one: types.ModuleType) -> tuple[Any, ...]:
    return import_module, (one.__name__,)


def _nothing() -> None:
    return None


def _anew(make: Callable[[], object]) -> Callable[[Any], tuple[Any, ...]]:
    def reduce(one: Any) -> tuple[Any, ...]:
        return make, ()

    return reduce


_REDUCED: Final[Sequence[tuple[type | tuple[type, ...], Callable[[Any], Any]]]] = (
    (type(threading.Lock()), _anew(threading.Lock)),
    (type(threading.RLock()), _anew(threading.RLock)),
    (threading.Condition, _anew(threading.Condition)),
    (threading.Event, _anew(threading.Event)),
    (threading.Thread, _anew(_nothing)),  # what it did has ended with the process
    (types.FunctionType, _function),
    (types.ModuleType, _module),
    (defaultdict, _defaulting),
    (weakref.WeakValueDictionary, _weak_values),
    (weakref.ref, _referred),
    (tempfile.SpooledTemporaryFile, _spooled),
    ((rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey), _key),
    ((rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey), _public_key),
    (Certificate, _certificate),
)

# Most objects are of none of these types: one look-up says so.
_OF_TYPE: Final[dict[type, Callable[[Any], Any] | None]] = {}


def _reduction(kind: type) -> Callable[[Any], Any] | None:
    if kind not in _OF_TYPE:
        _OF_TYPE[kind] = next((reduce for kinds, reduce in _REDUCED if issubclass(kind, kinds)), None)
    return _OF_TYPE[kind]


class _Pickler(pickle.Pickler):
    def __init__(self, into: BinaryIO) -> None:
        super().__init__(into, protocol=5)
        self._names: dict[int, tuple[str, ...]] = {}
        for table, backends in _named().values():
            self._names[id(backends)] = (table.module, table.name)
            for account, regions in list(dict.items(backends)):
                self._names[id(regions)] = (table.module, table.name, account)
            for account, region, backend in _backends(backends):
                self._names[id(backend)] = (table.module, table.name, account, region)

    def persistent_id(self, one: Any) -> tuple[str, ...] | None:
        # Invariant: what has such an id lives as long as its table, so ids are not used again meanwhile.
        return self._names.get(id(one))

    def reducer_override(self, one: Any) -> Any:
        reduce = _reduction(type(one))
        return NotImplemented if reduce is None else reduce(one)


class _Unpickler(pickle.Unpickler):
    def __init__(self, source: BinaryIO, backend: Callable[[Table, str, str], Any]) -> None:
        super().__init__(source)
        self._backend = backend

    def persistent_load(self, named: tuple[str, ...]) -> Any:
        table = Table(named[0], named[1])
        if len(named) == 4:
            return self._backend(table, named[2], named[3])
        found = table.found()
        account: AccountSpecificBackend[Any] | None = found[named[2]] if len(named) == 3 else None
        return found if account is None else account
