"""Records as CloudTrail writes them: names, parameters, answers, errors, secrets, bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from passrole.state.record import record
from passrole.state.records.identity import identity_of, service_identity
from passrole.state.trail import Event
from passrole.values.errors import ServiceError
from passrole.values.principal import Principal
from passrole.wire import models, services
from passrole.wire.models import Shape

NOW = datetime(2023, 7, 10, 12, 9, 21, 500_000, tzinfo=UTC)
ACCOUNT = "111122223333"
ALICE = identity_of(
    Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/alice", id="AIDAIOSFODNN7EXAMPLE"), "AKIAIOSFODNN7EXAMPLE"
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/EC2-roles-for-XYZ-Web"

Members = Mapping[str, object]


def made(
    service: str,
    operation: str,
    request: Members,
    response: Members | None = None,
    *,
    error: ServiceError | None = None,
    denied: bool = False,
    passing: bool = False,
    region: str = "eu-west-1",
    user_agent: str = "Boto3/1.40",
    additional: Members | None = None,
    shared_event_id: str = "",
    tls: Mapping[str, str] | None = None,
) -> Event:
    return record(
        service,
        operation,
        identity=ALICE,
        account=ACCOUNT,
        region=region,
        time=NOW,
        source_ip="127.0.0.1",
        user_agent=user_agent,
        request=request,
        request_id="0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
        event_id="5fd1d5b6-b2d0-4f5f-9d2e-6a50f8a9d9c6",
        response=response,
        error=error,
        denied=denied,
        passing=passing,
        additional=additional,
        shared_event_id=shared_event_id,
        tls=tls,
    )


def fields(event: Event) -> dict[str, object]:
    found = json.loads(event.record)
    assert isinstance(found, dict)
    return found


def test_a_read_is_recorded_whole() -> None:
    event = made("iam", "GetRole", {"RoleName": "Web"}, {"Role": {"RoleName": "Web"}})
    assert event.record.startswith(b'{"eventVersion":"1.11","userIdentity":{"type":"IAMUser",')
    assert fields(event) == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAIOSFODNN7EXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "alice",
        },
        "eventTime": "2023-07-10T12:09:21Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "GetRole",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "Boto3/1.40",
        "requestParameters": {"roleName": "Web"},
        "responseElements": None,
        "requestID": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
        "eventID": "5fd1d5b6-b2d0-4f5f-9d2e-6a50f8a9d9c6",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    assert (event.account, event.region, event.time) == (ACCOUNT, "us-east-1", NOW)
    assert (event.name, event.source, event.read_only) == ("GetRole", "iam.amazonaws.com", True)
    assert (event.username, event.access_key_id) == ("alice", "AKIAIOSFODNN7EXAMPLE")
    assert event.id == "5fd1d5b6-b2d0-4f5f-9d2e-6a50f8a9d9c6"
    assert event.request_id == "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11"
    assert event.resources == (("AWS::IAM::Role", "Web"),)


# Every row: service, operation, input, output, requestParameters, responseElements. The shapes are
# those of recorded events and of AWS's documented samples.
PRINTED: list[tuple[str, str, Members, Members | None, object, object]] = [
    ("iam", "ListRoles", {}, {"Roles": []}, None, None),
    (
        "iam",
        "CreateRole",
        {"RoleName": "Web", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "a", "Value": "B"}]},
        {"Role": {"Path": "/", "RoleName": "Web", "RoleId": "AROA1", "Arn": ROLE, "CreateDate": NOW}},
        {"roleName": "Web", "assumeRolePolicyDocument": "{}", "tags": [{"key": "a", "value": "B"}]},
        {
            "role": {
                "path": "/",
                "roleName": "Web",
                "roleId": "AROA1",
                "arn": ROLE,
                "createDate": "Jul 10, 2023, 12:09:21 PM",
            }
        },
    ),
    (
        "iam",
        "AddRoleToInstanceProfile",
        {"InstanceProfileName": "Web", "RoleName": "Web"},
        None,
        {"instanceProfileName": "Web", "roleName": "Web"},
        None,
    ),
    (
        "iam",
        "CreateAccessKey",
        {"UserName": "bob"},
        {
            "AccessKey": {
                "UserName": "bob",
                "AccessKeyId": "AKIAI44QH8DHBEXAMPLE",
                "Status": "Active",
                "SecretAccessKey": "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
                "CreateDate": NOW.replace(hour=0, minute=5),
            }
        },
        {"userName": "bob"},
        {
            "accessKey": {
                "userName": "bob",
                "accessKeyId": "AKIAI44QH8DHBEXAMPLE",
                "status": "Active",
                "createDate": "Jul 10, 2023, 12:05:21 AM",
            }
        },
    ),
    ("iam", "CreateLoginProfile", {"UserName": "bob", "Password": "p"}, {}, {"userName": "bob"}, None),
    (
        "iam",
        "CreateServiceLinkedRole",
        {"AWSServiceName": "autoscaling.amazonaws.com"},
        {},
        {"aWSServiceName": "autoscaling.amazonaws.com"},
        None,
    ),
    (
        "sts",
        "AssumeRole",
        {"RoleArn": ROLE, "RoleSessionName": "s", "SerialNumber": "mfa", "TokenCode": "123456"},
        {
            "Credentials": {
                "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "SessionToken": "IQoJb3JpZ2luX2Vj",
                "Expiration": NOW.replace(hour=13),
            },
            "AssumedRoleUser": {"AssumedRoleId": "AROA1:s", "Arn": "arn:aws:sts::1:assumed-role/Web/s"},
        },
        {"roleArn": ROLE, "roleSessionName": "s", "serialNumber": "mfa"},
        {
            "credentials": {
                "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "sessionToken": "IQoJb3JpZ2luX2Vj",
                "expiration": "Jul 10, 2023, 1:09:21 PM",
            },
            "assumedRoleUser": {"assumedRoleId": "AROA1:s", "arn": "arn:aws:sts::1:assumed-role/Web/s"},
        },
    ),
    (
        "sts",
        "AssumeRoleWithSAML",
        {"RoleArn": ROLE, "PrincipalArn": "p", "SAMLAssertion": "PHNhbWw+"},
        {},
        {"roleArn": ROLE, "principalArn": "p"},
        None,
    ),
    ("sts", "GetCallerIdentity", {}, {"Account": ACCOUNT}, None, None),
    (
        "ec2",
        "RunInstances",
        {
            "ImageId": "ami-1",
            "MinCount": 1,
            "MaxCount": 2,
            "KeyName": "key",
            "InstanceType": "t3.micro",
            "SecurityGroupIds": ["sg-1", "sg-2"],
            "IamInstanceProfile": {"Name": "Web"},
            "UserData": "cm0gLXJmIC8=",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
        },
        {
            "ReservationId": "r-1",
            "Instances": [
                {
                    "InstanceId": "i-1",
                    "State": {"Code": 0, "Name": "pending"},
                    "LaunchTime": NOW.replace(microsecond=0),
                    "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/Web", "Id": "AIPA1"},
                }
            ],
        },
        {
            "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 2, "keyName": "key"}]},
            "instanceType": "t3.micro",
            "groupSet": {"items": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]},
            "iamInstanceProfile": {"name": "Web"},
            "userData": "<sensitiveDataRemoved>",
            "tagSpecificationSet": {
                "items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}]
            },
            "blockDeviceMapping": {},
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "disableApiStop": False,
        },
        {
            "requestId": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
            "reservationId": "r-1",
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "i-1",
                        "instanceState": {"code": 0, "name": "pending"},
                        "launchTime": 1688990961000,
                        "iamInstanceProfile": {"arn": "arn:aws:iam::1:instance-profile/Web", "id": "AIPA1"},
                    }
                ]
            },
        },
    ),
    (
        "ec2",
        "DescribeInstances",
        {"InstanceIds": ["i-1"], "Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}], "MaxResults": 5},
        {},
        {
            "instancesSet": {"items": [{"instanceId": "i-1"}]},
            "filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": "vpc-1"}]}}]},
            "maxResults": 5,
        },
        None,
    ),
    ("ec2", "DescribeInstances", {}, {}, {"instancesSet": {}, "filterSet": {}}, None),
    (
        "ec2",
        "DescribeSecurityGroups",
        {"GroupIds": ["sg-1"]},
        {},
        {"securityGroupSet": {}, "securityGroupIdSet": {"items": [{"groupId": "sg-1"}]}, "filterSet": {}},
        None,
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {
            "GroupId": "sg-1",
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ],
        },
        {"Return": True},
        {
            "groupId": "sg-1",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        {"requestId": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11", "_return": True},
    ),
    (
        "ec2",
        "AssociateIamInstanceProfile",
        {"InstanceId": "i-1", "IamInstanceProfile": {"Name": "Web"}},
        {"IamInstanceProfileAssociation": {"AssociationId": "iip-assoc-1", "Timestamp": NOW}},
        {
            "AssociateIamInstanceProfileRequest": {
                "InstanceId": "i-1",
                "IamInstanceProfile": {"Name": "Web"},
            }
        },
        {
            "AssociateIamInstanceProfileResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
                "iamInstanceProfileAssociation": {
                    "associationId": "iip-assoc-1",
                    "timestamp": "2023-07-10T12:09:21.000Z",
                },
            }
        },
    ),
    (
        "ec2",
        "CreateLaunchTemplate",
        {
            "LaunchTemplateName": "t",
            "LaunchTemplateData": {
                "UserData": "cm0gLXJmIC8=",
                "NetworkInterfaces": [{"SubnetId": "subnet-1", "DeviceIndex": 0, "Groups": ["sg-1"]}],
            },
        },
        None,
        {
            "CreateLaunchTemplateRequest": {
                "LaunchTemplateName": "t",
                "LaunchTemplateData": {
                    "UserData": "<sensitiveDataRemoved>",
                    "NetworkInterface": {
                        "tag": 1,
                        "SubnetId": "subnet-1",
                        "DeviceIndex": 0,
                        "SecurityGroupId": {"tag": 1, "content": "sg-1"},
                    },
                },
            }
        },
        {
            "CreateLaunchTemplateResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
                "return": True,
            }
        },
    ),
    (
        "ec2",
        "DescribeInstanceTypes",
        {"InstanceTypes": ["t2.large", "t2.micro"]},
        {},
        {
            "DescribeInstanceTypesRequest": {
                "InstanceType": [{"tag": 1, "content": "t2.large"}, {"tag": 2, "content": "t2.micro"}]
            }
        },
        None,
    ),
    ("ec2", "DescribeInstanceTypes", {}, {}, {"DescribeInstanceTypesRequest": ""}, None),
    (
        "ec2",
        "RequestSpotInstances",
        {"LaunchSpecification": {"IamInstanceProfile": {"Name": "Web"}, "UserData": "cm0gLXJmIC8="}},
        {"SpotInstanceRequests": []},
        {
            "launchSpecification": {
                "iamInstanceProfile": {"name": "Web"},
                "userData": "<sensitiveDataRemoved>",
            }
        },
        {"requestId": "0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11", "spotInstanceRequestSet": {}},
    ),
    (
        "lambda",
        "CreateFunction",
        {
            "FunctionName": "f",
            "Role": ROLE,
            "Code": {"ZipFile": b"PK"},
            "Environment": {"Variables": {"TOKEN": "t"}},
            "Tags": {"Team": "Red"},
            "Publish": False,
        },
        {"FunctionName": "f", "Role": ROLE, "Environment": {"Variables": {"TOKEN": "t"}}},
        {
            "functionName": "f",
            "role": ROLE,
            "code": {},
            "environment": {},
            "tags": {"Team": "Red"},
            "publish": False,
        },
        {"functionName": "f", "role": ROLE, "environment": {}},
    ),
    ("lambda", "DeleteFunction", {"FunctionName": "f"}, None, {"functionName": "f"}, None),
    (
        "rds",
        "CreateDBInstance",
        {
            "DBInstanceIdentifier": "db",
            "MasterUserPassword": "p",
            "MonitoringRoleArn": ROLE,
            "MonitoringInterval": 60,
        },
        {
            "DBInstance": {
                "DBInstanceIdentifier": "db",
                "DbiResourceId": "db-1",
                "CACertificateIdentifier": "rds-ca",
                "IAMDatabaseAuthenticationEnabled": False,
                "DbInstancePort": 0,
            }
        },
        {
            "dBInstanceIdentifier": "db",
            "masterUserPassword": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "monitoringRoleArn": ROLE,
            "monitoringInterval": 60,
        },
        {
            "dBInstanceIdentifier": "db",
            "dbiResourceId": "db-1",
            "cACertificateIdentifier": "rds-ca",
            "iAMDatabaseAuthenticationEnabled": False,
            "dbInstancePort": 0,
        },
    ),
    (
        "stepfunctions",
        "CreateStateMachine",
        {"name": "n", "definition": "{}", "roleArn": ROLE},
        {"stateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:n", "creationDate": NOW},
        {
            "name": "n",
            "definition": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "roleArn": ROLE,
            "publish": False,
        },
        {
            "stateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:n",
            "creationDate": "Jul 10, 2023 12:09:21 PM",
        },
    ),
    (
        "organizations",
        "CreateAccount",
        {"Email": "a@example.com", "AccountName": "Production"},
        {"CreateAccountStatus": {"Id": "car-1", "AccountName": "Production", "RequestedTimestamp": NOW}},
        {"email": "****", "accountName": "****"},
        {
            "createAccountStatus": {
                "id": "car-1",
                "accountName": "****",
                "requestedTimestamp": "Jul 10, 2023 12:09:21 PM",
            }
        },
    ),
    (
        "s3",
        "PutBucketPolicy",
        {"Bucket": "b", "Policy": '{"Version":"2012-10-17"}'},
        None,
        {"bucketName": "b", "bucketPolicy": {"Version": "2012-10-17"}, "policy": ""},
        None,
    ),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "k", "Body": b"x", "SSECustomerKey": "s", "ServerSideEncryption": "aws:kms"},
        {"ETag": "e"},
        {"bucketName": "b", "key": "k", "x-amz-server-side-encryption": "aws:kms"},
        None,
    ),
    ("secretsmanager", "CreateSecret", {"Name": "n", "SecretString": "s"}, {}, {"name": "n"}, None),
    ("ce", "GetCostAndUsage", {"Metrics": ["m"]}, {}, {"Metrics": ["m"]}, None),
]


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: f"{row[0]}:{row[1]}")
def test_prints_parameters_and_answers_in_each_service_s_spelling(
    row: tuple[str, str, Members, Members | None, object, object],
) -> None:
    service, operation, request, response, parameters, answer = row
    printed = fields(made(service, operation, request, response))
    assert printed["requestParameters"] == parameters
    assert printed["responseElements"] == answer


@pytest.mark.parametrize(
    ("service", "operation", "source", "name", "region", "read_only", "category"),
    [
        ("lambda", "CreateFunction", "lambda", "CreateFunction20150331", "eu-west-1", False, "Management"),
        ("lambda", "UpdateFunctionCode", "lambda", "UpdateFunctionCode20150331v2", "eu-west-1", False, ""),
        ("lambda", "GetFunctionCodeSigningConfig", "lambda", "", "eu-west-1", True, ""),
        ("lambda", "PublishLayerVersion", "lambda", "PublishLayerVersion20181031", "eu-west-1", False, ""),
        ("lambda", "Invoke", "lambda", "Invoke", "eu-west-1", False, "Data"),
        ("cloudwatch", "PutMetricAlarm", "monitoring", "", "eu-west-1", False, ""),
        ("stepfunctions", "StartExecution", "states", "", "eu-west-1", False, ""),
        ("sagemaker", "CreateModel", "sagemaker", "", "eu-west-1", False, ""),
        ("elbv2", "CreateLoadBalancer", "elasticloadbalancing", "", "eu-west-1", False, ""),
        ("application-autoscaling", "PutScalingPolicy", "autoscaling", "", "eu-west-1", False, ""),
        (
            "cloudfront",
            "CreateDistribution",
            "cloudfront",
            "CreateDistribution2020_05_31",
            "us-east-1",
            False,
            "",
        ),
        ("organizations", "ListAccounts", "organizations", "", "us-east-1", True, ""),
        ("iam", "SimulatePrincipalPolicy", "iam", "", "us-east-1", True, ""),
        ("sts", "AssumeRole", "sts", "", "eu-west-1", True, ""),
        ("sts", "GetCallerIdentity", "sts", "", "eu-west-1", True, ""),
        ("sts", "GetFederationToken", "sts", "", "eu-west-1", False, ""),
        ("kms", "Decrypt", "kms", "", "eu-west-1", True, ""),
        ("s3", "GetBucketLifecycleConfiguration", "s3", "GetBucketLifecycle", "eu-west-1", True, ""),
        ("s3", "GetObject", "s3", "", "eu-west-1", True, "Data"),
        ("s3control", "GetPublicAccessBlock", "s3", "GetAccountPublicAccessBlock", "eu-west-1", True, ""),
        ("dynamodb", "BatchGetItem", "dynamodb", "", "eu-west-1", True, "Data"),
        ("ecs", "RegisterTaskDefinition", "ecs", "", "eu-west-1", False, ""),
    ],
)
def test_names_events_as_cloudtrail_does(
    service: str, operation: str, source: str, name: str, region: str, read_only: bool, category: str
) -> None:
    event = made(service, operation, {})
    printed = fields(event)
    assert printed["eventSource"] == event.source == f"{source}.amazonaws.com"
    assert printed["eventName"] == event.name == (name or operation)
    assert printed["awsRegion"] == event.region == region
    assert printed["readOnly"] is event.read_only is read_only
    assert printed["eventCategory"] == (category or "Management")
    assert printed["managementEvent"] is (category != "Data")


def refused(code: str, status: int = 403, message: str = "no") -> ServiceError:
    return ServiceError(message, code=code, status=status)


@pytest.mark.parametrize(
    ("service", "operation", "error", "denied", "code"),
    [
        ("ec2", "RunInstances", refused("UnauthorizedOperation"), True, "Client.UnauthorizedOperation"),
        ("ec2", "RunInstances", refused("DryRunOperation", 412), False, "Client.DryRunOperation"),
        ("ec2", "RunInstances", refused("InternalError", 500), False, "Server.InternalError"),
        ("iam", "GetRole", refused("AccessDenied"), True, "AccessDenied"),
        ("iam", "GetRole", refused("NoSuchEntity", 404), False, "NoSuchEntityException"),
        ("iam", "CreateRole", refused("EntityAlreadyExists", 409), False, "EntityAlreadyExistsException"),
        ("organizations", "LeaveOrganization", refused("AccessDeniedException", 400), True, "AccessDenied"),
        ("lambda", "CreateFunction", refused("AccessDeniedException"), True, "AccessDenied"),
        (
            "stepfunctions",
            "CreateStateMachine",
            refused("AccessDeniedException", 400),
            False,
            "AccessDeniedException",
        ),
        (
            "lambda",
            "CreateFunction",
            refused("InvalidParameterValueException", 400),
            False,
            "InvalidParameterValueException",
        ),
        (
            "rds",
            "DeleteDBInstance",
            refused("InvalidDBInstanceState", 400),
            False,
            "InvalidDBInstanceStateFault",
        ),
        ("s3", "GetBucketPolicy", refused("NoSuchBucketPolicy", 404), False, "NoSuchBucketPolicy"),
    ],
)
def test_names_errors_as_cloudtrail_does(
    service: str, operation: str, error: ServiceError, denied: bool, code: str
) -> None:
    printed = fields(made(service, operation, {}, {"x": 1}, error=error, denied=denied))
    assert printed["errorCode"] == code
    assert printed["errorMessage"] == "no"
    assert printed["responseElements"] is None


@pytest.mark.parametrize(
    ("service", "operation", "request_", "denied", "shown"),
    [
        ("iam", "GetRole", {"RoleName": "Web"}, "action", False),
        ("iam", "GetRole", {"RoleName": "Web"}, "", True),
        ("sts", "AssumeRole", {"RoleArn": ROLE}, "action", False),
        ("organizations", "DescribeAccount", {"AccountId": ACCOUNT}, "action", False),
        ("ec2", "RunInstances", {"ImageId": "ami-1"}, "action", True),
        ("lambda", "CreateFunction", {"Role": ROLE}, "action", False),
        ("lambda", "CreateFunction", {"Role": ROLE}, "pass", True),
    ],
)
def test_shows_the_parameters_of_a_refused_call_only_where_aws_does(
    service: str, operation: str, request_: Members, denied: str, shown: bool
) -> None:
    error, passing = refused("AccessDenied"), denied == "pass"
    event = made(service, operation, request_, error=error, denied=bool(denied), passing=passing)
    assert (fields(event)["requestParameters"] is not None) is shown
    assert bool(event.resources) is shown


def test_long_messages_end_in_dots_within_a_kilobyte() -> None:
    message = "You are not authorized. Encoded authorization failure message: " + "é" * 2000
    printed = fields(made("ec2", "RunInstances", {}, error=refused("UnauthorizedOperation", message=message)))
    shown = str(printed["errorMessage"])
    assert shown.endswith("é...")
    assert message.startswith(shown[:-3])
    assert 1020 <= len(shown.encode()) <= 1024


def test_leaves_out_parameters_beyond_their_bound() -> None:
    printed = fields(made("iam", "CreateRole", {"RoleName": "x" * 200_000}, {"Role": {"RoleName": "Web"}}))
    assert printed["requestParameters"] == {"omitted": True}
    assert printed["responseElements"] == {"role": {"roleName": "Web"}}


def test_takes_what_no_json_can_hold() -> None:
    """Half a surrogate pair, an endless integer and bytes, as a client may send them."""
    request: Members = {
        "UserName": "\ud800x",
        "Tags": [{"Key": "k", "Value": 2**70}, {"Key": "b", "Value": b"x"}],
        "NoSuchMember": NOW,
    }
    event = made("iam", "CreateUser", request, user_agent="\udfff", error=refused("X", message="\ud800"))
    printed = fields(event)
    assert printed["userAgent"] == "?"
    assert printed["errorMessage"] == "?"
    assert printed["requestParameters"] == {
        "userName": "?x",
        "tags": [{"key": "k", "value": str(2**70)}, {"key": "b", "value": ""}],
        "noSuchMember": "2023-07-10T12:09:21.500000+00:00",
    }
    assert event.resources == ()


def test_names_the_resources_of_a_call_and_of_its_answer_once_each() -> None:
    event = made(
        "sts",
        "AssumeRole",
        {"RoleArn": ROLE, "RoleSessionName": "s"},
        {
            "Credentials": {"AccessKeyId": "ASIA1"},
            "AssumedRoleUser": {"AssumedRoleId": "AROA1:s", "Arn": "arn:aws:sts::1:assumed-role/Web/s"},
        },
    )
    assert event.resources == (
        ("AWS::IAM::Role", ROLE),
        ("AWS::IAM::AccessKey", "ASIA1"),
        ("AWS::STS::AssumedRole", "AROA1:s"),
        ("AWS::STS::AssumedRole", "arn:aws:sts::1:assumed-role/Web/s"),
    )
    assert fields(event)["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}]
    attached = made("iam", "AttachRolePolicy", {"RoleName": "Web", "PolicyArn": "arn:aws:iam::aws:policy/P"})
    assert attached.resources == (
        ("AWS::IAM::Role", "Web"),
        ("AWS::IAM::Policy", "arn:aws:iam::aws:policy/P"),
    )
    task = made("ecs", "RegisterTaskDefinition", {"taskRoleArn": ROLE, "executionRoleArn": ROLE})
    assert task.resources == (("AWS::IAM::Role", ROLE),)
    started = made("ec2", "StopInstances", {"InstanceIds": ["i-1", "i-2"]})
    assert started.resources == (("AWS::EC2::Instance", "i-1"), ("AWS::EC2::Instance", "i-2"))


def test_what_is_only_there_sometimes() -> None:
    printed = fields(
        made(
            "sts",
            "AssumeRole",
            {"RoleArn": ROLE},
            additional={"note": "x"},
            shared_event_id="8f2c",
            tls={"tlsVersion": "TLSv1.3"},
        )
    )
    assert printed["additionalEventData"] == {"note": "x"}
    assert printed["sharedEventID"] == "8f2c"
    assert printed["tlsDetails"] == {"tlsVersion": "TLSv1.3"}


def test_a_service_that_assumes_a_role() -> None:
    event = record(
        "sts",
        "AssumeRole",
        identity=service_identity("ec2.amazonaws.com"),
        account=ACCOUNT,
        region="eu-west-1",
        time=NOW,
        source_ip="ec2.amazonaws.com",
        user_agent="ec2.amazonaws.com",
        request={"RoleArn": ROLE, "RoleSessionName": "i-1"},
        request_id="r",
        event_id="e",
        shared_event_id="s",
    )
    printed = fields(event)
    assert printed["userIdentity"] == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert printed["recipientAccountId"] == event.account == ACCOUNT
    assert event.username == ""


SECRET = "s3cr3t-that-nobody-may-read"
# S3 prints the names of the keys that encrypt and Cognito those of applications, though their models call
# them sensitive.
NOT_SECRET = {"ClientId", "KMSKeyArn", "KMSKeyId", "KMSMasterKeyID", "KeyId", "SSEKMSKeyId"}


def secretive(shape: Shape, depth: int = 0) -> object:
    """A value with the secret in every place that the model calls sensitive."""
    if shape.kind == "structure":
        return {
            name: secretive(part, depth + 1)
            for name, part in shape.members.items()
            if depth < 7 and not (name in NOT_SECRET and part.kind == "string")
        }
    if shape.kind == "list":
        return [secretive(shape.member, depth + 1)]
    if shape.kind == "map":
        return {"key": secretive(shape.value, depth + 1)}
    if shape.kind == "timestamp":
        return NOW
    if shape.kind == "blob":
        return SECRET.encode()
    return SECRET if shape.sensitive else "shown"


def no_secret_in_any_record(service: str) -> int:
    """Records every operation of a service with secrets in it; how many there were."""
    model = models.service(service)
    for operation in model.operations:
        shapes = model.operation(operation)
        given = secretive(shapes.input) if shapes.input is not None else {}
        answer = secretive(shapes.output) if shapes.output is not None else {}
        assert isinstance(given, dict)
        assert isinstance(answer, dict)
        event = made(service, operation, given, answer)
        assert SECRET.encode() not in event.record, f"{service}:{operation}"
        assert SECRET not in str(event.resources), f"{service}:{operation}"
        json.loads(event.record)
    return len(model.operations)


@pytest.mark.parametrize(
    "service", ["iam", "sts", "organizations", "ec2", "lambda", "rds", "s3", "kms", "ssm"]
)
def test_no_secret_reaches_a_record(service: str) -> None:
    assert no_secret_in_any_record(service) > 8


@pytest.mark.prove
def test_no_secret_reaches_a_record_of_any_service() -> None:
    assert sum(no_secret_in_any_record(service) for service in services.index()) > 10_000


def test_secrets_that_models_forget_are_hidden_by_name() -> None:
    printed = fields(made("redshift", "CreateCluster", {"ClusterIdentifier": "c", "MasterUserPassword": "p"}))
    assert printed["requestParameters"] == {
        "clusterIdentifier": "c",
        "masterUserPassword": "****",
    }


@pytest.mark.parametrize(
    ("service", "operation", "request_", "resources"),
    [
        (
            "s3",
            "PutObject",
            {"Bucket": "b", "Key": "k/1"},
            [("AWS::S3::Object", "arn:aws:s3:::b/k/1", False), ("AWS::S3::Bucket", "arn:aws:s3:::b", True)],
        ),
        ("s3", "GetBucketPolicy", {"Bucket": "b"}, [("AWS::S3::Bucket", "arn:aws:s3:::b", True)]),
        (
            "kms",
            "Decrypt",
            {"KeyId": "1234"},
            [("AWS::KMS::Key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234", True)],
        ),
        ("kms", "Encrypt", {"KeyId": "alias/a"}, None),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            [("AWS::Lambda::Function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f", True)],
        ),
        ("lambda", "GetFunction", {"FunctionName": "f"}, None),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t"},
            [("AWS::DynamoDB::Table", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t", True)],
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "http://127.0.0.1:4747/1/q"},
            [("AWS::SQS::Queue", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", True)],
        ),
        ("iam", "GetRole", {"RoleName": "Web"}, None),
    ],
)
def test_says_what_a_call_was_about(
    service: str, operation: str, request_: Members, resources: list[tuple[str, str, bool]] | None
) -> None:
    printed = fields(made(service, operation, request_)).get("resources")
    expected: list[dict[str, str]] | None = None
    if resources is not None:
        expected = [
            {**({"accountId": ACCOUNT} if owned else {}), "type": kind, "ARN": arn}
            for kind, arn, owned in resources
        ]
    assert printed == expected
