"""CloudTrail: looking events up and defining trails."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from tests.state.trails import event

from passrole.authorize.call import Call, Caller
from passrole.passing.permit import AuthorizedCall
from passrole.services import own
from passrole.services.operation import OPERATIONS, ServiceCall
from passrole.state.directory import Directory
from passrole.state.store.memory import MemoryStore
from passrole.state.trail import Event, EventQuery, Numbered
from passrole.state.trails import TrailDefinition
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.values.principal import Principal
from passrole.wire import models
from passrole.wire.request import RawRequest

own.load()

ACCOUNT = "111122223333"
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
MONITORING = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/monitoring"
Members = dict[str, object]


class Kept:
    """The trail of these tests: what is appended is found."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def later(self, event: Event) -> None:
        self.store.write([], [(self.store.last_sequence() + 1, event)])

    def find(self, query: EventQuery) -> Sequence[Numbered]:
        return self.store.find(query)

    def newest(self) -> int:
        return self.store.last_sequence()


@dataclass(frozen=True, slots=True)
class _Authorized:
    """What a handler sees of an AuthorizedCall; who may do what is not tested here."""

    call: Call
    passes: tuple[object, ...] = ()
    would_deny: str = ""


@dataclass
class Endpoint:
    """CloudTrail alone: a directory, a trail and a clock that only tests move."""

    now: datetime = NOON
    directory: Directory = field(default_factory=Directory)
    trail: Kept = field(default_factory=Kept)

    def __call__(
        self,
        operation: str,
        given: Mapping[str, object] | None = None,
        *,
        account: str = ACCOUNT,
        region: str = "eu-west-1",
    ) -> Members:
        root = Principal.parse(f"arn:aws:iam::{account}:root")
        call = Call(
            raw=RawRequest("POST", "/", "", (), b""),
            body=b"",
            service="cloudtrail",
            operation=operation,
            protocol="json",
            input=dict(given or {}),
            caller=Caller(root, "AKIAIOSFODNN7EXAMPLE"),
            account=account,
            region=region,
            now=self.now,
            request_id="r",
        )
        handed = ServiceCall(
            cast(AuthorizedCall, _Authorized(call)),
            self.directory,
            self.trail,
            Ids(random.Random(1).randbytes),
        )
        try:
            output = OPERATIONS[("cloudtrail", operation)](handed, call.input)
        except ServiceError:
            self.directory.rollback()
            raise
        self.directory.commit()
        return dict(output)

    def refused(
        self, operation: str, given: Mapping[str, object], *, region: str = "eu-west-1"
    ) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self(operation, given, region=region)
        assert caught.value.status == 400
        return caught.value


@pytest.fixture
def cloudtrail() -> Endpoint:
    return Endpoint()


def record(number: int, **more: object) -> Event:
    """The number-th event, number seconds before noon, in the region of these tests."""
    given = {"region": "eu-west-1", "time": NOON - timedelta(seconds=number)} | more
    return event(number, **given)  # type: ignore[arg-type]  # a test's keywords


def names(answer: Members) -> list[str]:
    events = answer["Events"]
    assert isinstance(events, list)
    return [found["EventName"] for found in events]


# LookupEvents


def test_an_event_is_shown_as_aws_shows_it(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(
        record(
            1,
            name="CreateRole",
            read_only=False,
            resources=(("AWS::IAM::Role", "Web"),),
            time=NOON - timedelta(milliseconds=250),
        )
    )
    assert cloudtrail("LookupEvents") == {
        "Events": [
            {
                "EventId": "00000001-0000-4000-8000-000000000000",
                "EventName": "CreateRole",
                "ReadOnly": "false",
                "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "EventTime": NOON - timedelta(seconds=1),
                "EventSource": "iam.amazonaws.com",
                "Username": "alice",
                "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": "Web"}],
                "CloudTrailEvent": '{"eventID":"1"}',
            }
        ]
    }


