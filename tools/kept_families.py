"""Which operations belong to one resource, read off the service models: ``python -m tools.kept_families``.

Writes ``services/kept/families.json``: the resources of services that moto does not have, and those of its
services of which it has no operation. A family is taken up where the models tell without doubt how its
resource is named, and something shows it again. ``tools/facts/kept.yaml`` lists what is left out, with why.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

import msgspec
import yaml
from tools import service_reference

from passrole.catalog import files, operations, templates
from passrole.services.backend import OWN
from passrole.services.embedded.inventory import services as moto_services
from passrole.services.kept.answers import listed, plain
from passrole.services.kept.families import FILE, Family, Kept, Tagging
from passrole.services.kept.handlers import names
from passrole.services.kept.identity import FORMS
from passrole.values.ids import Ids
from passrole.wire import models
from passrole.wire.models import Shape

LEFT_OUT: Final = Path(__file__).parent / "facts" / "kept.yaml"
_MAKE: Final = re.compile(
    r"(Create|Register|Put|Start|Import|Run|Submit|Add|Send|Schedule|Invoke)([A-Z0-9].*)"
)
_THINGS: Final = ("Create", "Register", "Put", "Add")
_JOBS: Final = ("Start", "Import", "Run", "Submit", "Send", "Schedule", "Invoke")
_END: Final = ("Delete", "Deregister", "Remove", "Terminate", "Cancel", "Stop")


def families(service: str) -> Iterator[Family]:
    """The families of one service whose operations nobody else has."""
    model = models.service(service)
    taken = embedded(service)
    free = set(model.operations) - taken
    nouns: set[str] = set()
    for verbs in (_THINGS, _JOBS):  # a job of a thing's name is something done with the thing
        for make in model.operations:
            found = _MAKE.fullmatch(make)
            if found is None or make not in free or found[1] not in verbs or found[2] in nouns:
                continue
            if found[2].endswith("Policy"):
                continue  # nobody would go by it: a Deny that is kept and not held is worse than a 501
            if found[1] in _JOBS and not _takes_role(service, make):
                continue  # it would be done to something, and nothing is done here
            family = _family(service, make, found[1], found[2], free)
            if family is not None:
                nouns.add(found[2])
                yield family


def _takes_role(service: str, name: str) -> bool:
    known = operations.operation(service, name)
    return known is not None and bool(known.role_parameters)


def _family(service: str, make: str, verb: str, noun: str, free: set[str]) -> Family | None:
    nouns = [noun, *([f"{noun}Job", f"{noun}Execution", f"{noun}Task"] if verb in _JOBS else [])]
    read = _first(free, (f"{see}{one}" for one in nouns for see in ("Describe", "Get")))
    lists = tuple(
        name
        for one in nouns
        for see in ("List", "Describe", "Get", "Search")
        for many in _many(one)
        if (name := f"{see}{many}") in free
    )
    model = models.service(service)
    lists = tuple(
        name for name in lists if listed(model.operation(name).output, Family(noun=noun)) and name != read
    )
    change = tuple(name for see in ("Update", "Modify") if (name := f"{see}{noun}") in free)
    ends = [one for one in _END if verb in _JOBS or one not in ("Stop", "Cancel")]
    end = _first(free, (f"{verb_}{one}" for one in nouns for verb_ in ends))
    if not read and not lists:
        return None
    named = _named(service, make, noun, read, end, change)
    if named is None:
        return None
    parents, itself, given, asked = named
    arn = _arn(service, noun, (end, read, *change, make), parents)
    form = "" if given else _form(asked, plain(itself), arn, parents)
    if not given and not form:
        return None
    job = verb in _JOBS or noun.endswith(("Job", "Task", "Execution", "Run"))
    return Family(
        noun=noun,
        make=make,
        replaces=verb == "Put",
        job=job,
        read=read,
        lists=lists,
        change=change,
        end=end,
        parents=parents,
        self=itself,
        given=given,
        form=form,
        arn=arn,
    )


def _first(free: set[str], names: Iterator[str]) -> str:
    return next((name for name in names if name in free), "")


def _many(noun: str) -> list[str]:
    many = [f"{noun}s", f"{noun}es", f"{noun}List"]
    if noun.endswith("y"):
        many.append(f"{noun[:-1]}ies")
    if noun.endswith("ex"):
        many.append(f"{noun[:-2]}ices")
    if noun.endswith("Analysis"):
        many.append(f"{noun[:-2]}es")
    return many


def _named(
    service: str, make: str, noun: str, read: str, end: str, change: Sequence[str]
) -> tuple[tuple[str, ...], str, str, Shape] | None:
    """(parents, self, given, the shape of self), None where the models do not tell."""
    model = models.service(service)
    shown = next((name for name in (read, end, *change) if name), "")
    if not shown:
        return None
    asked = model.operation(shown).input
    made = model.operation(make).input
    if asked is None or made is None:
        return None
    required = [name for name in asked.required if asked.members[name].kind in ("string", "integer", "long")]
    if not required or len(required) != len(asked.required):
        required = [name for name in required if name in asked.required]
        if not required:
            return None
    said = {plain(name): name for name in _said(made)}
    missing = [name for name in required if plain(name) not in said]
    if len(missing) > 1:
        return None
    if missing:
        itself = missing[0]
        parents = tuple(name for name in required if name != itself)
        if any(name not in _said(made) for name in parents):
            return None
        given = _name_member(made, noun) if plain(itself) in ("name", plain(noun) + "name") else ""
        return parents, itself, given, asked.members[itself]
    itself = _own(required, noun)
    parents = tuple(name for name in required if name != itself)
    if any(name not in _said(made) for name in parents) or asked.members[itself].kind != "string":
        return None
    return parents, itself, said[plain(itself)], asked.members[itself]


def _said(made: Shape) -> dict[str, Shape]:
    """The members of an input, with those of a structure that is the body itself."""
    said = dict(made.members)
    if made.payload and said[made.payload].kind == "structure":
        said |= said.pop(made.payload).members
    return said


def _name_member(made: Shape, noun: str) -> str:
    names = {plain(name): name for name in _said(made)}
    return next((names[one] for one in ("name", plain(noun) + "name") if one in names), "")


def _own(required: Sequence[str], noun: str) -> str:
    for name in reversed(required):
        if plain(name).removeprefix(plain(noun)) in ("id", "name", "arn", "identifier", ""):
            return name
    return required[-1]


def _form(shape: Shape, name: str, arn: str, parents: Sequence[str]) -> str:
    """A form that the resource's id may have; "" where none fits."""
    ids = Ids(lambda size: bytes((7 + place * 37) % 256 for place in range(size)))
    pattern = re.compile(shape.pattern) if shape.pattern and _readable(shape.pattern) else None
    by_arn = name.endswith("arn") or bool(shape.pattern and shape.pattern.lstrip("^(").startswith("arn"))
    if by_arn and not arn:
        return ""
    for head in ("", *_heads(shape.pattern or "")):
        for form, make in FORMS.items():
            text = head + make(ids)
            if by_arn:
                given = {"id": text, **dict.fromkeys(parents, "example")}
                filled = templates.fill(
                    arn, given, partition="aws", region="us-east-1", account="111122223333"
                )
                text = filled[0] if filled else ""
            fits = (shape.minimum or 0) <= len(text) <= (shape.maximum or 10**9)
            if text and fits and (pattern is None or pattern.fullmatch(text)):
                return f"{head}+{form}" if head else form
    return ""


