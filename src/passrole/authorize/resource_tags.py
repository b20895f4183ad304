"""Condition keys that the tags of a resource answer: ``aws:ResourceTag/…`` and what services call it besides.

A resource that exists has tags which somebody must tell: until then such a key is unknown, never absent.
Source: Service Authorization Reference, condition keys of the resource types; Amazon S3 User Guide, "Tagging
and access control policies" and "Using tags for attribute-based access control".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.context import Values
from passrole.authorize.resource_keys import NOTHING, Answers
from passrole.authorize.resources import Named, entity_tags

_OWN: Final = "resourcetag/"  # aws:ResourceTag/…, ec2:ResourceTag/…, ssm:resourceTag/…
# Keys of one resource type alone, as rds:db-tag/… is: whose tags they are is known where the type is.
_OF_A_TYPE: Final = ("rds:", "dms:", "datapipeline:tag/")
_OF_REQUESTS: Final = frozenset(("rds:req-tag/", "dms:req-tag/"))
_OF_OBJECT: Final = frozenset(("s3:existingobjecttag/",))
_OF_BUCKET: Final = frozenset(("s3:buckettag/",))


def tag_answers(
    call: Call, kind: str, keys: Collection[str], named: Named, owner: str, facts: ResourceFacts
) -> Answers:
    """What the tags of one resource tell of these keys (in lower case, cut to what every tag begins with)."""
    sources = {key: source for key in keys if (source := _source(key, kind))}
    if not sources:
        return NOTHING
    wanted = frozenset(sources)
    if named.new:
        return Answers(absent=wanted)
    if named.arn is None:
        return Answers(unknown=wanted)
    values: dict[str, Values] = {}
    unknown: set[str] = set()
    told: dict[str, Mapping[str, str] | None] = {}
    for key, source in sources.items():
        if source not in told:
            told[source] = _told(call, source, named, owner, facts)
        tags = told[source]
        if tags is None:
            unknown.add(key)
        else:
            values.update({f"{key}{name.lower()}": text for name, text in tags.items()})
    return Answers(values, absent=wanted - unknown, unknown=frozenset(unknown))


@lru_cache(maxsize=4096)
def _source(key: str, kind: str) -> str:
    """Whose tags a key speaks of: ``own``, ``object`` or ``bucket``; "" for a key that is nobody's here."""
    if key in _OF_OBJECT:
        return "object"
    if key in _OF_BUCKET:
        return "bucket"
    if key.endswith(_OWN):
        # An object is judged by its bucket's tags; its own have a key to themselves.
        return "bucket" if kind == "object" else "own"
    if kind and key.startswith(_OF_A_TYPE) and key.endswith("tag/") and key not in _OF_REQUESTS:
        return "own"
    return ""


def _told(
    call: Call, source: str, named: Named, owner: str, facts: ResourceFacts
) -> Mapping[str, str] | None:
    if named.entity is not None:
        return entity_tags(named.entity)
    arn = named.arn or ""
    if source == "bucket":
        arn = arn.partition("/")[0]
    elif source == "object" and (call.input.get("VersionId") or "/" not in arn):
        return None  # tags belong to a version, and facts are of the newest
    return facts.tags(owner, call.region, arn)
