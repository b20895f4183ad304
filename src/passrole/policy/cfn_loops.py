"""``Fn::ForEach`` of a CloudFormation template written out: each of its items as if it stood there.

Source: CloudFormation Template Reference, "Fn::ForEach".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from passrole.policy.cfn_template import Template, TemplateError
from passrole.policy.cfn_values import LANGUAGE_EXTENSIONS, Resolver, comparable, waits_for

_LOOP = "Fn::ForEach::"


def written_out(template: Template, parameters: Mapping[str, object]) -> Template:
    """The template without loops. parameters are as for ``Resolver``. Raises TemplateError."""
    if _LOOP not in template.text:
        return template
    if LANGUAGE_EXTENSIONS not in template.transforms:
        raise TemplateError(
            f"Template format error: Fn::ForEach needs Transform: {LANGUAGE_EXTENSIONS} in the template"
        )
    data = _node(template.data, Resolver(template, parameters))
    assert isinstance(data, dict)
    return replace(template, data=data)


def _node(node: object, resolver: Resolver) -> object:
    if isinstance(node, list):
        return [_node(one, resolver) for one in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, object] = {}
    for key, value in node.items():
        items = _loop(key, value, resolver) if key.startswith(_LOOP) else {key: _node(value, resolver)}
        for name, one in items.items():
            if name in made:
                raise TemplateError(f"Template format error: {key} makes {name} twice")
            made[name] = one
    return made


def _loop(key: str, given: object, resolver: Resolver) -> dict[str, object]:
    if not isinstance(given, list) or len(given) != 3 or not isinstance(given[2], dict):
        raise TemplateError(f"Template format error: {key} takes an identifier, a collection and an object")
    identifier, collection, body = given
    values = resolver.value(collection)
    if isinstance(values, str):
        values = values.split(",")
    if waits_for(values) or not isinstance(values, list):
        raise TemplateError(f"Template format error: the collection of {key} must be known")
    made: dict[str, object] = {}
    for value in values:
        item = _node(_filled(body, str(identifier), comparable(value)), resolver)
        assert isinstance(item, dict)
        made.update(item)
    return made


def _filled(node: object, identifier: str, value: str) -> object:
    """The body with the identifier's value, of which ``&{Identifier}`` keeps letters and digits alone."""
    if isinstance(node, list):
        return [_filled(one, identifier, value) for one in node]
    if isinstance(node, str):
        plain = "".join(letter for letter in value if letter.isalnum())
        return node.replace(f"${{{identifier}}}", value).replace(f"&{{{identifier}}}", plain)
    if not isinstance(node, dict):
        return node
    if node == {"Ref": identifier}:
        return value
    return {
        str(_filled(key, identifier, value)): _filled(one, identifier, value) for key, one in node.items()
    }