def test_what_a_service_did_shows_no_name_and_no_key(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(record(1, username="", key=""))
    events = cast("list[Members]", cloudtrail("LookupEvents")["Events"])
    assert not {"Username", "AccessKeyId"} & set(events[0])


def test_shows_only_the_caller_s_account_and_region(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(record(1, name="Ours"))
    cloudtrail.trail.later(record(2, name="Theirs", account="4" * 12))
    cloudtrail.trail.later(record(3, name="Elsewhere", region="us-east-1"))
    assert names(cloudtrail("LookupEvents")) == ["Ours"]
    assert names(cloudtrail("LookupEvents", account="4" * 12)) == ["Theirs"]
    assert names(cloudtrail("LookupEvents", region="us-east-1")) == ["Elsewhere"]


def test_looks_up_by_one_attribute(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(record(1, name="GetRole", username="alice"))
    cloudtrail.trail.later(record(2, name="CreateRole", username="bob", read_only=False))

    def by(key: str, value: str) -> list[str]:
        attributes = [{"AttributeKey": key, "AttributeValue": value}]
        return names(cloudtrail("LookupEvents", {"LookupAttributes": attributes}))

    assert by("Username", "bob") == ["CreateRole"]
    assert by("EventName", "GetRole") == ["GetRole"]
    assert by("ReadOnly", "true") == by("ReadOnly", "True") == ["GetRole"]
    assert by("EventId", record(2).id) == ["CreateRole"]
    assert by("EventSource", "sts.amazonaws.com") == []


@pytest.mark.parametrize(
    "attributes",
    [
        [
            {"AttributeKey": "Username", "AttributeValue": "a"},
            {"AttributeKey": "EventId", "AttributeValue": "b"},
        ],
        [{"AttributeKey": "Color", "AttributeValue": "red"}],
        [{"AttributeKey": "ReadOnly", "AttributeValue": "maybe"}],
        [{"AttributeKey": "Username", "AttributeValue": ""}],
    ],
)
def test_refuses_other_attributes(cloudtrail: Endpoint, attributes: list[Members]) -> None:
    error = cloudtrail.refused("LookupEvents", {"LookupAttributes": attributes})
    assert error.code == "InvalidLookupAttributesException"


def test_a_range_includes_both_its_seconds(cloudtrail: Endpoint) -> None:
    for number in range(5):
        time = NOON - timedelta(seconds=number) + timedelta(milliseconds=700)
        cloudtrail.trail.later(record(number, name=f"N{number}", time=time))
    given = {"StartTime": NOON - timedelta(seconds=3), "EndTime": NOON - timedelta(seconds=1)}
    assert names(cloudtrail("LookupEvents", given)) == ["N3", "N2", "N1"]  # as recorded, newest last here
    given = {"StartTime": NOON, "EndTime": NOON}
    assert names(cloudtrail("LookupEvents", given)) == ["N0"]


def test_the_history_goes_back_ninety_days(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(record(1, name="TooOld", time=NOON - timedelta(days=90, seconds=1)))
    cloudtrail.trail.later(record(2, name="JustIn", time=NOON - timedelta(days=90)))
    assert names(cloudtrail("LookupEvents")) == ["JustIn"]
    assert names(cloudtrail("LookupEvents", {"StartTime": NOON - timedelta(days=365)})) == ["JustIn"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"StartTime": NOON, "EndTime": NOON - timedelta(seconds=1)}, "InvalidTimeRangeException"),
        ({"StartTime": NOON + timedelta(seconds=1)}, "InvalidTimeRangeException"),
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"EventCategory": "data"}, "InvalidEventCategoryException"),
        ({"NextToken": "nonsense"}, "InvalidNextTokenException"),
        ({"NextToken": "é"}, "InvalidNextTokenException"),
        ({"NextToken": base64.urlsafe_b64encode(b"x" * 24).decode()}, "InvalidNextTokenException"),
    ],
)
def test_refuses_what_makes_no_question(cloudtrail: Endpoint, given: Members, code: str) -> None:
    assert cloudtrail.refused("LookupEvents", given).code == code


def test_there_are_no_insights(cloudtrail: Endpoint) -> None:
    cloudtrail.trail.later(record(1))
    assert cloudtrail("LookupEvents", {"EventCategory": "insight"}) == {"Events": []}


