"""Which actions on which resources a call asks for, and under which condition keys.

What the catalog does not know stays unknown: a resource that cannot be named is None, a key that nothing
answers is listed as unknown, and ``decision`` lets neither become an allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from passrole.authorize import launches
from passrole.authorize.as_given import keys_as_given
from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.context import Values, call_context
from passrole.authorize.identifiers import identified
from passrole.authorize.items import item_answers
from passrole.authorize.keys import KEYS, from_input, rule
from passrole.authorize.request_keys import volumes
from passrole.authorize.request_tags import OF_REQUESTS, tag_keys
from passrole.authorize.resource_keys import NOTHING, resource_answers
from passrole.authorize.resource_tags import tag_answers
from passrole.authorize.resources import Named, entity_of_arn, listed_by_us, named_by_us
from passrole.catalog import templates
from passrole.catalog.operations import EXISTING, MADE, OPEN, ActionUse, Operation, ResourceUse, operation
from passrole.catalog.services import action_prefix
from passrole.state.directory import Directory
from passrole.state.organization import org_id, org_path, organization_of
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.principal import PrincipalKind

# Context keys that a resource's own tags answer.
_TAG_KEYS: Final = "aws:resourcetag/"

# A service that puts an object gives the bucket's owner full control of it; the policies that services ask
# for allow s3:PutObject alone. Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail".
_NOT_OF_SERVICES: Final = frozenset(("s3:PutObjectAcl",))

# What accounts of one organization do to each other has no resource-based policy to allow it: the caller's
# own policies decide, and the service whether the caller is the management account or an administrator.
# Source: Organizations User Guide, "Managing access permissions"; IAM User Guide, "Centrally manage root
# access for member accounts".
_WITHIN_AN_ORGANIZATION: Final = ("organizations:", "sts:AssumeRoot")


@dataclass(frozen=True, slots=True)
class Check:
    """One question for the policies: may the caller do action on resource.

    slot is how a denial names the resource (IAM says ``role Web`` where others print the ARN). new tells that
    the call makes it: it has no policy of its own yet.
    """

    action: str
    resource: str | None
    resource_account: str
    context: Mapping[str, Values]
    unknown: frozenset[str] = frozenset()
    slot: str = ""
    new: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Every check of a call, in the order AWS makes them; all must hold."""

    call: Call
    checks: tuple[Check, ...] = ()
    context: Mapping[str, Values] = field(default_factory=dict)  # the global keys, for the passes


def plan(call: Call, directory: Directory, facts: ResourceFacts) -> Plan:
    """The checks of a call. An operation that needs no permission has none."""
    context = call_context(call, directory)
    known = operation(call.service, call.operation)
    if known is None:
        # Not in the catalog: its action is surely PREFIX:Operation, everything else is unknown.
        prefix = action_prefix(call.service)
        check = Check(
            f"{prefix}:{call.operation}",
            None,
            call.account,
            context,
            frozenset((f"{prefix}:*", _TAG_KEYS, "aws:requesttag/", "aws:tagkeys")),
        )
        return Plan(call, (check,), context)
    named = identified(call, facts)
    tags, untold = tag_keys(named, known)
    context.update(tags)
    checks: list[Check] = []
    service = call.caller.principal.kind is PrincipalKind.SERVICE
    for use in known.actions:
        if not templates.asked(use.when, named.input) or (service and use.action in _NOT_OF_SERVICES):
            continue
        given = {**context, **keys_as_given(call, use.action)}
        checks += _checks(named, use, given, untold, directory, facts)
    if (call.service, call.operation) == ("ec2", "RunInstances"):
        checks = [one for check in checks for one in _of_devices(call, named, check, facts)]
        if call.input.get("LaunchTemplate"):
            checks = [_launched(call, known, check, directory) for check in checks]
    if call.caller.principal.kind is PrincipalKind.IDENTITY_PROVIDER and checks:
        # What the provider passes into the session comes with its word, not with the input.
        passed = {"sts:TagSession": "aws:tagkeys", "sts:SetSourceIdentity": "sts:sourceidentity"}
        checks += [replace(checks[0], action=action) for action, key in passed.items() if key in context]
    inherited = call.caller.session.source_identity if call.caller.session is not None else ""
    if call.operation == "AssumeRole" and inherited and checks and not call.input.get("SourceIdentity"):
        # A source identity goes along a chain, and every role of the chain must take it.
        # Source: IAM User Guide, "Monitor and control actions taken with assumed roles".
        keys = {**checks[0].context, "sts:sourceidentity": inherited}
        checks.append(replace(checks[0], action="sts:SetSourceIdentity", context=keys))
    return Plan(call, tuple(checks), context)


