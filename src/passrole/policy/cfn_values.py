"""What the values of a CloudFormation template are, as far as they can be told.

A resolver works out intrinsic functions with what it is given: parameters, and through ``Known`` what is
known of resources, exports and Availability Zones. What is not known becomes ``Unknown``, which keeps the
part of a text that is: a role's ARN with ``*`` for an account that a stack does not tell yet.
Source: CloudFormation Template Reference, "Intrinsic function reference", "Pseudo parameters reference",
"AWS::LanguageExtensions transform".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from passrole.policy.cfn_template import Template, TemplateError

LANGUAGE_EXTENSIONS: Final = "AWS::LanguageExtensions"
_SUBSTITUTED: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_NONE: Final = "AWS::NoValue"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that nobody can tell yet.

    pattern is what is known of its text, ``*`` for each part that is not ("*" where nothing is); of says
    what it waits for: ("Role.Arn",), ("parameter Name",).
    """

    pattern: str = "*"
    of: tuple[str, ...] = ()


class _NoValue:
    """``AWS::NoValue``: the property is as if it were not there."""


NO_VALUE: Final = _NoValue()


class Known(Protocol):
    """What is known outside the template. Each answer may be Unknown."""

    def ref(self, resource: str) -> object:
        """What Ref of a resource gives."""

    def attribute(self, resource: str, attribute: str) -> object:
        """What Fn::GetAtt of a resource gives. Raises TemplateError where the type has no such attribute."""

    def imported(self, name: str) -> object:
        """What another stack exports under that name. Raises TemplateError where none does."""

    def zones(self, region: str) -> object:
        """The Availability Zones of a Region, "" for the stack's own."""


class NothingKnown:
    """Known of a template that nobody has deployed."""

    def ref(self, resource: str) -> object:
        """See Known."""
        return Unknown(of=(resource,))

    def attribute(self, resource: str, attribute: str) -> object:
        """See Known."""
        return Unknown(of=(f"{resource}.{attribute}",))

    def imported(self, name: str) -> object:
        """See Known."""
        return Unknown(of=(f"export {name}",))

    def zones(self, region: str) -> object:
        """See Known."""
        return Unknown(of=("Availability Zones",))