def test_pages_from_the_newest_on_whatever_comes_meanwhile(cloudtrail: Endpoint) -> None:
    for number in range(120, 0, -1):
        cloudtrail.trail.later(record(number, name=f"N{number}"))
    question: Members = {"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "alice"}]}
    seen: list[str] = []
    answer = cloudtrail("LookupEvents", question)
    while True:
        seen += names(answer)
        if "NextToken" not in answer:
            break
        cloudtrail.trail.later(record(0, name="Later"))
        cloudtrail.now += timedelta(seconds=5)
        answer = cloudtrail("LookupEvents", question | {"NextToken": answer["NextToken"]})
    assert seen == [f"N{number}" for number in range(1, 121)]


def test_a_full_last_page_has_no_token(cloudtrail: Endpoint) -> None:
    for number in range(3):
        cloudtrail.trail.later(record(number))
    assert "NextToken" not in cloudtrail("LookupEvents", {"MaxResults": 3})
    assert "NextToken" in cloudtrail("LookupEvents", {"MaxResults": 2})


def test_a_token_opens_no_other_question(cloudtrail: Endpoint) -> None:
    for number in range(3):
        cloudtrail.trail.later(record(number))
        cloudtrail.trail.later(record(number, account="4" * 12))
    token = cloudtrail("LookupEvents", {"MaxResults": 1})["NextToken"]
    assert isinstance(token, str)
    assert len(names(cloudtrail("LookupEvents", {"NextToken": token}))) == 2
    other = [{"AttributeKey": "Username", "AttributeValue": "alice"}]
    wrong: list[tuple[Members, str, str]] = [
        ({"NextToken": token, "LookupAttributes": other}, ACCOUNT, "eu-west-1"),
        ({"NextToken": token, "StartTime": NOON - timedelta(days=1)}, ACCOUNT, "eu-west-1"),
        ({"NextToken": token, "EventCategory": "insight"}, ACCOUNT, "eu-west-1"),
        ({"NextToken": token}, "4" * 12, "eu-west-1"),
        ({"NextToken": token}, ACCOUNT, "us-east-1"),
        ({"NextToken": token[:-2] + "A="}, ACCOUNT, "eu-west-1"),
    ]
    for given, account, region in wrong:
        with pytest.raises(ServiceError) as caught:
            cloudtrail("LookupEvents", given, account=account, region=region)
        assert caught.value.code == "InvalidNextTokenException"


# Trails


def test_a_trail_from_its_making_to_its_end(cloudtrail: Endpoint) -> None:
    made = cloudtrail(
        "CreateTrail", {"Name": "monitoring", "S3BucketName": "logs", "IsMultiRegionTrail": True}
    )
    assert made == {
        "Name": "monitoring",
        "S3BucketName": "logs",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "TrailARN": MONITORING,
        "LogFileValidationEnabled": False,
        "IsOrganizationTrail": False,
    }
    described = made | {
        "HomeRegion": "eu-west-1",
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
    }
    assert cloudtrail("GetTrail", {"Name": "monitoring"}) == {"Trail": described}
    assert cloudtrail("GetTrail", {"Name": MONITORING}, region="us-east-1") == {"Trail": described}
    assert cloudtrail("ListTrails", region="us-west-2") == {
        "Trails": [{"TrailARN": MONITORING, "Name": "monitoring", "HomeRegion": "eu-west-1"}]
    }
    changed = cloudtrail(
        "UpdateTrail",
        {"Name": MONITORING, "S3KeyPrefix": "p", "SnsTopicName": "t", "IsMultiRegionTrail": False},
    )
    assert changed == made | {
        "IsMultiRegionTrail": False,
        "S3KeyPrefix": "p",
        "SnsTopicName": "t",
        "SnsTopicARN": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t",
    }
    cloudtrail("DeleteTrail", {"Name": "monitoring"})
    assert cloudtrail("DescribeTrails") == {"trailList": []}
    error = cloudtrail.refused("GetTrail", {"Name": "monitoring"})
    assert error.code == "TrailNotFoundException"
    assert error.message == f"Unknown trail: monitoring for the user: {ACCOUNT}"


def test_trails_outlive_a_restart(cloudtrail: Endpoint) -> None:
    cloudtrail("CreateTrail", {"Name": "monitoring", "S3BucketName": "logs"})
    cloudtrail("StartLogging", {"Name": "monitoring"})
    (trail,) = cloudtrail.directory.everywhere(TrailDefinition)
    cloudtrail.directory.put(trail)
    again = Endpoint(directory=Directory(cloudtrail.directory.commit()))
    assert again("GetTrail", {"Name": "monitoring"}) == cloudtrail("GetTrail", {"Name": "monitoring"})
    assert again("GetTrailStatus", {"Name": "monitoring"})["IsLogging"] is True


def test_a_region_sees_its_own_trails_and_the_shadows_of_others(cloudtrail: Endpoint) -> None:
    cloudtrail("CreateTrail", {"Name": "here", "S3BucketName": "logs"})
    cloudtrail("CreateTrail", {"Name": "there", "S3BucketName": "logs"}, region="us-east-1")
    everywhere = {"Name": "everywhere", "S3BucketName": "logs", "IsMultiRegionTrail": True}
    cloudtrail("CreateTrail", everywhere, region="us-east-1")

    def seen(given: Members) -> list[str]:
        trails = cast("list[Members]", cloudtrail("DescribeTrails", given)["trailList"])
        return [str(trail["Name"]) for trail in trails]

    assert seen({}) == ["here", "everywhere"]
    assert seen({"includeShadowTrails": False}) == ["here"]
    # By their names only those of this region, by their ARNs those of any.
    named: Members = {"trailNameList": ["here", "everywhere", "there", "nowhere"]}
    assert seen(named) == ["here"]
    arns: Members = {
        "trailNameList": [f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{n}" for n in ("there", "x")]
    }
    assert seen(arns) == ["there"]
    assert seen(arns | {"includeShadowTrails": False}) == []
    for read in ("GetTrail", "GetTrailStatus"):
        assert cloudtrail.refused(read, {"Name": "everywhere"}).code == "TrailNotFoundException"
        cloudtrail(read, {"Name": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/everywhere"})
    assert cloudtrail.refused("GetTrail", {"Name": "there"}).code == "TrailNotFoundException"
    for operation in ("StartLogging", "StopLogging", "DeleteTrail", "UpdateTrail"):
        assert cloudtrail.refused(operation, {"Name": "everywhere"}).code == "InvalidHomeRegionException"


def test_logging_starts_and_stops_and_nothing_has_been_delivered(cloudtrail: Endpoint) -> None:
    cloudtrail("CreateTrail", {"Name": "monitoring", "S3BucketName": "logs"})
    assert cloudtrail("GetTrailStatus", {"Name": "monitoring"}) == {
        "IsLogging": False,
        "LatestDeliveryAttemptTime": "",
        "LatestDeliveryAttemptSucceeded": "",
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "TimeLoggingStarted": "",
        "TimeLoggingStopped": "",
    }
    cloudtrail("StartLogging", {"Name": "monitoring"})
    cloudtrail.now += timedelta(hours=1)
    cloudtrail("StartLogging", {"Name": "monitoring"})  # it does already
    status = cloudtrail("GetTrailStatus", {"Name": "monitoring"})
    assert (status["IsLogging"], status["StartLoggingTime"]) == (True, NOON)
    assert status["TimeLoggingStarted"] == "2026-03-14T12:00:00Z"
    cloudtrail("StopLogging", {"Name": "monitoring"})
    status = cloudtrail("GetTrailStatus", {"Name": "monitoring"})
    assert (status["IsLogging"], status["StopLoggingTime"]) == (False, NOON + timedelta(hours=1))
    assert "LatestDeliveryTime" not in status
    assert cloudtrail("ListPublicKeys") == {"PublicKeyList": []}


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"Name": "ab"}, "InvalidTrailNameException", "too short"),
        ({"Name": "a" * 129}, "InvalidTrailNameException", "Specified name length: 129 characters."),
        ({"Name": "-abc"}, "InvalidTrailNameException", "starts with"),
        ({"Name": "abc-"}, "InvalidTrailNameException", "ends with"),
        ({"Name": "a b c"}, "InvalidTrailNameException", "can only contain"),
        (
            {"Name": "abc", "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": False},
            "InvalidParameterCombinationException",
            "Multi-Region trail must include global service events.",
        ),
        ({"Name": "abc", "S3BucketName": "Logs"}, "InvalidS3BucketNameException", "Logs"),
        ({"Name": "abc", "S3BucketName": "192.0.2.1"}, "InvalidS3BucketNameException", ""),
        ({"Name": "abc", "S3KeyPrefix": "p" * 201}, "InvalidS3PrefixException", "200"),
        ({"Name": "abc", "SnsTopicName": "a b"}, "InvalidSnsTopicNameException", "a b"),
        ({"Name": "abc", "CloudWatchLogsRoleArn": "r"}, "InvalidCloudWatchLogsLogGroupArnException", ""),
        ({"Name": "abc", "CloudWatchLogsLogGroupArn": "g"}, "InvalidCloudWatchLogsRoleArnException", ""),
        (
            {"Name": "abc", "TagsList": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "InvalidTagParameterException",
            "",
        ),
    ],
)
def test_refuses_a_trail(cloudtrail: Endpoint, given: Members, code: str, text: str) -> None:
    error = cloudtrail.refused("CreateTrail", {"S3BucketName": "logs"} | given)
    assert error.code == code
    assert text in error.message
    assert cloudtrail("ListTrails") == {"Trails": []}


def test_five_trails_a_region_and_each_name_once(cloudtrail: Endpoint) -> None:
    for number in range(5):
        cloudtrail("CreateTrail", {"Name": f"trail{number}", "S3BucketName": "logs"})
    error = cloudtrail.refused("CreateTrail", {"Name": "trail0", "S3BucketName": "logs"})
    assert error.code == "TrailAlreadyExistsException"
    error = cloudtrail.refused("CreateTrail", {"Name": "trail5", "S3BucketName": "logs"})
    assert error.code == "MaximumNumberOfTrailsExceededException"
    assert error.message == f"User: {ACCOUNT} already has 5 trails in eu-west-1."
    cloudtrail("CreateTrail", {"Name": "trail5", "S3BucketName": "logs"}, region="us-east-1")


@pytest.mark.parametrize(
    "name", ["arn:aws:iam::1:role/x", "arn:aws:cloudtrail:eu-west-1:1:channel/x", "arn:x"]
)
def test_refuses_an_arn_that_names_no_trail(cloudtrail: Endpoint, name: str) -> None:
    assert cloudtrail.refused("GetTrail", {"Name": name}).code == "CloudTrailARNInvalidException"


# Selectors and tags


@pytest.fixture
def monitoring(cloudtrail: Endpoint) -> Endpoint:
    cloudtrail("CreateTrail", {"Name": "monitoring", "S3BucketName": "logs"})
    return cloudtrail


WHOLE = {
    "ReadWriteType": "WriteOnly",
    "IncludeManagementEvents": True,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::logs/", "arn:aws:s3"]}],
    "ExcludeManagementEventSources": ["kms.amazonaws.com"],
}
ADVANCED = {
    "Name": "writes",
    "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "readOnly", "Equals": ["false"]},
    ],
}


