"""Tags of kept resources, in services that have no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from passrole.services.kept import resource
from passrole.services.kept.answers import plain
from passrole.services.kept.handlers import Work
from passrole.services.kept.resource import KeptResource
from passrole.wire.models import Shape

_TAGS: Final = frozenset(("tags", "taglist", "tagset", "resourcetags"))
_KEYS: Final = frozenset(("tagkeys", "tagkeylist", "keys"))


def tags_of(said: Mapping[str, object]) -> dict[str, str]:
    """The tags in an input or in what is kept, in whichever of AWS's two forms."""
    for name, value in said.items():
        if plain(name) in _TAGS:
            return _read(value)
    return {}


def _read(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(text) for key, text in value.items()}
    found: dict[str, str] = {}
    for one in value if isinstance(value, list) else ():
        if isinstance(one, Mapping):
            pair = {plain(str(name)): str(text) for name, text in one.items()}
            key = pair.get("key", pair.get("tagkey", ""))
            found[key] = pair.get("value", pair.get("tagvalue", ""))
    return found


def written(tags: Mapping[str, str], shape: Shape) -> object:
    """Tags in the form of a shape."""
    if shape.kind == "map":
        return dict(tags)
    names = {plain(name): name for name in shape.member.members}
    key, value = (
        names.get("key", names.get("tagkey", "Key")),
        names.get("value", names.get("tagvalue", "Value")),
    )
    return [{key: name, value: text} for name, text in tags.items()]


def tagged(one: KeptResource, tags: Mapping[str, str], shape: Shape) -> KeptResource:
    """The resource with these tags, kept under the name and in the form that it has them in."""
    said = {name: value for name, value in one.said.items() if plain(name) not in _TAGS}
    name = next((name for name in one.said if plain(name) in _TAGS), "tags")
    return msgspec.structs.replace(one, body=resource.packed({**said, name: written(tags, shape)}))


def tag(work: Work, one: KeptResource) -> dict[str, object]:
    """TagResource: new tags over old ones."""
    shape = work.model.input
    member = next(
        (inner for name, inner in shape.members.items() if plain(name) in _TAGS) if shape else iter(()), None
    )
    if member is not None:
        work.directory.put(tagged(one, tags_of(one.said) | tags_of(work.call.input), member))
    return {}


def untag(work: Work, one: KeptResource) -> dict[str, object]:
    """UntagResource."""
    gone = next((value for name, value in work.call.input.items() if plain(name) in _KEYS), ())
    names = set(gone) if isinstance(gone, list | tuple) else set()
    left = {name: text for name, text in tags_of(one.said).items() if name not in names}
    name = next((name for name in one.said if plain(name) in _TAGS), "")
    if name:
        old = one.said[name]
        kept: object = left
        if isinstance(old, list):
            kept = [pair for pair in old if next(iter(_read([pair])), None) in left]
        body = resource.packed({**one.said, name: kept})
        work.directory.put(msgspec.structs.replace(one, body=body))
    return {}


def list_tags(work: Work, one: KeptResource) -> dict[str, object]:
    """ListTagsForResource."""
    shape = work.model.output
    for name, member in shape.members.items() if shape else ():
        if plain(name) in _TAGS:
            return {name: written(tags_of(one.said), member)}
    return {}