def _of_devices(call: Call, named: Call, check: Check, facts: ResourceFacts) -> Iterator[Check]:
    """The check of a launch's volumes, one for each volume that the request describes otherwise."""
    if check.action != "ec2:RunInstances" or not (check.resource or "").endswith(":volume/*"):
        yield check
        return
    root = ""
    if not (call.input.get("LaunchTemplate") and call.input.get("BlockDeviceMappings")):
        # Else the template may have devices that the request's list does not show.
        image = f"arn:aws:ec2:{call.region}::image/{named.input.get('ImageId')}"
        root = str((facts.attributes(call.account, call.region, image) or {}).get("RootDeviceName") or "")
    for device in volumes.devices(named, root):
        unknown = (check.unknown | volumes.OF_A_DEVICE) - device.keys()
        yield replace(check, context={**check.context, **device}, unknown=unknown)


def _launched(call: Call, known: Operation, check: Check, directory: Directory) -> Check:
    """The check of a launch with a template, which says whether its resource is the template's."""
    if launches.KEY not in check.context:
        return check
    requested = {
        arn
        for use in known.actions
        for resource in use.resources
        for arn in _filled(call, resource.template, call.input, directory) or ()
    }
    context = {key: value for key, value in check.context.items() if key != launches.KEY}
    answer = launches.by_template(call, check.resource or "*", requested)
    if answer:
        return replace(check, context={**context, launches.KEY: answer})
    return replace(check, context=context, unknown=check.unknown | {launches.KEY})


def _checks(
    call: Call,
    use: ActionUse,
    context: dict[str, Values],
    untold: frozenset[str],
    directory: Directory,
    facts: ResourceFacts,
) -> Iterator[Check]:
    own = context
    unknown = {*untold} | set(_answer(call, _lowered(use.keys), own, directory))
    asked = False
    for resource in use.resources:
        for named in _named(call, use.action, resource, directory):
            asked = True
            yield _check(call, use, resource, named, own, unknown, directory, facts)
    if not asked:
        # No resource types, or none of the optional ones in this call, as far as the catalog sees.
        for resource in use.resources:
            if resource.stands == EXISTING:
                unknown.update(key for key in _lowered(resource.keys) if key.endswith("tag/"))
        yield Check(use.action, listed_by_us(call) or "*", call.account, own, frozenset(unknown))


def _check(
    call: Call,
    use: ActionUse,
    resource: ResourceUse,
    named: Named,
    context: Mapping[str, Values],
    unknown: Iterable[str],
    directory: Directory,
    facts: ResourceFacts,
) -> Check:
    own = dict(context)
    owner = call.account
    if named.arn is not None:
        owner = _account_of(named.arn) or facts.owner(named.arn) or call.account
        if named.entity is None and not named.new:
            named = replace(named, entity=entity_of_arn(directory, named.arn))
    keys = _lowered(resource.keys)
    left = set(unknown)
    asked = keys + _lowered(use.keys)
    for answers in (
        tag_answers(call, resource.type, {*keys, *left}, named, owner, facts),
        resource_answers(call, resource.type, keys, asked, named, owner, facts),
        item_answers(call, use.action, asked, named.arn, owner, facts),
    ):
        if answers is not NOTHING:
            # The resource has the last word, also where it does not tell.
            for key in (*answers.absent, *answers.unknown):
                own.pop(key, None)
            own.update(answers.values)
            left = {key for key in left if key not in answers} | answers.unknown
            keys = tuple(key for key in keys if key not in answers)
    left.update(_answer(call, keys, own, directory))
    own.update(owner_keys(owner, directory))
    if call.service == "s3":
        own["s3:resourceaccount"] = owner
        left.discard("s3:resourceaccount")
    if named.boundary:
        own["iam:permissionsboundary"] = named.boundary
    judged_in = call.account if _within_an_organization(use.action, call.account, owner, directory) else owner
    return Check(use.action, named.arn, judged_in, own, frozenset(left), named.slot, named.new)