def _heads(pattern: str) -> list[str]:
    found = re.match(r"\^?\(?([A-Za-z]{1,24}[-_])", pattern)
    return [found[1]] if found else []


def _readable(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _arn(service: str, noun: str, names: Sequence[str], parents: Sequence[str]) -> str:
    """The resource's ARN template by AWS's reference; "" where it gives none."""
    known = files.service_file(service)
    prefix = str(known["prefix"]) if known is not None else ""
    patterns = service_reference.resource_types(prefix)
    actions = service_reference.actions(prefix)
    for name in names:
        action = actions.get(name.lower())
        types = [one.type for one in action.resources] if action else []
        types.sort(key=lambda one: plain(one) != plain(noun))
        for type_ in types:
            pattern = patterns.get(type_, "")
            close = plain(type_) in plain(noun) or plain(noun) in plain(type_)
            if close and pattern.startswith("arn:") and (made := _template(pattern, parents)):
                return made
    same = (pattern for type_, pattern in patterns.items() if plain(type_) == plain(noun))
    return next((made for pattern in same if (made := _template(pattern, parents))), "")


def _template(pattern: str, parents: Sequence[str]) -> str:
    text = pattern
    for name in ("Partition", "Region", "Account"):
        text = text.replace("${" + name + "}", "{" + name.lower() + "}")
    holes = re.findall(r"\$\{(\w+)\}", text)
    if not holes:
        return ""
    for place, hole in enumerate(holes):
        last = place == len(holes) - 1
        parent = next((one for one in parents if _alike(one, hole)), "")
        if not last and not parent and place < len(parents):
            parent = parents[place]
        if not last and not parent:
            return ""
        text = text.replace("${" + hole + "}", "{id}" if last else "{" + parent + "}", 1)
    return text


def _alike(member: str, hole: str) -> bool:
    cut = re.compile("(id|name|arn|identifier)$")
    return cut.sub("", plain(member)) == cut.sub("", plain(hole))


def tagging(service: str) -> Tagging | None:
    """The tagging operations of a service that moto does not have."""
    if service in moto_services():
        return None
    model = models.service(service)
    names = {
        "tag": _first(set(model.operations), iter(("TagResource",))),
        "untag": _first(set(model.operations), iter(("UntagResource",))),
        "list": _first(set(model.operations), iter(("ListTagsForResource", "ListTags"))),
    }
    shapes = [model.operation(name).input for name in names.values() if name]
    member = next(
        (name for shape in shapes if shape for name in shape.members if plain(name).endswith("arn")), ""
    )
    return Tagging(member=member, **names) if member and names["tag"] else None


@cache
def embedded(service: str) -> set[str]:
    """The operations that moto has code for."""
    package = moto_services().get(service)
    if package is None:
        return set()
    from moto.core.responses import BaseResponse
    from moto.core.utils import camelcase_to_underscores

    found: set[str] = set()
    # Its own code, and that of another service which its URLs lead to.
    paths = importlib.import_module(f"moto.{package}.urls").url_paths.values()
    owners = {getattr(getattr(one, "__self__", one), "__module__", "") for one in paths}
    holder = importlib.import_module(f"moto.{package}")
    owners |= {found.name for found in pkgutil.walk_packages(holder.__path__, f"{holder.__name__}.")}
    for module in sorted(name for name in owners if "responses" in name):
        for kind in vars(importlib.import_module(module)).values():
            if isinstance(kind, type) and issubclass(kind, BaseResponse):
                found |= set(dir(kind)) - set(dir(BaseResponse))
    return {
        name
        for name in models.service(service).operations
        if found & {camelcase_to_underscores(name), name, name[0].lower() + name[1:]}
    }


def left_out() -> frozenset[str]:
    """Services, and ``service:Operation`` of families, that are not taken up."""
    loaded = yaml.safe_load(LEFT_OUT.read_text())["left_out"]
    return frozenset(name for row in loaded for name in row["families"])


def derived() -> dict[str, Kept]:
    """The whole file."""
    gone = left_out()
    made: dict[str, Kept] = {}
    for service in files.service_names():
        if (
            service in OWN
            or service in gone
            or not any(map(partial(_takes_role, service), operations.operation_names(service)))
        ):
            continue
        there = tuple(one for one in families(service) if f"{service}:{one.make}" not in gone)
        if service in moto_services():
            there = _needed(service, there)
        if there:
            made[service] = Kept(there, tagging(service))
    return made


def _needed(service: str, there: tuple[Family, ...]) -> tuple[Family, ...]:
    """The families that take roles, and what these are part of: of moto's services no more than that."""
    wanted = {
        one.noun for one in there if any(_takes_role(service, name) for name in (one.make, *one.change))
    }
    for one in reversed(there):
        for other in there:
            parts = (*other.parents, other.given)
            mine = any(member and names(one, member) for member in parts)
            if other.noun in wanted and mine and one.noun != other.noun:
                wanted.add(one.noun)
    return tuple(one for one in there if one.noun in wanted)


def text() -> bytes:
    """The file's bytes: a family a line."""
    lines = []
    for service, kept in derived().items():
        rows = json.loads(msgspec.json.encode(kept))
        inner = ",\n".join("  " + json.dumps(row) for row in rows.pop("families"))
        more = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in rows.items())
        lines.append(f'{json.dumps(service)}: {{"families": [\n{inner}\n ]{more}}}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def main() -> int:
    """Writes the file, or with --check says whether it is what this makes."""
    parser = argparse.ArgumentParser(description="Which operations belong to one resource.")
    parser.add_argument(
        "--check", action="store_true", help="Write nothing; exit 1 if the file would change."
    )
    made = text()
    if parser.parse_args().check:
        return int(made != FILE.read_bytes())
    FILE.write_bytes(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
