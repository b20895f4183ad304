"""Asks cases of a running endpoint: callers and resources made by calls, the action by a call of its own.

Every account of a case becomes a fresh account of the endpoint; ids in policies and ARNs follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.cases.case import Case, listed, mapping
from tests.cases.expressible import keys_in, on_endpoint

from passrole.faces.endpoint import Endpoint

REFUSED: Final = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))
_CONFIG: Final = Config(retries={"total_max_attempts": 1})
_SESSION: Final = botocore.session.Session()
_TAG: Final = "aws:principaltag/"

_OLD_VERSION: Final = "IAM takes no identity-based policy of a version before 2012-10-17"
_NO_TAG: Final = "a tag's value cannot have a star"
_NO_PRINCIPAL: Final = "a policy cannot name a principal that does not exist"
_PATH: Final = "the ARN of a session does not tell its role's path"
_NO_ACTION: Final = "IAM takes no policy with such an action"
# Cases that are left out, and why.
LEFT_OUT: Final[Mapping[str, str]] = {
    "without Version the document is of 2008": _OLD_VERSION,
    "variables are text in 2008": _OLD_VERSION,
    "variables are text without Version": _OLD_VERSION,
    "the text of a variable matches itself in 2008": _OLD_VERSION,
    "a variable is text in a condition of 2008": _OLD_VERSION,
    "each document has its own Version": _OLD_VERSION,
    "wildcards work in 2008": _OLD_VERSION,
    "the escape of a star is text in 2008": _OLD_VERSION,
    "StringEquals finds a star where there is one": _NO_TAG,
    "a star of the request is no wildcard": _NO_TAG,
    "a star in a tag's value does not widen the resource": _NO_TAG,
    "a star in a tag's value matches itself": _NO_TAG,
    "the user name in Principal is case sensitive": _NO_PRINCIPAL,
    "a user with a path is not named without it": _NO_PRINCIPAL,
    "part of a user name is not matched by a wildcard": _NO_PRINCIPAL,
    "a role with a path is named with its path": _PATH,
    "a role with a path is not named without it": _PATH,
    "a variable is not filled in for an action": _NO_ACTION,
}


@dataclass(frozen=True)
class Question:
    """A call whose authorization is one action on one resource. parameters takes the resource's last part
    of its ARN."""

    service: str
    operation: str
    parameters: Callable[[str, str], Mapping[str, object]]  # (resource part of the ARN, whole ARN)


def _none(_: str, __: str) -> Mapping[str, object]:
    return {}


def _last(member: str, **more: object) -> Callable[[str, str], Mapping[str, object]]:
    return lambda part, _: {member: re.split("[/:]", part)[-1], **more}


def _object(part: str, _: str) -> Mapping[str, object]:
    bucket, _, key = part.partition("/")
    return {"Bucket": bucket, "Key": key}


QUESTIONS: Final[Mapping[str, Question]] = {
    "dynamodb:getitem": Question("dynamodb", "get_item", _last("TableName", Key={"id": {"S": "1"}})),
    "ec2:describeinstances": Question("ec2", "describe_instances", _none),
    "iam:changepassword": Question(
        "iam", "change_password", lambda *_: {"OldPassword": "Old-pass-1234", "NewPassword": "New-pass-1234"}
    ),
    "iam:createaccesskey": Question("iam", "create_access_key", _last("UserName")),
    "iam:createpolicy": Question("iam", "create_policy", _last("PolicyName", PolicyDocument="{}")),
    "iam:createuser": Question("iam", "create_user", _last("UserName")),
    "iam:generatecredentialreport": Question("iam", "generate_credential_report", _none),
    "iam:getgroup": Question("iam", "get_group", _last("GroupName")),
    "iam:getrole": Question("iam", "get_role", _last("RoleName")),
    "iam:getuser": Question("iam", "get_user", _last("UserName")),
    "iam:listaccesskeys": Question("iam", "list_access_keys", _last("UserName")),
    "iam:listusers": Question("iam", "list_users", _none),
    "kms:createkey": Question("kms", "create_key", _none),
    "kms:listkeys": Question("kms", "list_keys", _none),
    "lambda:invokefunction": Question("lambda", "invoke", lambda _, arn: {"FunctionName": arn}),
    "rds:deletedbinstance": Question(
        "rds", "delete_db_instance", _last("DBInstanceIdentifier", SkipFinalSnapshot=True)
    ),
    "rds:modifydbinstance": Question("rds", "modify_db_instance", _last("DBInstanceIdentifier")),
    "s3:deletebucket": Question("s3", "delete_bucket", _last("Bucket")),
    "s3:getbucketlocation": Question("s3", "get_bucket_location", _last("Bucket")),
    "s3:getobject": Question("s3", "get_object", _object),
    "s3:listallmybuckets": Question("s3", "list_buckets", _none),
    "s3:listbucket": Question("s3", "list_objects_v2", _last("Bucket")),
    "s3:putobject": Question("s3", "put_object", _object),
    "sns:deletetopic": Question("sns", "delete_topic", lambda _, arn: {"TopicArn": arn}),
    "sqs:listqueues": Question("sqs", "list_queues", _none),
    "sqs:sendmessage": Question("sqs", "send_message", _last("QueueUrl", MessageBody="hello")),
    "sts:assumerole": Question(
        "sts", "assume_role", lambda _, arn: {"RoleArn": arn, "RoleSessionName": "asked"}
    ),
}

# The calls that pass a role to a service, and the action that each needs besides iam:PassRole.
PASSES: Final[Mapping[str, tuple[str, Question]]] = {
    "ec2.amazonaws.com": (
        "iam:AddRoleToInstanceProfile",
        Question("iam", "add_role_to_instance_profile", _last("RoleName", InstanceProfileName="Profile")),
    ),
    "ecs-tasks.amazonaws.com": (
        "ecs:RegisterTaskDefinition",
        Question(
            "ecs",
            "register_task_definition",
            lambda _, arn: {
                "family": "f",
                "taskRoleArn": arn,
                "containerDefinitions": [{"name": "c", "image": "i", "memory": 128}],
            },
        ),
    ),
    "glue.amazonaws.com": (
        "glue:CreateJob",
        Question("glue", "create_job", lambda _, arn: {"Name": "j", "Role": arn, "Command": {"Name": "c"}}),
    ),
    "lambda.amazonaws.com": (
        "lambda:CreateFunction",
        Question(
            "lambda",
            "create_function",
            lambda _, arn: {
                "FunctionName": "F",
                "Role": arn,
                "Runtime": "python3.12",
                "Handler": "a.b",
                "Code": {"ZipFile": b"no archive"},
            },
        ),
    ),
}


def question_of(case: Case) -> tuple[str, Question] | None:
    """The call that asks the case, with the action that it needs besides ("" for none); None if there is
    none, or if it would need a resource that the endpoint names itself."""
    if not on_endpoint(case) or case.id in LEFT_OUT:
        return None
    asked = mapping(case.body["request"])
    action, resource, caller = str(asked["action"]).lower(), str(asked["resource"]), str(asked["principal"])
    if resource.startswith("arn:aws-cn:") or (caller.endswith(":root") and case.body["identity_policies"]):
        return None
    if action == "sts:assumerole":
        own = ":assumed-role/" in caller and caller.split("/")[1] == resource.rpartition("/")[2]
        if case.body["resource_policy"] is None or own:
            return None
    if action == "iam:passrole":
        context = {key.lower(): value for key, value in mapping(asked["context"]).items()}
        if "iam:passedtoservice" not in context and "iam:passedtoservice" in set(keys_in(case.body)):
            return None
        return PASSES.get(str(context.get("iam:passedtoservice", "lambda.amazonaws.com")))
    question = QUESTIONS.get(action)
    if action.startswith("s3:") and '"Deny"' in json.dumps(case.body["resource_policy"]):
        return None  # the owner could not empty the bucket, whose name the next case wants
    if question is None or (question.service not in ("s3", "sqs", "sts") and case.body["resource_policy"]):
        return None
    return "", question


@dataclass
class Asker:
    """One case on one endpoint, in accounts of its own."""

    endpoint: Endpoint
    case: Case
    _roots: dict[str, tuple[str, ...]] = field(default_factory=dict)  # account -> its root key
    _made: set[str] = field(default_factory=set)  # ARNs of users and roles

    def ask(self) -> tuple[bool, str]:
        """Was it allowed, and the message of the refusal."""
        found = question_of(self.case)
        if found is None:
            raise ValueError(self.case.id)
        besides, question = found
        body = self._moved()
        asked = mapping(body["request"])
        caller, resource = str(asked["principal"]), str(asked["resource"])
        part = resource.split(":", 5)[-1]
        keys = self._caller(caller, body, besides)
        for arn in re.findall(r"arn:aws:(?:iam|sts)::\d+:[\w-]+/[\w+=,.@/-]+", self._named(body)):
            self._principal(arn)
        account = caller.split(":")[4]
        region = resource.split(":")[3] if resource.startswith("arn:") else ""
        region = region or "us-east-1"
        self._resource(account, resource, region, body)
        if question.operation == "add_role_to_instance_profile":
            self._root(account, "iam").create_instance_profile(InstanceProfileName="Profile")
        given = dict(question.parameters(part, resource))
        if "QueueUrl" in given:
            given["QueueUrl"] = f"{self.endpoint.url}/{account}/{given['QueueUrl']}"
        try:
            getattr(self._client(question.service, keys, region), question.operation)(**given)
        except ClientError as error:
            told = error.response["Error"]
            return told["Code"] not in REFUSED, str(told["Message"])
        finally:
            if question.service == "s3" and part != "*":
                self._remove_bucket(account, part.partition("/")[0])
        return True, ""

    def _moved(self) -> Mapping[str, object]:
        """The case's body, its accounts the endpoint's."""
        text = json.dumps(self.case.body)
        for old in sorted(set(re.findall(r"(?<!\d)(?:111122223333|\d{12})(?!\d)", text))):
            key = self.endpoint.new_account()
            self._roots[key.account] = (key.id, key.secret)
            text = text.replace(old, key.account)
        return mapping(json.loads(text))

    def _caller(self, caller: str, body: Mapping[str, object], besides: str) -> tuple[str, ...]:
        """Makes the principal with its policies; its credentials."""
        account = caller.split(":")[4]
        if caller.endswith(":root"):
            return self._roots[account]
        iam = self._root(account, "iam")
        context = mapping(mapping(body["request"])["context"])
        tags = [
            {"Key": key[len(_TAG) :], "Value": value}
            for key, value in context.items()
            if key.lower().startswith(_TAG)
        ]
        user = ":user/" in caller
        name = self._principal(caller, tags)
        put = iam.put_user_policy if user else iam.put_role_policy
        owner = {"UserName" if user else "RoleName": name}
        documents = list(listed(body["identity_policies"]))
        if besides:
            documents.append({"Version": "2012-10-17", "Statement": [_allow(besides)]})
        for at, document in enumerate(documents):
            put(**owner, PolicyName=f"p{at}", PolicyDocument=json.dumps(document))
        for document in listed(body["permission_boundaries"]):
            text = json.dumps(_with(mapping(document), besides))
            arn = iam.create_policy(PolicyName="Boundary", PolicyDocument=text)["Policy"]["Arn"]
            bound = iam.put_user_permissions_boundary if user else iam.put_role_permissions_boundary
            bound(**owner, PermissionsBoundary=arn)
        if user:
            made = iam.create_access_key(UserName=name)["AccessKey"]
            return made["AccessKeyId"], made["SecretAccessKey"]
        return self._session(caller, listed(body["session_policies"]), besides)

    def _session(self, caller: str, policies: list[object], besides: str) -> tuple[str, ...]:
        account, (_, role, session) = caller.split(":")[4], caller.split("/")
        iam = self._root(account, "iam")
        iam.create_user(UserName="Starter")
        allow = json.dumps({"Version": "2012-10-17", "Statement": [_allow("sts:AssumeRole")]})
        iam.put_user_policy(UserName="Starter", PolicyName="p", PolicyDocument=allow)
        key = iam.create_access_key(UserName="Starter")["AccessKey"]
        sts = self._client("sts", (key["AccessKeyId"], key["SecretAccessKey"]))
        texts = [json.dumps(_with(mapping(policy), besides)) for policy in policies]
        more: dict[str, object] = {"Policy": texts[0]} if texts else {}
        if texts[1:]:
            more["PolicyArns"] = [
                {"arn": iam.create_policy(PolicyName=f"s{at}", PolicyDocument=text)["Policy"]["Arn"]}
                for at, text in enumerate(texts[1:])
            ]
        arn = f"arn:aws:iam::{account}:role/{role}"
        found = sts.assume_role(RoleArn=arn, RoleSessionName=session, **more)["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def _principal(self, arn: str, tags: list[dict[str, object]] | None = None, trust: object = None) -> str:
        """Makes the user, role or group of an ARN, or the role of a session; its name."""
        account, rest = arn.split(":")[4:6]
        kind, _, place = rest.partition("/")
        if kind == "assumed-role":
            kind, place = "role", place.split("/")[0]
        path, _, name = place.rpartition("/")
        if account not in self._roots or kind not in ("user", "role", "group"):
            return name
        if f"{account}:{kind}/{name}" in self._made:
            return name
        self._made.add(f"{account}:{kind}/{name}")
        given: dict[str, object] = {"Path": f"/{path}/" if path else "/", f"{kind.title()}Name": name}
        if kind == "role":
            services = [*PASSES, "ec2.amazonaws.com"]
            grant = {"Effect": "Allow", "Action": "sts:AssumeRole"}
            given["AssumeRolePolicyDocument"] = json.dumps(
                trust
                or {
                    "Version": "2012-10-17",
                    "Statement": [{**grant, "Principal": {"AWS": account, "Service": services}}],
                }
            )
        if tags:
            given["Tags"] = tags
        getattr(self._root(account, "iam"), f"create_{kind}")(**given)
        return name

    def _resource(self, account: str, resource: str, region: str, body: Mapping[str, object]) -> None:
        """Makes the resource, with its policy."""
        asked, policy = mapping(body["request"]), body["resource_policy"]
        text = json.dumps(policy) if policy else ""
        service = resource.split(":")[2] if resource.startswith("arn:") else ""
        name = resource.split(":", 5)[-1].partition("/")[0]
        if service == "iam" and not str(asked["action"]).lower().startswith("iam:create"):
            trust = policy if str(asked["action"]).lower().startswith("sts:") else None
            if not resource.endswith("/"):
                self._principal(resource, trust=trust)
        elif service == "s3":
            s3 = self._root(account, service)
            s3.create_bucket(Bucket=name)
            if text:
                s3.put_bucket_policy(Bucket=name, Policy=text)
        elif service == "sqs":
            sqs = self._root(account, service, region)
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
            if text:
                sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})

    def _remove_bucket(self, account: str, name: str) -> None:
        """Bucket names are everyone's: the next case may want it."""
        s3 = self._root(account, "s3")
        try:
            s3.delete_bucket_policy(Bucket=name)
            for entry in s3.list_objects_v2(Bucket=name).get("Contents", []):
                s3.delete_object(Bucket=name, Key=entry["Key"])
            s3.delete_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":  # the case was to delete it
                raise

    @staticmethod
    def _named(body: Mapping[str, object]) -> str:
        """The principals that the resource's policy names; they must be there."""
        statements = mapping(body["resource_policy"]).get("Statement")
        each = statements if isinstance(statements, list) else [statements]
        named = [mapping(item).get(key) for item in each for key in ("Principal", "NotPrincipal")]
        return json.dumps(named)

    def _root(self, account: str, service: str, region: str = "us-east-1") -> Any:
        return self._client(service, self._roots[account], region)

    def _client(self, service: str, keys: tuple[str, ...], region: str = "us-east-1") -> Any:
        return _SESSION.create_client(
            service,
            endpoint_url=self.endpoint.url,
            region_name=region,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2] if keys[2:] else None,
            config=_CONFIG,
        )


def _allow(action: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": "*"}


def _with(document: Mapping[str, object], besides: str) -> Mapping[str, object]:
    """The document, which allows the action that the call needs besides, too."""
    if not besides:
        return document
    statement = document["Statement"]
    statements = statement if isinstance(statement, list) else [statement]
    return {**document, "Statement": [*statements, _allow(besides)]}