@dataclass(slots=True)
class Resolver:
    """Works out the values of one template.

    parameters hold every parameter's value (a list for list types) and the pseudo parameters
    (``AWS::Region`` …); one that is missing is unknown.
    """

    template: Template
    parameters: Mapping[str, object]
    known: Known = field(default_factory=NothingKnown)
    _conditions: dict[str, bool | Unknown] = field(default_factory=dict)
    _asked: tuple[str, ...] = ()

    def value(self, node: object) -> object:
        """The node with every function in it worked out. Raises TemplateError."""
        if isinstance(node, dict):
            function = _function(node)
            if function is not None:
                return self._apply(function, node[function])
            return {
                name: value
                for name, value in ((str(name), self.value(one)) for name, one in node.items())
                if value is not NO_VALUE
            }
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not NO_VALUE]
        return node

    def condition(self, name: str) -> bool | Unknown:
        """Does a condition of the template hold? Raises TemplateError."""
        if name in self._conditions:
            return self._conditions[name]
        conditions = self.template.section("Conditions")
        if name not in conditions:
            raise TemplateError(
                f"Template format error: Unresolved condition dependency {name} in the Conditions block of "
                "the template"
            )
        if name in self._asked:
            raise TemplateError(
                f"Template format error: Circular dependencies exist between conditions: {name}"
            )
        asked, self._asked = self._asked, (*self._asked, name)
        try:
            held = self._held(conditions[name])
        finally:
            self._asked = asked
        self._conditions[name] = held
        return held

    # Functions

    def _apply(self, function: str, given: object) -> object:
        if function == "Ref":
            return self._ref(_text(given, "Ref"))
        if function == "Condition":
            return self.condition(_text(given, "Condition"))
        if function in _HOLD:
            return self._held({function: given})
        worked_out = _FUNCTIONS.get(function)
        if worked_out is None:
            raise TemplateError(f"Template error: {function} is not supported by this endpoint")
        if function in _EXTENDED and LANGUAGE_EXTENSIONS not in self.template.transforms:
            raise TemplateError(
                f"Template format error: {function} needs Transform: {LANGUAGE_EXTENSIONS} in the template"
            )
        return worked_out(self, given)

    def _ref(self, name: str) -> object:
        if name == _NONE:
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        if name in self.template.section("Parameters") or name.startswith("AWS::"):
            return Unknown(of=(name,))
        if name in self.template.section("Resources"):
            return self.known.ref(name)
        raise unresolved(name)

    def _get_att(self, given: object) -> object:
        if isinstance(given, str):
            given = given.split(".", 1)
        if not isinstance(given, list) or len(given) < 2:
            raise TemplateError(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource "
                "name and the resource attribute"
            )
        attribute = self.value(given[1] if len(given) == 2 else ".".join(map(str, given[1:])))
        return self._attribute(_text(given[0], "Fn::GetAtt"), attribute)

    def _attribute(self, name: str, attribute: object) -> object:
        if name not in self.template.section("Resources"):
            raise TemplateError(
                f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            )
        if not isinstance(attribute, str):
            return Unknown(of=(name,))
        return self.known.attribute(name, attribute)

    def _if(self, given: object) -> object:
        name, yes, no = _items(given, 3, "Fn::If")
        held = self.condition(_text(name, "Fn::If"))
        if isinstance(held, Unknown):
            either = self.value(yes), self.value(no)
            return either[0] if either[0] == either[1] else held
        return self.value(yes if held else no)

    def _sub(self, given: object) -> object:
        own: dict[str, object] = {}
        if isinstance(given, list):
            text, named = _items(given, 2, "Fn::Sub")
            if not isinstance(named, dict):
                raise _wrong("Fn::Sub")
            own = {name: self.value(one) for name, one in named.items()}
        else:
            text = given
        text = _text(text, "Fn::Sub")
        parts: list[object] = []
        at = 0
        for found in _SUBSTITUTED.finditer(text):
            parts.append(text[at : found.start()])
            at = found.end()
            name = found[2].strip()
            if found[1]:
                parts.append(f"${{{found[2]}}}")
            elif name in own:
                parts.append(own[name])
            elif "." in name and name.partition(".")[0] in self.template.section("Resources"):
                resource, _, attribute = name.partition(".")
                parts.append(self._attribute(resource, attribute))
            else:
                parts.append(self._ref(name))
        parts.append(text[at:])
        return joined("", parts)

    def _join(self, given: object) -> object:
        delimiter, listed = _items(given, 2, "Fn::Join")
        values = self.value(listed)
        if isinstance(values, Unknown):
            return Unknown(of=values.of)
        if not isinstance(values, list):
            raise _wrong("Fn::Join")
        return joined(_text(delimiter, "Fn::Join", empty=True), values)

    def _split(self, given: object) -> object:
        delimiter, text = _items(given, 2, "Fn::Split")
        value = self.value(text)
        if isinstance(value, Unknown):
            return Unknown(of=value.of)
        return _text(value, "Fn::Split", empty=True).split(_text(delimiter, "Fn::Split"))

    def _select(self, given: object) -> object:
        index, listed = _items(given, 2, "Fn::Select")
        index, values = self.value(index), self.value(listed)
        if isinstance(values, str) and "," in values:
            values = values.split(",")
        if isinstance(values, Unknown):
            return Unknown(of=values.of)
        if isinstance(index, Unknown):
            return Unknown(of=index.of)
        if not isinstance(values, list) or not str(index).isdigit():
            raise _wrong("Fn::Select")
        if int(str(index)) >= len(values):
            raise TemplateError(
                f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            )
        return values[int(str(index))]

    def _find_in_map(self, given: object) -> object:
        if not isinstance(given, list) or len(given) not in (3, 4):
            raise _wrong("Fn::FindInMap")
        keys = [self.value(one) for one in given[:3]]
        unknown = next((key for key in keys if isinstance(key, Unknown)), None)
        if unknown is not None:
            return Unknown(of=unknown.of)
        found: object = self.template.section("Mappings")
        for key in keys:
            found = found.get(str(key)) if isinstance(found, dict) else None
            if found is None:
                if len(given) == 4 and isinstance(given[3], dict) and "DefaultValue" in given[3]:
                    return self.value(given[3]["DefaultValue"])
                name, top, second = keys
                if str(name) not in self.template.section("Mappings"):
                    raise TemplateError(
                        f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of "
                        "template."
                    )
                raise TemplateError(f"Template error: Unable to get mapping for {name}::{top}::{second}")
        return found

    def _get_azs(self, given: object) -> object:
        region = self.value(given)
        return region if isinstance(region, Unknown) else self.known.zones(str(region or ""))

    def _base64(self, given: object) -> object:
        value = self.value(given)
        if isinstance(value, Unknown):
            return Unknown(of=value.of)
        return base64.b64encode(_text(value, "Fn::Base64", empty=True).encode()).decode()

    def _cidr(self, given: object) -> object:
        if not isinstance(given, list) or len(given) not in (2, 3):
            raise _wrong("Fn::Cidr")
        block, count, *bits = (self.value(one) for one in given)
        unknown = next((one for one in (block, count, *bits) if isinstance(one, Unknown)), None)
        if unknown is not None:
            return Unknown(of=unknown.of)
        try:
            network = ipaddress.ip_network(str(block), strict=False)
            prefix = network.max_prefixlen - int(str(bits[0] if bits else 8))
            subnets = network.subnets(new_prefix=prefix)
            chosen = [str(next(subnets)) for _ in range(int(str(count)))]
        except (ValueError, StopIteration, RuntimeError) as error:
            raise TemplateError(
                f"Template error: Fn::Cidr cannot make {count} blocks of {block}: {error}"
            ) from error
        return chosen

    def _import_value(self, given: object) -> object:
        name = self.value(given)
        return Unknown(of=name.of) if isinstance(name, Unknown) else self.known.imported(str(name))

    def _length(self, given: object) -> object:
        value = self.value(given)
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, list):
            raise _wrong("Fn::Length")
        return len(value)

    def _to_json(self, given: object) -> object:
        value = self.value(given)
        needs = waits_for(value)
        return Unknown(of=needs) if needs else json.dumps(value, separators=(",", ":"))

    def _transform(self, given: object) -> object:
        name = given.get("Name", "") if isinstance(given, dict) else given
        raise refused_transform(str(name))

    # Conditions

    def _held(self, node: object) -> bool | Unknown:
        function = _function(node) if isinstance(node, dict) else None
        if function is None or not isinstance(node, dict):
            raise TemplateError("Template error: every Condition member must be a condition function")
        given = node[function]
        if function == "Condition":
            return self.condition(_text(given, "Condition"))
        if function == "Fn::Equals":
            left, right = (self.value(one) for one in _items(given, 2, function))
            if waits_for(left) or waits_for(right):
                return Unknown(of=(*waits_for(left), *waits_for(right)))
            return comparable(left) == comparable(right)
        if function not in _HOLD or not isinstance(given, list):
            raise _wrong(function)
        held = [self._held(one) for one in given]
        unknown = next((one for one in held if isinstance(one, Unknown)), None)
        if function == "Fn::Not":
            return unknown if unknown is not None else not held[0]
        decides = function == "Fn::Or"  # one such value settles it, whatever the others are
        if decides in held:
            return decides
        return unknown if unknown is not None else not decides