def test_selectors_replace_one_another(monitoring: Endpoint) -> None:
    unset = monitoring("GetEventSelectors", {"TrailName": "monitoring"})
    assert json.loads(json.dumps(unset))["EventSelectors"] == [
        {
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
    ]
    put = monitoring("PutEventSelectors", {"TrailName": "monitoring", "EventSelectors": [WHOLE]})
    assert put == {"TrailARN": MONITORING, "EventSelectors": [WHOLE]}
    assert monitoring("GetEventSelectors", {"TrailName": MONITORING}) == put
    trail = cast(Members, monitoring("GetTrail", {"Name": "monitoring"})["Trail"])
    assert trail["HasCustomEventSelectors"] is True
    put = monitoring("PutEventSelectors", {"TrailName": "monitoring", "AdvancedEventSelectors": [ADVANCED]})
    assert put == {"TrailARN": MONITORING, "AdvancedEventSelectors": [ADVANCED]}
    assert monitoring("GetEventSelectors", {"TrailName": "monitoring"}) == put


def basic(**members: object) -> Members:
    return {"EventSelectors": [members]}


def advanced(*fields: Members) -> Members:
    return {"AdvancedEventSelectors": [{"FieldSelectors": list(fields)}]}


OBJECTS = [f"arn:aws:s3:::bucket/{number}" for number in range(251)]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "either"),
        ({"EventSelectors": [WHOLE], "AdvancedEventSelectors": [ADVANCED]}, "either"),
        ({"EventSelectors": [WHOLE] * 6}, "up to 5"),
        (basic(ReadWriteType="Some"), "ReadWriteType"),
        (basic(ExcludeManagementEventSources=["iam.amazonaws.com"]), "iam.amazonaws.com"),
        (basic(DataResources=[{"Type": "AWS::SQS::Queue", "Values": ["x"]}]), "AWS::SQS::Queue"),
        (
            basic(DataResources=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::*"]}]),
            "Value arn:aws:s3:::* for DataResources.Values is invalid.",
        ),
        (
            basic(DataResources=[{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda:*"]}]),
            "Value arn:aws:lambda:* for DataResources.Values is invalid.",
        ),
        (
            basic(DataResources=[{"Type": "AWS::S3::Object", "Values": OBJECTS}]),
            "Specify a valid number of DataResources.Values (0 to 250) for all your selectors",
        ),
        (advanced({"Field": "readOnly", "Equals": ["true"]}), "eventCategory"),
        (advanced({"Field": "eventCategory", "Equals": ["Everything"]}), "eventCategory"),
        (advanced({"Field": "eventCategory", "Equals": ["Data"]}), "resources.type"),
        (
            advanced({"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly"}),
            "compared with nothing",
        ),
        (
            advanced(
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "eventName", "Equals": [f"E{n}" for n in range(500)]},
            ),
            "up to 500",
        ),
    ],
)
def test_refuses_selectors(monitoring: Endpoint, given: Members, text: str) -> None:
    error = monitoring.refused("PutEventSelectors", {"TrailName": "monitoring"} | given)
    assert error.code == "InvalidEventSelectorsException"
    assert text in error.message
    trail = cast(Members, monitoring("GetTrail", {"Name": "monitoring"})["Trail"])
    assert trail["HasCustomEventSelectors"] is False


def test_insights_are_wanted_or_not(monitoring: Endpoint) -> None:
    name = {"TrailName": "monitoring"}
    assert monitoring.refused("GetInsightSelectors", name).code == "InsightNotEnabledException"
    wanted = [{"InsightType": "ApiCallRateInsight"}]
    put = monitoring("PutInsightSelectors", name | {"InsightSelectors": wanted})
    assert (
        put == monitoring("GetInsightSelectors", name) == {"TrailARN": MONITORING, "InsightSelectors": wanted}
    )
    monitoring("PutInsightSelectors", name | {"InsightSelectors": []})
    assert monitoring.refused("GetInsightSelectors", name).code == "InsightNotEnabledException"
    given = name | {"InsightSelectors": [{"InsightType": "Weather"}]}
    assert monitoring.refused("PutInsightSelectors", given).code == "InvalidInsightSelectorsException"
    given = {"EventDataStore": "x", "InsightSelectors": wanted}
    assert monitoring.refused("PutInsightSelectors", given).code == "InvalidParameterCombinationException"


def test_trails_carry_tags(monitoring: Endpoint) -> None:
    def tags() -> object:
        answer = monitoring("ListTags", {"ResourceIdList": [MONITORING]})
        (found,) = cast("list[Members]", answer["ResourceTagList"])
        assert found["ResourceId"] == MONITORING
        return found["TagsList"]

    assert tags() == []
    given = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    monitoring("AddTags", {"ResourceId": MONITORING, "TagsList": given})
    monitoring("AddTags", {"ResourceId": MONITORING, "TagsList": [{"Key": "a"}]})
    assert tags() == [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]
    monitoring("RemoveTags", {"ResourceId": MONITORING, "TagsList": [{"Key": "b", "Value": "other"}]})
    assert tags() == [{"Key": "a", "Value": ""}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    error = monitoring.refused("AddTags", {"ResourceId": MONITORING, "TagsList": many})
    assert error.code == "TagsLimitExceededException"
    error = monitoring.refused("ListTags", {"ResourceIdList": [MONITORING + "x"]})
    assert error.code == "ResourceNotFoundException"
    assert (
        monitoring.refused("ListTags", {"ResourceIdList": ["monitoring"]}).code
        == "CloudTrailARNInvalidException"
    )


# CloudTrail Lake


def test_every_operation_is_answered_or_refused_with_a_reason(cloudtrail: Endpoint) -> None:
    assert {name for service, name in OPERATIONS if service == "cloudtrail"} >= {
        *models.service("cloudtrail").operations
    }
    with pytest.raises(ServiceError, match="CloudTrail Lake") as caught:
        cloudtrail("CreateEventDataStore", {"Name": "lake"})
    assert caught.value.status == 501


def test_there_are_no_event_data_stores(cloudtrail: Endpoint) -> None:
    assert cloudtrail("ListEventDataStores") == {"EventDataStores": []}
    assert cloudtrail("ListChannels") == {"Channels": []}
    error = cloudtrail.refused("GetEventDataStore", {"EventDataStore": "lake"})
    assert (error.code, error.message) == ("EventDataStoreNotFoundException", "lake does not exist.")
    assert cloudtrail.refused("GetQueryResults", {"QueryId": "q"}).code == "QueryIdNotFoundException"
    assert cloudtrail.refused("DescribeQuery", {}).code == "QueryIdNotFoundException"