def _within_an_organization(action: str, account: str, owner: str, directory: Directory) -> bool:
    """Do the caller's own policies suffice, though the resource is its organization's?

    So are the trails of an organization, which belong to its management account. Source: CloudTrail User
    Guide, "Organization delegated administrator", on what members and administrators may do with them.
    """
    if action.startswith(_WITHIN_AN_ORGANIZATION):
        return True
    if not action.startswith("cloudtrail:") or owner == account:
        return False
    organization = organization_of(directory, account)
    return organization is not None and organization.account == owner


def owner_keys(owner: str, directory: Directory) -> Mapping[str, Values]:
    """The keys that say whose a resource is, for the account that owns it."""
    organization = org_id(directory, owner)
    if not organization:
        return {"aws:resourceaccount": owner}
    return {
        "aws:resourceaccount": owner,
        "aws:resourceorgid": organization,
        "aws:resourceorgpaths": (org_path(directory, owner),),
    }


@lru_cache(maxsize=4096)
def _lowered(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Key names as context has them, ``aws:ResourceTag/${TagKey}`` cut to what every tag begins with.

    The request's own tags are in context already, all of them.
    """
    # One page of the reference writes the tag's name without braces: secretsmanager:ResourceTag/tag-key.
    lowered = (re.split(r"\$\{|<|(?<=/)tag-key$", key.lower(), maxsplit=1)[0] for key in keys)
    return tuple(key for key in lowered if key not in OF_REQUESTS)


def _answer(
    call: Call, keys: tuple[str, ...], context: dict[str, Values], directory: Directory
) -> Iterator[str]:
    """Puts the keys (see _lowered) that the call answers into context; yields those that stay unknown."""
    for lower in keys:
        if lower in context:
            continue
        computed = rule(lower)
        if computed is not None:
            value = computed(call, directory)
        elif lower in KEYS:
            value = from_input(call, lower)
        elif call.service == "sts" and not lower.startswith(("sts:", "iam:", "aws:")):
            continue  # an identity provider's: in context with its word or with its session, or absent
        elif lower.startswith("aws:") and lower != _TAG_KEYS:
            continue  # a global key: in context, or absent
        else:
            value = None
        if value is None:
            yield lower
        elif value:
            context[lower] = value


def _named(call: Call, action: str, use: ResourceUse, directory: Directory) -> Iterator[Named]:
    """The resources of one type that a call names; none where an optional one is not in it."""
    ours = named_by_us(call, action, use.type, directory)
    if ours is not None:
        yield from ours
        return
    filled = _filled(call, use.template, call.input, directory)
    if filled:
        # What the template says without any input is what nothing in the call names.
        unnamed = (_filled(call, use.template, {}, directory) or ()) if "*" in use.template else ()
        for arn in filled:
            new = use.stands == MADE or (use.stands == OPEN and arn in unnamed)
            yield Named(arn, new=new, several=not new and (arn in unnamed or use.template.endswith("*")))
    elif filled is None or use.required:
        yield Named(None)


def _filled(
    call: Call, template: str, given: Mapping[str, object], directory: Directory
) -> tuple[str, ...] | None:
    organization = organization_of(directory, call.account)
    return templates.fill(
        template,
        given,
        partition="aws",
        region=call.region,
        account=call.account,
        organization=organization.id if organization is not None else "",
        management=organization.account if organization is not None else "",
    )


def _account_of(arn: str) -> str:
    """The twelve digits in an ARN; "" where there are none, as in AWS's own policies' (``aws``)."""
    try:
        account = Arn.parse(arn).account
    except InvalidArn:
        return ""
    return account if account.isdigit() else ""