_HOLD: Final = frozenset(("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"))
_EXTENDED: Final = frozenset(("Fn::Length", "Fn::ToJsonString"))
# They stand for themselves in the properties of many services, too; only these are functions there.
_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, object], object]]] = {
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::Sub": Resolver._sub,
    "Fn::Join": Resolver._join,
    "Fn::Split": Resolver._split,
    "Fn::Select": Resolver._select,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": Resolver._get_azs,
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Length": Resolver._length,
    "Fn::ToJsonString": Resolver._to_json,
    "Fn::Transform": Resolver._transform,
}


def joined(delimiter: str, values: list[object]) -> object:
    """The texts in a row; with an unknown among them, the pattern of what is known."""
    of: list[str] = []
    parts: list[str] = []
    for value in values:
        if isinstance(value, Unknown):
            of += value.of
            parts.append(value.pattern)
        elif isinstance(value, list | dict):
            raise TemplateError("Template error: a text cannot be made of a list or an object")
        else:
            parts.append(comparable(value))
    text = delimiter.join(parts)
    return Unknown(re.sub(r"\*+", "*", text), tuple(dict.fromkeys(of))) if of else text


def comparable(value: object) -> str:
    """A scalar as CloudFormation writes it in a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def waits_for(value: object) -> tuple[str, ...]:
    """What a value waits for, () for one that is known throughout."""
    if isinstance(value, Unknown):
        return value.of or ("*",)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return tuple(dict.fromkeys(name for one in value for name in waits_for(one)))
    return ()


def unresolved(name: str) -> TemplateError:
    """A Ref to nothing."""
    return TemplateError(
        f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the "
        "template"
    )


def refused_transform(name: str) -> TemplateError:
    """A macro that nobody runs here."""
    return TemplateError(
        f"Transform {name} is not run by this endpoint: process the template first and deploy the result "
        "(aws cloudformation package, sam build); only AWS::LanguageExtensions is understood"
    )


def _function(node: Mapping[str, object]) -> str | None:
    if len(node) != 1:
        return None
    name = next(iter(node))
    if name in ("Ref", "Condition") and isinstance(node[name], str):
        return name
    return name if name.startswith("Fn::") else None


def _items(given: object, count: int, function: str) -> list[object]:
    if not isinstance(given, list) or len(given) != count:
        raise _wrong(function)
    return given


def _text(given: object, function: str, *, empty: bool = False) -> str:
    if isinstance(given, int | float):
        return comparable(given)
    if not isinstance(given, str) or not (given or empty):
        raise _wrong(function)
    return given


_TAKES: Final[Mapping[str, str]] = {
    "Fn::Join": "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
    "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    "Fn::Select": "Fn::Select requires a list argument with two elements: an integer index and a list",
    "Fn::Sub": "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string "
    "as first argument, and an optional second argument to specify a mapping of values to replace in the "
    "string",
    "Fn::If": "Fn::If requires a list argument with three elements",
    "Fn::FindInMap": "every Fn::FindInMap object requires three parameters, the map name, map key and the "
    "attribute for return value",
}


def _wrong(function: str) -> TemplateError:
    return TemplateError(f"Template error: {_TAKES.get(function, f'{function} has the wrong arguments')}")
