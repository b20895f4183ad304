"""Where in an operation's input its tags stand: what ``aws:RequestTag/…`` and ``aws:TagKeys`` speak of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tools.models import Model
from tools.resource_templates import plain

# Members, plain, that hold the tags of what the call is about. Others that look like tags are of something
# else (a filter, what will be made later), or not known to be: they are named as not read.
_TAGS: Final = frozenset(
    (
        "addtags", "tag", "tagging", "taglist", "tags", "tagset", "tagslist", "tagsmodel", "tagstoadd",
        "tagspecification", "tagspecifications",
        "backupplantags", "backupvaulttags", "flowtags", "frameworktags", "identitypooltags",
        "reportplantags", "tieringconfigurationtags", "userpooltags",
    )
)  # fmt: skip
_KEYS: Final = frozenset(
    ("removetags", "resourcetagkeys", "tagkeylist", "tagkeys", "tagstoremove", "tagkeystoremove")
)
# Not of what the call is about, whatever it may be.
_OTHERS: Final = frozenset(
    (
        "allowedaccesscontroltags", "excluderesourcetags", "propagatedsetleveltags",
        "resourcestoreplicatetags", "ssotagkeys", "transitivetagkeys",
    )
)  # fmt: skip
# Holders of tags beside other members.
_HOLDERS: Final = frozenset(
    ("createbucketconfiguration", "distributionconfigwithtags", "streamingdistributionconfigwithtags")
)
_ENDS: Final = ("tags", "taglist", "tagkeys")
_INNER: Final = ("Items", "TagSet", "tags", "Tags")
_PAIR_KEYS: Final = frozenset(("key", "tagkey", "resourcetagkey"))
_PAIR_VALUES: Final = frozenset(("value", "tagvalue", "resourcetagvalue"))


def tag_paths(model: Model, operation: str) -> tuple[list[str], list[str], list[str]]:
    """Paths to tags (lists of pairs, maps, or one text), to keys of tags, and to what is not read."""
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    shape = model.input_shape(operation)
    for path, name, kind in _members(model, shape, "") if shape else ():
        whole = name in _TAGS and kind in ("pairs", "map", "string")
        if whole or (name == "resourcetags" and kind == "pairs"):
            found[0].append(path)
        elif kind == "keys" and name in _TAGS | _KEYS:
            found[1].append(f"{path}[]")
        elif kind.startswith("keys:") and name in _TAGS:
            found[1].append(f"{path}[].{kind.removeprefix('keys:')}")
        elif name not in _OTHERS and name.endswith(_ENDS) and kind in ("pairs", "map", "keys"):
            found[2].append(path)
    return found


def _members(model: Model, shape: str, path: str) -> Iterator[tuple[str, str, str]]:
    """(path, plain name, kind) of the members that may be tags; see _kind."""
    for name, ref in model.shapes[shape].get("members", {}).items():
        spec = model.shapes[ref["shape"]]
        own, at = plain(name), f"{path}{name}"
        if spec["type"] == "structure" and own in _TAGS | _KEYS:
            for inner in _INNER:
                if inner in spec["members"]:
                    of = model.shapes[spec["members"][inner]["shape"]]
                    yield f"{at}.{inner}", own, _kind(model, of)
        elif spec["type"] == "structure" and own in _HOLDERS:
            yield from _members(model, ref["shape"], f"{at}.")
        elif own.startswith("tagspecification") and spec["type"] == "list":
            inner = model.shapes[spec["member"]["shape"]]
            if "Tags" in inner.get("members", {}):
                yield f"{at}[].Tags", own, "pairs"
        else:
            yield at, own, _kind(model, spec)


def _kind(model: Model, spec: dict[str, Any]) -> str:
    """``pairs``, ``map``, ``keys`` (texts), ``keys:MEMBER`` (a key alone in each), ``string`` or ""."""
    if spec["type"] == "string" and "enum" not in spec:
        return "string"
    if spec["type"] == "map":
        return "map" if model.shapes[spec["value"]["shape"]]["type"] == "string" else ""
    if spec["type"] != "list":
        return ""
    inner = model.shapes[spec["member"]["shape"]]
    if inner["type"] == "string":
        return "keys"
    names = {plain(name): name for name in inner.get("members", {})}
    key = next((names[one] for one in _PAIR_KEYS if one in names), "")
    if not key:
        return ""
    return "pairs" if _PAIR_VALUES & names.keys() else f"keys:{key}"
