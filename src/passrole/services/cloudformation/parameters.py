"""Parameters of a template: their values checked, and as the template's functions see them.

Source: CloudFormation Template Reference, "Parameters", "Supported parameter types"; texts as public reports
quote them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from passrole.policy.cfn_template import Template, parse
from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation.errors import ValidationError
from passrole.state.stacks import Wanted

_SSM_VALUE: Final = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_MASK: Final = "****"


def declared(template: Template) -> dict[str, Mapping[str, object]]:
    """The parameters that the template declares. Raises ValidationError for one without a type."""
    found: dict[str, Mapping[str, object]] = {}
    for name, given in template.section("Parameters").items():
        if not isinstance(given, dict) or not isinstance(given.get("Type"), str):
            raise ValidationError(
                f"Template format error: Every Parameters object must contain a Type member. [{name}]"
            )
        found[name] = given
    return found


def of_store(template: Template) -> list[str]:
    """The parameters whose values Parameter Store holds."""
    return [name for name, given in declared(template).items() if _SSM_VALUE.fullmatch(str(given["Type"]))]


def masked(template: Template, name: str, value: str) -> str:
    """The value as it is shown: a parameter with NoEcho is not."""
    given = template.section("Parameters").get(name)
    hidden = isinstance(given, dict) and comparable(given.get("NoEcho")).lower() == "true"
    return _MASK if hidden else value


def without_hidden(wanted: Wanted, text: str) -> str:
    """A text of an event, in which no value stands that a parameter with NoEcho hides."""
    if not text or "NoEcho" not in wanted.template:
        return text
    template = parse(wanted.template)
    for name, value in wanted.parameters.items():
        if value and masked(template, name, value) != value:
            text = text.replace(json.dumps(value)[1:-1], _MASK).replace(value, _MASK)
    return text


def chosen(
    template: Template, given: Sequence[Mapping[str, object]], previous: Mapping[str, str] | None
) -> dict[str, str]:
    """Every parameter's value: given, of before where that is asked for, or the default.

    Raises ValidationError for what is missing, unknown or not allowed.
    """
    known = declared(template)
    values: dict[str, str] = {}
    strange: list[str] = []
    for one in given:
        name = str(one.get("ParameterKey", ""))
        if name not in known:
            strange.append(name)
        elif one.get("UsePreviousValue") is True:
            if previous is None:
                raise ValidationError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            if name in previous:
                values[name] = previous[name]
        else:
            values[name] = str(one.get("ParameterValue", ""))
    if strange:
        raise ValidationError(f"Parameters: [{', '.join(strange)}] do not exist in the template")
    missing = []
    for name, declaration in known.items():
        if name in values:
            continue
        if "Default" in declaration:
            values[name] = _as_text(declaration["Default"])
        else:
            missing.append(name)
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, declaration in known.items():
        _check(name, declaration, values[name])
    return {name: values[name] for name in known}


def as_values(
    template: Template, values: Mapping[str, str], resolved: Mapping[str, str]
) -> dict[str, str | list[str]]:
    """The values as Ref gives them: lists for list types, Parameter Store's value for its types."""
    found: dict[str, str | list[str]] = {}
    for name, given in declared(template).items():
        kind = str(given["Type"])
        of_store_type = _SSM_VALUE.fullmatch(kind)
        text = values.get(name, "")
        if of_store_type is not None:
            kind, text = of_store_type[1], resolved.get(name, "")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            found[name] = [part.strip() for part in text.split(",")] if text else []
        else:
            found[name] = text
    return found


def _check(name: str, given: Mapping[str, object], value: str) -> None:
    if given["Type"] == "Number":
        _check_number(name, given, value)
    elif given["Type"] == "List<Number>" and not all(map(_is_number, value.split(","))):
        raise ValidationError(f"Parameter '{name}' must be a list of numbers.")
    allowed = given.get("AllowedValues")
    parts = value.split(",") if str(given["Type"]) == "CommaDelimitedList" else [value]
    if isinstance(allowed, list) and not {part.strip() for part in parts} <= set(map(comparable, allowed)):
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    pattern = given.get("AllowedPattern")
    if isinstance(pattern, str) and not _matches(name, pattern, value):
        raise _constraint(name, given, f"Parameter '{name}' must match pattern {pattern}")
    for bound, holds in (("MinLength", int.__ge__), ("MaxLength", int.__le__)):
        limit = given.get(bound)
        if limit is not None and not holds(len(value), int(comparable(limit))):
            word = "at least" if bound == "MinLength" else "at most"
            raise _constraint(
                name, given, f"Parameter '{name}' must contain {word} {comparable(limit)} characters"
            )


def _check_number(name: str, given: Mapping[str, object], value: str) -> None:
    if not _is_number(value):
        raise ValidationError(f"Parameter '{name}' must be a number.")
    low, high = given.get("MinValue"), given.get("MaxValue")
    if low is not None and float(value) < float(comparable(low)):
        raise _constraint(name, given, f"Parameter '{name}' must be a number not less than {low}")
    if high is not None and float(value) > float(comparable(high)):
        raise _constraint(name, given, f"Parameter '{name}' must be a number not greater than {high}")


def _constraint(name: str, given: Mapping[str, object], text: str) -> ValidationError:
    described = given.get("ConstraintDescription")
    if described:
        text = f"Parameter {name} failed to satisfy constraint: {described}"
    return ValidationError(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _matches(name: str, pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(_python(pattern), value) is not None
    except re.error as error:
        raise ValidationError(f"Parameter '{name}' has an AllowedPattern that is none: {pattern}") from error


def _as_text(value: object) -> str:
    return ",".join(map(comparable, value)) if isinstance(value, list) else comparable(value)


def _python(pattern: str) -> str:
    """A Java pattern where Python writes it differently."""
    return pattern.replace(r"\p{Alnum}", "[A-Za-z0-9]").replace(r"\p{Alpha}", "[A-Za-z]")
