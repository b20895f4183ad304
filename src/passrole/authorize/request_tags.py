"""The tags that a call would put on something, or take off: ``aws:RequestTag/…``, ``aws:TagKeys`` and such.

Source: IAM User Guide, "Controlling access to AWS resources using tags"; Amazon S3 User Guide, "Tagging and
access control policies". Where they stand in an operation's input is in the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.catalog import paths, templates
from passrole.catalog.operations import Operation

# What some services call aws:RequestTag/… besides; in lower case, cut before the tag's key.
ALSO: Final = frozenset(("dms:req-tag/", "elasticmapreduce:requesttag/", "rds:req-tag/"))
_OF_OBJECT: Final = ("s3:requestobjecttag/", "s3:requestobjecttagkeys")
_OF_CALL: Final = ("aws:requesttag/", "aws:tagkeys")
# All keys that tag_keys answers.
OF_REQUESTS: Final = frozenset((*ALSO, *_OF_OBJECT, *_OF_CALL))
_NONE: Final[tuple[Mapping[str, Values], frozenset[str]]] = ({}, frozenset())
_KEY: Final = ("Key", "key", "TagKey", "tagKey", "ResourceTagKey")
_VALUE: Final = ("Value", "value", "TagValue", "tagValue", "ResourceTagValue")


def tag_keys(call: Call, known: Operation) -> tuple[Mapping[str, Values], frozenset[str]]:
    """The keys that the call's tags answer, and those that stay unknown: some of its input is not read.

    What is in neither is absent.
    """
    if not (known.tags or known.tag_keys or known.unread_tags):
        return _NONE  # most operations
    given = call.input
    tags = dict(pair for path in known.tags for pair in _tags(path, given))
    removed = [
        value for path in known.tag_keys for _, value in paths.values(path, given) if isinstance(value, str)
    ]
    # The tags of an object have keys of their own.
    each, every = _OF_OBJECT if call.service == "s3" and "Key" in given else _OF_CALL
    values: dict[str, Values] = {}
    for head in (each, *(ALSO if each in _OF_CALL else ())):
        values.update({f"{head}{key.lower()}": text for key, text in tags.items()})
    names = tuple(dict.fromkeys((*tags, *removed)))
    if names:
        values[every] = names
    if not any(templates.asked(path, given) for path in known.unread_tags):
        return values, frozenset()
    return values, frozenset((*_OF_CALL, *ALSO))


def _tags(path: str, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for _, value in paths.values(path, given):
        if isinstance(value, str):
            yield from parse_qsl(value, keep_blank_values=True)  # S3's header: Team=a&Stage=b
        elif isinstance(value, Mapping):
            yield from ((str(key), text if isinstance(text, str) else "") for key, text in value.items())
        for tag in value if isinstance(value, list) else ():
            if isinstance(tag, Mapping):
                key = next((tag[name] for name in _KEY if isinstance(tag.get(name), str)), None)
                text = next((tag[name] for name in _VALUE if isinstance(tag.get(name), str)), "")
                if key is not None:
                    yield str(key), str(text)
