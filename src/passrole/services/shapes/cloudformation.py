"""Inputs and outputs of CloudFormation. Written by tools/shapes.py from botocore's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypeAlias, TypedDict


class AccountGateResult(TypedDict):
    Status: NotRequired[str]
    StatusReason: NotRequired[str]


class AccountLimit(TypedDict):
    Name: NotRequired[str]
    Value: NotRequired[int]


class ActivateOrganizationsAccessInput(TypedDict):
    """No members."""


class ActivateOrganizationsAccessOutput(TypedDict):
    """No members."""


class ActivateTypeInput(TypedDict):
    Type: NotRequired[str]
    PublicTypeArn: NotRequired[str]
    PublisherId: NotRequired[str]
    TypeName: NotRequired[str]
    TypeNameAlias: NotRequired[str]
    AutoUpdate: NotRequired[bool]
    LoggingConfig: NotRequired[_LoggingConfig]
    ExecutionRoleArn: NotRequired[str]
    VersionBump: NotRequired[str]
    MajorVersion: NotRequired[int]


class ActivateTypeOutput(TypedDict):
    Arn: NotRequired[str]


class Annotation(TypedDict):
    AnnotationName: NotRequired[str]
    Status: NotRequired[str]
    StatusMessage: NotRequired[str]
    RemediationMessage: NotRequired[str]
    RemediationLink: NotRequired[str]
    SeverityLevel: NotRequired[str]


class AutoDeployment(TypedDict):
    Enabled: NotRequired[bool]
    RetainStacksOnAccountRemoval: NotRequired[bool]
    DependsOn: NotRequired[Sequence[str]]


class BatchDescribeTypeConfigurationsError(TypedDict):
    ErrorCode: NotRequired[str]
    ErrorMessage: NotRequired[str]
    TypeConfigurationIdentifier: NotRequired[_TypeConfigurationIdentifier]


class BatchDescribeTypeConfigurationsInput(TypedDict):
    TypeConfigurationIdentifiers: Sequence[_TypeConfigurationIdentifier]


class BatchDescribeTypeConfigurationsOutput(TypedDict):
    Errors: NotRequired[Sequence[BatchDescribeTypeConfigurationsError]]
    UnprocessedTypeConfigurations: NotRequired[Sequence[_TypeConfigurationIdentifier]]
    TypeConfigurations: NotRequired[Sequence[TypeConfigurationDetails]]


class CancelUpdateStackInput(TypedDict):
    StackName: str
    ClientRequestToken: NotRequired[str]


class Change(TypedDict):
    Type: NotRequired[str]
    HookInvocationCount: NotRequired[int]
    ResourceChange: NotRequired[_ResourceChange]


class ChangeSetHook(TypedDict):
    InvocationPoint: NotRequired[str]
    FailureMode: NotRequired[str]
    TypeName: NotRequired[str]
    TypeVersionId: NotRequired[str]
    TypeConfigurationVersionId: NotRequired[str]
    TargetDetails: NotRequired[ChangeSetHookTargetDetails]


class ChangeSetHookResourceTargetDetails(TypedDict):
    LogicalResourceId: NotRequired[str]
    ResourceType: NotRequired[str]
    ResourceAction: NotRequired[str]


class ChangeSetHookTargetDetails(TypedDict):
    TargetType: NotRequired[str]
    ResourceTargetDetails: NotRequired[ChangeSetHookResourceTargetDetails]


class ChangeSetSummary(TypedDict):
    StackId: NotRequired[str]
    StackName: NotRequired[str]
    ChangeSetId: NotRequired[str]
    ChangeSetName: NotRequired[str]
    ExecutionStatus: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    CreationTime: NotRequired[datetime]
    Description: NotRequired[str]
    IncludeNestedStacks: NotRequired[bool]
    ParentChangeSetId: NotRequired[str]
    RootChangeSetId: NotRequired[str]
    ImportExistingResources: NotRequired[bool]


class ContinueUpdateRollbackInput(TypedDict):
    StackName: str
    RoleARN: NotRequired[str]
    ResourcesToSkip: NotRequired[Sequence[str]]
    ClientRequestToken: NotRequired[str]
    ForceRollback: NotRequired[bool]


class ContinueUpdateRollbackOutput(TypedDict):
    """No members."""


class CreateChangeSetInput(TypedDict):
    StackName: str
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    UsePreviousTemplate: NotRequired[bool]
    Parameters: NotRequired[Sequence[Parameter]]
    Capabilities: NotRequired[Sequence[str]]
    ResourceTypes: NotRequired[Sequence[str]]
    RoleARN: NotRequired[str]
    RollbackConfiguration: NotRequired[_RollbackConfiguration]
    NotificationARNs: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    ChangeSetName: str
    ClientToken: NotRequired[str]
    Description: NotRequired[str]
    ChangeSetType: NotRequired[str]
    ResourcesToImport: NotRequired[Sequence[ResourceToImport]]
    IncludeNestedStacks: NotRequired[bool]
    OnStackFailure: NotRequired[str]
    ImportExistingResources: NotRequired[bool]
    DeploymentMode: NotRequired[str]
    DeploymentConfig: NotRequired[_DeploymentConfig]
    DisableValidation: NotRequired[bool]


class CreateChangeSetOutput(TypedDict):
    Id: NotRequired[str]
    StackId: NotRequired[str]


class CreateGeneratedTemplateInput(TypedDict):
    Resources: NotRequired[Sequence[ResourceDefinition]]
    GeneratedTemplateName: str
    StackName: NotRequired[str]
    TemplateConfiguration: NotRequired[_TemplateConfiguration]


class CreateGeneratedTemplateOutput(TypedDict):
    GeneratedTemplateId: NotRequired[str]


class CreateStackInput(TypedDict):
    StackName: str
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    DisableRollback: NotRequired[bool]
    RollbackConfiguration: NotRequired[_RollbackConfiguration]
    TimeoutInMinutes: NotRequired[int]
    NotificationARNs: NotRequired[Sequence[str]]
    Capabilities: NotRequired[Sequence[str]]
    ResourceTypes: NotRequired[Sequence[str]]
    RoleARN: NotRequired[str]
    OnFailure: NotRequired[str]
    StackPolicyBody: NotRequired[str]
    StackPolicyURL: NotRequired[str]
    Tags: NotRequired[Sequence[Tag]]
    ClientRequestToken: NotRequired[str]
    EnableTerminationProtection: NotRequired[bool]
    RetainExceptOnCreate: NotRequired[bool]
    DeploymentConfig: NotRequired[_DeploymentConfig]
    DisableValidation: NotRequired[bool]


class CreateStackInstancesInput(TypedDict):
    StackSetName: str
    Accounts: NotRequired[Sequence[str]]
    DeploymentTargets: NotRequired[_DeploymentTargets]
    Regions: Sequence[str]
    ParameterOverrides: NotRequired[Sequence[Parameter]]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    OperationId: NotRequired[str]
    CallAs: NotRequired[str]


class CreateStackInstancesOutput(TypedDict):
    OperationId: NotRequired[str]


class CreateStackOutput(TypedDict):
    StackId: NotRequired[str]
    OperationId: NotRequired[str]


class CreateStackRefactorInput(TypedDict):
    Description: NotRequired[str]
    EnableStackCreation: NotRequired[bool]
    ResourceMappings: NotRequired[Sequence[_ResourceMapping]]
    StackDefinitions: Sequence[StackDefinition]


class CreateStackRefactorOutput(TypedDict):
    StackRefactorId: str


class CreateStackSetInput(TypedDict):
    StackSetName: str
    Description: NotRequired[str]
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    StackId: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    Capabilities: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    AdministrationRoleARN: NotRequired[str]
    ExecutionRoleName: NotRequired[str]
    PermissionModel: NotRequired[str]
    AutoDeployment: NotRequired[_AutoDeployment]
    CallAs: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    ManagedExecution: NotRequired[_ManagedExecution]


class CreateStackSetOutput(TypedDict):
    StackSetId: NotRequired[str]


class DeactivateOrganizationsAccessInput(TypedDict):
    """No members."""


class DeactivateOrganizationsAccessOutput(TypedDict):
    """No members."""


class DeactivateTypeInput(TypedDict):
    TypeName: NotRequired[str]
    Type: NotRequired[str]
    Arn: NotRequired[str]


class DeactivateTypeOutput(TypedDict):
    """No members."""


class DeleteChangeSetInput(TypedDict):
    ChangeSetName: str
    StackName: NotRequired[str]


class DeleteChangeSetOutput(TypedDict):
    """No members."""


class DeleteGeneratedTemplateInput(TypedDict):
    GeneratedTemplateName: str


class DeleteStackInput(TypedDict):
    StackName: str
    RetainResources: NotRequired[Sequence[str]]
    RoleARN: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    DeletionMode: NotRequired[str]
    DeploymentConfig: NotRequired[_DeploymentConfig]


class DeleteStackInstancesInput(TypedDict):
    StackSetName: str
    Accounts: NotRequired[Sequence[str]]
    DeploymentTargets: NotRequired[_DeploymentTargets]
    Regions: Sequence[str]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    RetainStacks: bool
    OperationId: NotRequired[str]
    CallAs: NotRequired[str]


class DeleteStackInstancesOutput(TypedDict):
    OperationId: NotRequired[str]


class DeleteStackSetInput(TypedDict):
    StackSetName: str
    CallAs: NotRequired[str]


class DeleteStackSetOutput(TypedDict):
    """No members."""


class DeploymentConfig(TypedDict):
    Mode: NotRequired[str]
    DisableRollback: NotRequired[bool]


class DeploymentTargets(TypedDict):
    Accounts: NotRequired[Sequence[str]]
    AccountsUrl: NotRequired[str]
    OrganizationalUnitIds: NotRequired[Sequence[str]]
    AccountFilterType: NotRequired[str]


class DeregisterTypeInput(TypedDict):
    Arn: NotRequired[str]
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    VersionId: NotRequired[str]


class DeregisterTypeOutput(TypedDict):
    """No members."""


class DescribeAccountLimitsInput(TypedDict):
    NextToken: NotRequired[str]


class DescribeAccountLimitsOutput(TypedDict):
    AccountLimits: NotRequired[Sequence[AccountLimit]]
    NextToken: NotRequired[str]


class DescribeChangeSetHooksInput(TypedDict):
    ChangeSetName: str
    StackName: NotRequired[str]
    NextToken: NotRequired[str]
    LogicalResourceId: NotRequired[str]


class DescribeChangeSetHooksOutput(TypedDict):
    ChangeSetId: NotRequired[str]
    ChangeSetName: NotRequired[str]
    Hooks: NotRequired[Sequence[ChangeSetHook]]
    Status: NotRequired[str]
    NextToken: NotRequired[str]
    StackId: NotRequired[str]
    StackName: NotRequired[str]


class DescribeChangeSetInput(TypedDict):
    ChangeSetName: str
    StackName: NotRequired[str]
    NextToken: NotRequired[str]
    IncludePropertyValues: NotRequired[bool]


class DescribeChangeSetOutput(TypedDict):
    ChangeSetName: NotRequired[str]
    ChangeSetId: NotRequired[str]
    StackId: NotRequired[str]
    StackName: NotRequired[str]
    Description: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    CreationTime: NotRequired[datetime]
    ExecutionStatus: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    StackDriftStatus: NotRequired[str]
    NotificationARNs: NotRequired[Sequence[str]]
    RollbackConfiguration: NotRequired[_RollbackConfiguration]
    Capabilities: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    Changes: NotRequired[Sequence[Change]]
    NextToken: NotRequired[str]
    IncludeNestedStacks: NotRequired[bool]
    ParentChangeSetId: NotRequired[str]
    RootChangeSetId: NotRequired[str]
    OnStackFailure: NotRequired[str]
    ImportExistingResources: NotRequired[bool]
    DeploymentMode: NotRequired[str]
    DeploymentConfig: NotRequired[_DeploymentConfig]


class DescribeEventsInput(TypedDict):
    StackName: NotRequired[str]
    ChangeSetName: NotRequired[str]
    OperationId: NotRequired[str]
    Filters: NotRequired[EventFilter]
    NextToken: NotRequired[str]


class DescribeEventsOutput(TypedDict):
    OperationEvents: NotRequired[Sequence[OperationEvent]]
    NextToken: NotRequired[str]


class DescribeGeneratedTemplateInput(TypedDict):
    GeneratedTemplateName: str


class DescribeGeneratedTemplateOutput(TypedDict):
    GeneratedTemplateId: NotRequired[str]
    GeneratedTemplateName: NotRequired[str]
    Resources: NotRequired[Sequence[ResourceDetail]]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    CreationTime: NotRequired[datetime]
    LastUpdatedTime: NotRequired[datetime]
    Progress: NotRequired[TemplateProgress]
    StackId: NotRequired[str]
    TemplateConfiguration: NotRequired[_TemplateConfiguration]
    TotalWarnings: NotRequired[int]


class DescribeOrganizationsAccessInput(TypedDict):
    CallAs: NotRequired[str]


class DescribeOrganizationsAccessOutput(TypedDict):
    Status: NotRequired[str]


class DescribePublisherInput(TypedDict):
    PublisherId: NotRequired[str]


class DescribePublisherOutput(TypedDict):
    PublisherId: NotRequired[str]
    PublisherStatus: NotRequired[str]
    IdentityProvider: NotRequired[str]
    PublisherProfile: NotRequired[str]


class DescribeResourceScanInput(TypedDict):
    ResourceScanId: str


class DescribeResourceScanOutput(TypedDict):
    ResourceScanId: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    StartTime: NotRequired[datetime]
    EndTime: NotRequired[datetime]
    PercentageCompleted: NotRequired[float]
    ResourceTypes: NotRequired[Sequence[str]]
    ResourcesScanned: NotRequired[int]
    ResourcesRead: NotRequired[int]
    ScanFilters: NotRequired[Sequence[ScanFilter]]


class DescribeStackDriftDetectionStatusInput(TypedDict):
    StackDriftDetectionId: str


class DescribeStackDriftDetectionStatusOutput(TypedDict):
    StackId: str
    StackDriftDetectionId: str
    StackDriftStatus: NotRequired[str]
    DetectionStatus: str
    DetectionStatusReason: NotRequired[str]
    DriftedStackResourceCount: NotRequired[int]
    Timestamp: datetime


class DescribeStackEventsInput(TypedDict):
    StackName: str
    NextToken: NotRequired[str]


class DescribeStackEventsOutput(TypedDict):
    StackEvents: NotRequired[Sequence[StackEvent]]
    NextToken: NotRequired[str]


class DescribeStackInstanceInput(TypedDict):
    StackSetName: str
    StackInstanceAccount: str
    StackInstanceRegion: str
    CallAs: NotRequired[str]


class DescribeStackInstanceOutput(TypedDict):
    StackInstance: NotRequired[_StackInstance]


class DescribeStackRefactorInput(TypedDict):
    StackRefactorId: str


class DescribeStackRefactorOutput(TypedDict):
    Description: NotRequired[str]
    StackRefactorId: NotRequired[str]
    StackIds: NotRequired[Sequence[str]]
    ExecutionStatus: NotRequired[str]
    ExecutionStatusReason: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]


class DescribeStackResourceDriftsInput(TypedDict):
    StackName: str
    StackResourceDriftStatusFilters: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class DescribeStackResourceDriftsOutput(TypedDict):
    StackResourceDrifts: Sequence[_StackResourceDrift]
    NextToken: NotRequired[str]


class DescribeStackResourceInput(TypedDict):
    StackName: str
    LogicalResourceId: str


class DescribeStackResourceOutput(TypedDict):
    StackResourceDetail: NotRequired[_StackResourceDetail]


class DescribeStackResourcesInput(TypedDict):
    StackName: NotRequired[str]
    LogicalResourceId: NotRequired[str]
    PhysicalResourceId: NotRequired[str]


class DescribeStackResourcesOutput(TypedDict):
    StackResources: NotRequired[Sequence[StackResource]]


class DescribeStackSetInput(TypedDict):
    StackSetName: str
    CallAs: NotRequired[str]


class DescribeStackSetOperationInput(TypedDict):
    StackSetName: str
    OperationId: str
    CallAs: NotRequired[str]


class DescribeStackSetOperationOutput(TypedDict):
    StackSetOperation: NotRequired[_StackSetOperation]


class DescribeStackSetOutput(TypedDict):
    StackSet: NotRequired[_StackSet]


class DescribeStacksInput(TypedDict):
    StackName: NotRequired[str]
    NextToken: NotRequired[str]


class DescribeStacksOutput(TypedDict):
    Stacks: NotRequired[Sequence[Stack]]
    NextToken: NotRequired[str]


class DescribeTypeInput(TypedDict):
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    Arn: NotRequired[str]
    VersionId: NotRequired[str]
    PublisherId: NotRequired[str]
    PublicVersionNumber: NotRequired[str]


class DescribeTypeOutput(TypedDict):
    Arn: NotRequired[str]
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    DefaultVersionId: NotRequired[str]
    IsDefaultVersion: NotRequired[bool]
    TypeTestsStatus: NotRequired[str]
    TypeTestsStatusDescription: NotRequired[str]
    Description: NotRequired[str]
    Schema: NotRequired[str]
    ProvisioningType: NotRequired[str]
    DeprecatedStatus: NotRequired[str]
    LoggingConfig: NotRequired[_LoggingConfig]
    RequiredActivatedTypes: NotRequired[Sequence[RequiredActivatedType]]
    ExecutionRoleArn: NotRequired[str]
    Visibility: NotRequired[str]
    SourceUrl: NotRequired[str]
    DocumentationUrl: NotRequired[str]
    LastUpdated: NotRequired[datetime]
    TimeCreated: NotRequired[datetime]
    ConfigurationSchema: NotRequired[str]
    PublisherId: NotRequired[str]
    OriginalTypeName: NotRequired[str]
    OriginalTypeArn: NotRequired[str]
    PublicVersionNumber: NotRequired[str]
    LatestPublicVersion: NotRequired[str]
    IsActivated: NotRequired[bool]
    AutoUpdate: NotRequired[bool]


class DescribeTypeRegistrationInput(TypedDict):
    RegistrationToken: str


class DescribeTypeRegistrationOutput(TypedDict):
    ProgressStatus: NotRequired[str]
    Description: NotRequired[str]
    TypeArn: NotRequired[str]
    TypeVersionArn: NotRequired[str]


class DetectStackDriftInput(TypedDict):
    StackName: str
    LogicalResourceIds: NotRequired[Sequence[str]]


class DetectStackDriftOutput(TypedDict):
    StackDriftDetectionId: str


class DetectStackResourceDriftInput(TypedDict):
    StackName: str
    LogicalResourceId: str


class DetectStackResourceDriftOutput(TypedDict):
    StackResourceDrift: _StackResourceDrift


class DetectStackSetDriftInput(TypedDict):
    StackSetName: str
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    OperationId: NotRequired[str]
    CallAs: NotRequired[str]


class DetectStackSetDriftOutput(TypedDict):
    OperationId: NotRequired[str]


class EstimateTemplateCostInput(TypedDict):
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]


class EstimateTemplateCostOutput(TypedDict):
    Url: NotRequired[str]


class EventFilter(TypedDict):
    FailedEvents: NotRequired[bool]


class ExecuteChangeSetInput(TypedDict):
    ChangeSetName: str
    StackName: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    DisableRollback: NotRequired[bool]
    RetainExceptOnCreate: NotRequired[bool]


class ExecuteChangeSetOutput(TypedDict):
    """No members."""


class ExecuteStackRefactorInput(TypedDict):
    StackRefactorId: str


class Export(TypedDict):
    ExportingStackId: NotRequired[str]
    Name: NotRequired[str]
    Value: NotRequired[str]


class GetGeneratedTemplateInput(TypedDict):
    Format: NotRequired[str]
    GeneratedTemplateName: str


class GetGeneratedTemplateOutput(TypedDict):
    Status: NotRequired[str]
    TemplateBody: NotRequired[str]


class GetHookResultInput(TypedDict):
    HookResultId: NotRequired[str]


class GetHookResultOutput(TypedDict):
    HookResultId: NotRequired[str]
    InvocationPoint: NotRequired[str]
    FailureMode: NotRequired[str]
    TypeName: NotRequired[str]
    OriginalTypeName: NotRequired[str]
    TypeVersionId: NotRequired[str]
    TypeConfigurationVersionId: NotRequired[str]
    TypeArn: NotRequired[str]
    Status: NotRequired[str]
    HookStatusReason: NotRequired[str]
    InvokedAt: NotRequired[datetime]
    Target: NotRequired[HookTarget]
    Annotations: NotRequired[Sequence[Annotation]]


class GetStackPolicyInput(TypedDict):
    StackName: str


class GetStackPolicyOutput(TypedDict):
    StackPolicyBody: NotRequired[str]


class GetTemplateInput(TypedDict):
    StackName: NotRequired[str]
    ChangeSetName: NotRequired[str]
    TemplateStage: NotRequired[str]


class GetTemplateOutput(TypedDict):
    TemplateBody: NotRequired[str]
    StagesAvailable: NotRequired[Sequence[str]]


class GetTemplateSummaryInput(TypedDict):
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    StackName: NotRequired[str]
    StackSetName: NotRequired[str]
    CallAs: NotRequired[str]
    TemplateSummaryConfig: NotRequired[_TemplateSummaryConfig]


class GetTemplateSummaryOutput(TypedDict):
    Parameters: NotRequired[Sequence[ParameterDeclaration]]
    Description: NotRequired[str]
    Capabilities: NotRequired[Sequence[str]]
    CapabilitiesReason: NotRequired[str]
    ResourceTypes: NotRequired[Sequence[str]]
    Version: NotRequired[str]
    Metadata: NotRequired[str]
    DeclaredTransforms: NotRequired[Sequence[str]]
    ResourceIdentifierSummaries: NotRequired[Sequence[ResourceIdentifierSummary]]
    Warnings: NotRequired[_Warnings]


class HookResultSummary(TypedDict):
    HookResultId: NotRequired[str]
    InvocationPoint: NotRequired[str]
    FailureMode: NotRequired[str]
    TypeName: NotRequired[str]
    TypeVersionId: NotRequired[str]
    TypeConfigurationVersionId: NotRequired[str]
    Status: NotRequired[str]
    HookStatusReason: NotRequired[str]
    InvokedAt: NotRequired[datetime]
    TargetType: NotRequired[str]
    TargetId: NotRequired[str]
    TypeArn: NotRequired[str]
    HookExecutionTarget: NotRequired[str]


class HookTarget(TypedDict):
    TargetType: str
    TargetTypeName: str
    TargetId: str
    Action: str


class ImportStacksToStackSetInput(TypedDict):
    StackSetName: str
    StackIds: NotRequired[Sequence[str]]
    StackIdsUrl: NotRequired[str]
    OrganizationalUnitIds: NotRequired[Sequence[str]]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    OperationId: NotRequired[str]
    CallAs: NotRequired[str]


class ImportStacksToStackSetOutput(TypedDict):
    OperationId: NotRequired[str]


class ListChangeSetsInput(TypedDict):
    StackName: str
    NextToken: NotRequired[str]


class ListChangeSetsOutput(TypedDict):
    Summaries: NotRequired[Sequence[ChangeSetSummary]]
    NextToken: NotRequired[str]


class ListExportsInput(TypedDict):
    NextToken: NotRequired[str]


class ListExportsOutput(TypedDict):
    Exports: NotRequired[Sequence[Export]]
    NextToken: NotRequired[str]


class ListGeneratedTemplatesInput(TypedDict):
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListGeneratedTemplatesOutput(TypedDict):
    Summaries: NotRequired[Sequence[TemplateSummary]]
    NextToken: NotRequired[str]


class ListHookResultsInput(TypedDict):
    TargetType: NotRequired[str]
    TargetId: NotRequired[str]
    TypeArn: NotRequired[str]
    Status: NotRequired[str]
    NextToken: NotRequired[str]


class ListHookResultsOutput(TypedDict):
    TargetType: NotRequired[str]
    TargetId: NotRequired[str]
    HookResults: NotRequired[Sequence[HookResultSummary]]
    NextToken: NotRequired[str]


class ListImportsInput(TypedDict):
    ExportName: str
    NextToken: NotRequired[str]


class ListImportsOutput(TypedDict):
    Imports: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]


class ListResourceScanRelatedResourcesInput(TypedDict):
    ResourceScanId: str
    Resources: Sequence[ScannedResourceIdentifier]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListResourceScanRelatedResourcesOutput(TypedDict):
    RelatedResources: NotRequired[Sequence[ScannedResource]]
    NextToken: NotRequired[str]


class ListResourceScanResourcesInput(TypedDict):
    ResourceScanId: str
    ResourceIdentifier: NotRequired[str]
    ResourceTypePrefix: NotRequired[str]
    TagKey: NotRequired[str]
    TagValue: NotRequired[str]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListResourceScanResourcesOutput(TypedDict):
    Resources: NotRequired[Sequence[ScannedResource]]
    NextToken: NotRequired[str]


class ListResourceScansInput(TypedDict):
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    ScanTypeFilter: NotRequired[str]


class ListResourceScansOutput(TypedDict):
    ResourceScanSummaries: NotRequired[Sequence[ResourceScanSummary]]
    NextToken: NotRequired[str]


class ListStackInstanceResourceDriftsInput(TypedDict):
    StackSetName: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    StackInstanceResourceDriftStatuses: NotRequired[Sequence[str]]
    StackInstanceAccount: str
    StackInstanceRegion: str
    OperationId: str
    CallAs: NotRequired[str]


class ListStackInstanceResourceDriftsOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackInstanceResourceDriftsSummary]]
    NextToken: NotRequired[str]


class ListStackInstancesInput(TypedDict):
    StackSetName: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    Filters: NotRequired[Sequence[StackInstanceFilter]]
    StackInstanceAccount: NotRequired[str]
    StackInstanceRegion: NotRequired[str]
    CallAs: NotRequired[str]


class ListStackInstancesOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackInstanceSummary]]
    NextToken: NotRequired[str]


class ListStackRefactorActionsInput(TypedDict):
    StackRefactorId: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListStackRefactorActionsOutput(TypedDict):
    StackRefactorActions: Sequence[StackRefactorAction]
    NextToken: NotRequired[str]


class ListStackRefactorsInput(TypedDict):
    ExecutionStatusFilter: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListStackRefactorsOutput(TypedDict):
    StackRefactorSummaries: Sequence[StackRefactorSummary]
    NextToken: NotRequired[str]


class ListStackResourcesInput(TypedDict):
    StackName: str
    NextToken: NotRequired[str]


class ListStackResourcesOutput(TypedDict):
    StackResourceSummaries: NotRequired[Sequence[StackResourceSummary]]
    NextToken: NotRequired[str]


class ListStackSetAutoDeploymentTargetsInput(TypedDict):
    StackSetName: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    CallAs: NotRequired[str]


class ListStackSetAutoDeploymentTargetsOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackSetAutoDeploymentTargetSummary]]
    NextToken: NotRequired[str]


class ListStackSetOperationResultsInput(TypedDict):
    StackSetName: str
    OperationId: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    CallAs: NotRequired[str]
    Filters: NotRequired[Sequence[OperationResultFilter]]


class ListStackSetOperationResultsOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackSetOperationResultSummary]]
    NextToken: NotRequired[str]


class ListStackSetOperationsInput(TypedDict):
    StackSetName: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    CallAs: NotRequired[str]


class ListStackSetOperationsOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackSetOperationSummary]]
    NextToken: NotRequired[str]


class ListStackSetsInput(TypedDict):
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    Status: NotRequired[str]
    CallAs: NotRequired[str]


class ListStackSetsOutput(TypedDict):
    Summaries: NotRequired[Sequence[StackSetSummary]]
    NextToken: NotRequired[str]


class ListStacksInput(TypedDict):
    NextToken: NotRequired[str]
    StackStatusFilter: NotRequired[Sequence[str]]


class ListStacksOutput(TypedDict):
    StackSummaries: NotRequired[Sequence[StackSummary]]
    NextToken: NotRequired[str]


class ListTypeRegistrationsInput(TypedDict):
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    TypeArn: NotRequired[str]
    RegistrationStatusFilter: NotRequired[str]
    MaxResults: NotRequired[int]
    NextToken: NotRequired[str]


class ListTypeRegistrationsOutput(TypedDict):
    RegistrationTokenList: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]


class ListTypeVersionsInput(TypedDict):
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    Arn: NotRequired[str]
    MaxResults: NotRequired[int]
    NextToken: NotRequired[str]
    DeprecatedStatus: NotRequired[str]
    PublisherId: NotRequired[str]


class ListTypeVersionsOutput(TypedDict):
    TypeVersionSummaries: NotRequired[Sequence[TypeVersionSummary]]
    NextToken: NotRequired[str]


class ListTypesInput(TypedDict):
    Visibility: NotRequired[str]
    ProvisioningType: NotRequired[str]
    DeprecatedStatus: NotRequired[str]
    Type: NotRequired[str]
    Filters: NotRequired[TypeFilters]
    MaxResults: NotRequired[int]
    NextToken: NotRequired[str]


class ListTypesOutput(TypedDict):
    TypeSummaries: NotRequired[Sequence[TypeSummary]]
    NextToken: NotRequired[str]


class LiveResourceDrift(TypedDict):
    PreviousValue: NotRequired[str]
    ActualValue: NotRequired[str]
    DriftDetectionTimestamp: NotRequired[datetime]


class LoggingConfig(TypedDict):
    LogRoleArn: str
    LogGroupName: str


class ManagedExecution(TypedDict):
    Active: NotRequired[bool]


class ModuleInfo(TypedDict):
    TypeHierarchy: NotRequired[str]
    LogicalIdHierarchy: NotRequired[str]


class OperationEntry(TypedDict):
    OperationType: NotRequired[str]
    OperationId: NotRequired[str]


class OperationEvent(TypedDict):
    EventId: NotRequired[str]
    StackId: NotRequired[str]
    OperationId: NotRequired[str]
    OperationType: NotRequired[str]
    OperationStatus: NotRequired[str]
    EventType: NotRequired[str]
    LogicalResourceId: NotRequired[str]
    PhysicalResourceId: NotRequired[str]
    ResourceType: NotRequired[str]
    Timestamp: NotRequired[datetime]
    StartTime: NotRequired[datetime]
    EndTime: NotRequired[datetime]
    ResourceStatus: NotRequired[str]
    ResourceStatusReason: NotRequired[str]
    ResourceProperties: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    HookType: NotRequired[str]
    HookStatus: NotRequired[str]
    HookStatusReason: NotRequired[str]
    HookInvocationPoint: NotRequired[str]
    HookFailureMode: NotRequired[str]
    DetailedStatus: NotRequired[str]
    ValidationFailureMode: NotRequired[str]
    ValidationName: NotRequired[str]
    ValidationStatus: NotRequired[str]
    ValidationStatusReason: NotRequired[str]
    ValidationPath: NotRequired[str]


class OperationResultFilter(TypedDict):
    Name: NotRequired[str]
    Values: NotRequired[str]


class Output(TypedDict):
    OutputKey: NotRequired[str]
    OutputValue: NotRequired[str]
    Description: NotRequired[str]
    ExportName: NotRequired[str]


class Parameter(TypedDict):
    ParameterKey: NotRequired[str]
    ParameterValue: NotRequired[str]
    UsePreviousValue: NotRequired[bool]
    ResolvedValue: NotRequired[str]


class ParameterConstraints(TypedDict):
    AllowedValues: NotRequired[Sequence[str]]


class ParameterDeclaration(TypedDict):
    ParameterKey: NotRequired[str]
    DefaultValue: NotRequired[str]
    ParameterType: NotRequired[str]
    NoEcho: NotRequired[bool]
    Description: NotRequired[str]
    ParameterConstraints: NotRequired[_ParameterConstraints]


class PhysicalResourceIdContextKeyValuePair(TypedDict):
    Key: str
    Value: str


class PropertyDifference(TypedDict):
    PropertyPath: str
    ExpectedValue: str
    ActualValue: str
    DifferenceType: str


class PublishTypeInput(TypedDict):
    Type: NotRequired[str]
    Arn: NotRequired[str]
    TypeName: NotRequired[str]
    PublicVersionNumber: NotRequired[str]


class PublishTypeOutput(TypedDict):
    PublicTypeArn: NotRequired[str]


class RecordHandlerProgressInput(TypedDict):
    BearerToken: str
    OperationStatus: str
    CurrentOperationStatus: NotRequired[str]
    StatusMessage: NotRequired[str]
    ErrorCode: NotRequired[str]
    ResourceModel: NotRequired[str]
    ClientRequestToken: NotRequired[str]


class RecordHandlerProgressOutput(TypedDict):
    """No members."""


class RegisterPublisherInput(TypedDict):
    AcceptTermsAndConditions: NotRequired[bool]
    ConnectionArn: NotRequired[str]


class RegisterPublisherOutput(TypedDict):
    PublisherId: NotRequired[str]


class RegisterTypeInput(TypedDict):
    Type: NotRequired[str]
    TypeName: str
    SchemaHandlerPackage: str
    LoggingConfig: NotRequired[_LoggingConfig]
    ExecutionRoleArn: NotRequired[str]
    ClientRequestToken: NotRequired[str]


class RegisterTypeOutput(TypedDict):
    RegistrationToken: NotRequired[str]


class RemoveAliasInput(TypedDict):
    AliasName: str


class RequiredActivatedType(TypedDict):
    TypeNameAlias: NotRequired[str]
    OriginalTypeName: NotRequired[str]
    PublisherId: NotRequired[str]
    SupportedMajorVersions: NotRequired[Sequence[int]]


class ResourceChange(TypedDict):
    PolicyAction: NotRequired[str]
    Action: NotRequired[str]
    LogicalResourceId: NotRequired[str]
    PhysicalResourceId: NotRequired[str]
    ResourceType: NotRequired[str]
    Replacement: NotRequired[str]
    Scope: NotRequired[Sequence[str]]
    ResourceDriftStatus: NotRequired[str]
    ResourceDriftIgnoredAttributes: NotRequired[Sequence[ResourceDriftIgnoredAttribute]]
    Details: NotRequired[Sequence[ResourceChangeDetail]]
    ChangeSetId: NotRequired[str]
    ModuleInfo: NotRequired[_ModuleInfo]
    BeforeContext: NotRequired[str]
    AfterContext: NotRequired[str]
    PreviousDeploymentContext: NotRequired[str]


class ResourceChangeDetail(TypedDict):
    Target: NotRequired[ResourceTargetDefinition]
    Evaluation: NotRequired[str]
    ChangeSource: NotRequired[str]
    CausingEntity: NotRequired[str]


class ResourceDefinition(TypedDict):
    ResourceType: str
    LogicalResourceId: NotRequired[str]
    ResourceIdentifier: Mapping[str, str]


class ResourceDetail(TypedDict):
    ResourceType: NotRequired[str]
    LogicalResourceId: NotRequired[str]
    ResourceIdentifier: NotRequired[Mapping[str, str]]
    ResourceStatus: NotRequired[str]
    ResourceStatusReason: NotRequired[str]
    Warnings: NotRequired[Sequence[WarningDetail]]


class ResourceDriftIgnoredAttribute(TypedDict):
    Path: NotRequired[str]
    Reason: NotRequired[str]


class ResourceIdentifierSummary(TypedDict):
    ResourceType: NotRequired[str]
    LogicalResourceIds: NotRequired[Sequence[str]]
    ResourceIdentifiers: NotRequired[Sequence[str]]


class ResourceLocation(TypedDict):
    StackName: str
    LogicalResourceId: str


class ResourceMapping(TypedDict):
    Source: ResourceLocation
    Destination: ResourceLocation


class ResourceScanSummary(TypedDict):
    ResourceScanId: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    StartTime: NotRequired[datetime]
    EndTime: NotRequired[datetime]
    PercentageCompleted: NotRequired[float]
    ScanType: NotRequired[str]


class ResourceTargetDefinition(TypedDict):
    Attribute: NotRequired[str]
    Name: NotRequired[str]
    RequiresRecreation: NotRequired[str]
    Path: NotRequired[str]
    BeforeValue: NotRequired[str]
    AfterValue: NotRequired[str]
    BeforeValueFrom: NotRequired[str]
    AfterValueFrom: NotRequired[str]
    Drift: NotRequired[LiveResourceDrift]
    AttributeChangeType: NotRequired[str]


class ResourceToImport(TypedDict):
    ResourceType: str
    LogicalResourceId: str
    ResourceIdentifier: Mapping[str, str]


class RollbackConfiguration(TypedDict):
    RollbackTriggers: NotRequired[Sequence[RollbackTrigger]]
    MonitoringTimeInMinutes: NotRequired[int]


class RollbackStackInput(TypedDict):
    StackName: str
    RoleARN: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    RetainExceptOnCreate: NotRequired[bool]
    DeploymentConfig: NotRequired[_DeploymentConfig]


class RollbackStackOutput(TypedDict):
    StackId: NotRequired[str]
    OperationId: NotRequired[str]


class RollbackTrigger(TypedDict):
    Arn: str
    Type: str


class ScanFilter(TypedDict):
    Types: NotRequired[Sequence[str]]


class ScannedResource(TypedDict):
    ResourceType: NotRequired[str]
    ResourceIdentifier: NotRequired[Mapping[str, str]]
    ManagedByStack: NotRequired[bool]


class ScannedResourceIdentifier(TypedDict):
    ResourceType: str
    ResourceIdentifier: Mapping[str, str]


class SetAliasInput(TypedDict):
    StackName: str
    AliasName: str


class SetStackPolicyInput(TypedDict):
    StackName: str
    StackPolicyBody: NotRequired[str]
    StackPolicyURL: NotRequired[str]


class SetTypeConfigurationInput(TypedDict):
    TypeArn: NotRequired[str]
    Configuration: str
    ConfigurationAlias: NotRequired[str]
    TypeName: NotRequired[str]
    Type: NotRequired[str]


class SetTypeConfigurationOutput(TypedDict):
    ConfigurationArn: NotRequired[str]


class SetTypeDefaultVersionInput(TypedDict):
    Arn: NotRequired[str]
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    VersionId: NotRequired[str]


class SetTypeDefaultVersionOutput(TypedDict):
    """No members."""


class SignalResourceInput(TypedDict):
    StackName: str
    LogicalResourceId: str
    UniqueId: str
    Status: str


class Stack(TypedDict):
    StackId: NotRequired[str]
    StackName: str
    ChangeSetId: NotRequired[str]
    Description: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    CreationTime: datetime
    DeletionTime: NotRequired[datetime]
    LastUpdatedTime: NotRequired[datetime]
    RollbackConfiguration: NotRequired[_RollbackConfiguration]
    StackStatus: str
    StackStatusReason: NotRequired[str]
    DisableRollback: NotRequired[bool]
    DeploymentConfig: NotRequired[_DeploymentConfig]
    NotificationARNs: NotRequired[Sequence[str]]
    TimeoutInMinutes: NotRequired[int]
    Capabilities: NotRequired[Sequence[str]]
    Outputs: NotRequired[Sequence[Output]]
    RoleARN: NotRequired[str]
    Tags: NotRequired[Sequence[Tag]]
    EnableTerminationProtection: NotRequired[bool]
    ParentId: NotRequired[str]
    RootId: NotRequired[str]
    DriftInformation: NotRequired[StackDriftInformation]
    RetainExceptOnCreate: NotRequired[bool]
    DeletionMode: NotRequired[str]
    DetailedStatus: NotRequired[str]
    LastOperations: NotRequired[Sequence[OperationEntry]]
    AliasName: NotRequired[str]


class StackDefinition(TypedDict):
    StackName: NotRequired[str]
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]


class StackDriftInformation(TypedDict):
    StackDriftStatus: str
    LastCheckTimestamp: NotRequired[datetime]


class StackDriftInformationSummary(TypedDict):
    StackDriftStatus: str
    LastCheckTimestamp: NotRequired[datetime]


class StackEvent(TypedDict):
    StackId: str
    EventId: str
    StackName: str
    OperationId: NotRequired[str]
    LogicalResourceId: NotRequired[str]
    PhysicalResourceId: NotRequired[str]
    ResourceType: NotRequired[str]
    Timestamp: datetime
    ResourceStatus: NotRequired[str]
    ResourceStatusReason: NotRequired[str]
    ResourceProperties: NotRequired[str]
    ClientRequestToken: NotRequired[str]
    HookType: NotRequired[str]
    HookStatus: NotRequired[str]
    HookStatusReason: NotRequired[str]
    HookInvocationPoint: NotRequired[str]
    HookInvocationId: NotRequired[str]
    HookFailureMode: NotRequired[str]
    DetailedStatus: NotRequired[str]


class StackInstance(TypedDict):
    StackSetId: NotRequired[str]
    Region: NotRequired[str]
    Account: NotRequired[str]
    StackId: NotRequired[str]
    ParameterOverrides: NotRequired[Sequence[Parameter]]
    Status: NotRequired[str]
    StackInstanceStatus: NotRequired[StackInstanceComprehensiveStatus]
    StatusReason: NotRequired[str]
    OrganizationalUnitId: NotRequired[str]
    DriftStatus: NotRequired[str]
    LastDriftCheckTimestamp: NotRequired[datetime]
    LastOperationId: NotRequired[str]


class StackInstanceComprehensiveStatus(TypedDict):
    DetailedStatus: NotRequired[str]


class StackInstanceFilter(TypedDict):
    Name: NotRequired[str]
    Values: NotRequired[str]


class StackInstanceResourceDriftsSummary(TypedDict):
    StackId: str
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    PhysicalResourceIdContext: NotRequired[Sequence[PhysicalResourceIdContextKeyValuePair]]
    ResourceType: str
    PropertyDifferences: NotRequired[Sequence[PropertyDifference]]
    StackResourceDriftStatus: str
    Timestamp: datetime


class StackInstanceSummary(TypedDict):
    StackSetId: NotRequired[str]
    Region: NotRequired[str]
    Account: NotRequired[str]
    StackId: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    StackInstanceStatus: NotRequired[StackInstanceComprehensiveStatus]
    OrganizationalUnitId: NotRequired[str]
    DriftStatus: NotRequired[str]
    LastDriftCheckTimestamp: NotRequired[datetime]
    LastOperationId: NotRequired[str]


class StackRefactorAction(TypedDict):
    Action: NotRequired[str]
    Entity: NotRequired[str]
    PhysicalResourceId: NotRequired[str]
    ResourceIdentifier: NotRequired[str]
    Description: NotRequired[str]
    Detection: NotRequired[str]
    DetectionReason: NotRequired[str]
    TagResources: NotRequired[Sequence[Tag]]
    UntagResources: NotRequired[Sequence[str]]
    ResourceMapping: NotRequired[_ResourceMapping]


class StackRefactorSummary(TypedDict):
    StackRefactorId: NotRequired[str]
    Description: NotRequired[str]
    ExecutionStatus: NotRequired[str]
    ExecutionStatusReason: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]


class StackResource(TypedDict):
    StackName: NotRequired[str]
    StackId: NotRequired[str]
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    ResourceType: str
    Timestamp: datetime
    ResourceStatus: str
    ResourceStatusReason: NotRequired[str]
    Description: NotRequired[str]
    DriftInformation: NotRequired[StackResourceDriftInformation]
    ModuleInfo: NotRequired[_ModuleInfo]


class StackResourceDetail(TypedDict):
    StackName: NotRequired[str]
    StackId: NotRequired[str]
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    ResourceType: str
    LastUpdatedTimestamp: datetime
    ResourceStatus: str
    ResourceStatusReason: NotRequired[str]
    Description: NotRequired[str]
    Metadata: NotRequired[str]
    DriftInformation: NotRequired[StackResourceDriftInformation]
    ModuleInfo: NotRequired[_ModuleInfo]


class StackResourceDrift(TypedDict):
    StackId: str
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    PhysicalResourceIdContext: NotRequired[Sequence[PhysicalResourceIdContextKeyValuePair]]
    ResourceType: str
    ExpectedProperties: NotRequired[str]
    ActualProperties: NotRequired[str]
    PropertyDifferences: NotRequired[Sequence[PropertyDifference]]
    StackResourceDriftStatus: str
    Timestamp: datetime
    ModuleInfo: NotRequired[_ModuleInfo]
    DriftStatusReason: NotRequired[str]


class StackResourceDriftInformation(TypedDict):
    StackResourceDriftStatus: str
    LastCheckTimestamp: NotRequired[datetime]


class StackResourceDriftInformationSummary(TypedDict):
    StackResourceDriftStatus: str
    LastCheckTimestamp: NotRequired[datetime]


class StackResourceSummary(TypedDict):
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    ResourceType: str
    LastUpdatedTimestamp: datetime
    ResourceStatus: str
    ResourceStatusReason: NotRequired[str]
    DriftInformation: NotRequired[StackResourceDriftInformationSummary]
    ModuleInfo: NotRequired[_ModuleInfo]


class StackSet(TypedDict):
    StackSetName: NotRequired[str]
    StackSetId: NotRequired[str]
    Description: NotRequired[str]
    Status: NotRequired[str]
    TemplateBody: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    Capabilities: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    StackSetARN: NotRequired[str]
    AdministrationRoleARN: NotRequired[str]
    ExecutionRoleName: NotRequired[str]
    StackSetDriftDetectionDetails: NotRequired[_StackSetDriftDetectionDetails]
    AutoDeployment: NotRequired[_AutoDeployment]
    PermissionModel: NotRequired[str]
    OrganizationalUnitIds: NotRequired[Sequence[str]]
    ManagedExecution: NotRequired[_ManagedExecution]
    Regions: NotRequired[Sequence[str]]


class StackSetAutoDeploymentTargetSummary(TypedDict):
    OrganizationalUnitId: NotRequired[str]
    Regions: NotRequired[Sequence[str]]


class StackSetDriftDetectionDetails(TypedDict):
    DriftStatus: NotRequired[str]
    DriftDetectionStatus: NotRequired[str]
    LastDriftCheckTimestamp: NotRequired[datetime]
    TotalStackInstancesCount: NotRequired[int]
    DriftedStackInstancesCount: NotRequired[int]
    InSyncStackInstancesCount: NotRequired[int]
    InProgressStackInstancesCount: NotRequired[int]
    FailedStackInstancesCount: NotRequired[int]


class StackSetOperation(TypedDict):
    OperationId: NotRequired[str]
    StackSetId: NotRequired[str]
    Action: NotRequired[str]
    Status: NotRequired[str]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    RetainStacks: NotRequired[bool]
    AdministrationRoleARN: NotRequired[str]
    ExecutionRoleName: NotRequired[str]
    CreationTimestamp: NotRequired[datetime]
    EndTimestamp: NotRequired[datetime]
    DeploymentTargets: NotRequired[_DeploymentTargets]
    StackSetDriftDetectionDetails: NotRequired[_StackSetDriftDetectionDetails]
    StatusReason: NotRequired[str]
    StatusDetails: NotRequired[StackSetOperationStatusDetails]


class StackSetOperationPreferences(TypedDict):
    RegionConcurrencyType: NotRequired[str]
    RegionOrder: NotRequired[Sequence[str]]
    FailureToleranceCount: NotRequired[int]
    FailureTolerancePercentage: NotRequired[int]
    MaxConcurrentCount: NotRequired[int]
    MaxConcurrentPercentage: NotRequired[int]
    ConcurrencyMode: NotRequired[str]


class StackSetOperationResultSummary(TypedDict):
    Account: NotRequired[str]
    Region: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    AccountGateResult: NotRequired[_AccountGateResult]
    OrganizationalUnitId: NotRequired[str]


class StackSetOperationStatusDetails(TypedDict):
    FailedStackInstancesCount: NotRequired[int]


class StackSetOperationSummary(TypedDict):
    OperationId: NotRequired[str]
    Action: NotRequired[str]
    Status: NotRequired[str]
    CreationTimestamp: NotRequired[datetime]
    EndTimestamp: NotRequired[datetime]
    StatusReason: NotRequired[str]
    StatusDetails: NotRequired[StackSetOperationStatusDetails]
    OperationPreferences: NotRequired[StackSetOperationPreferences]


class StackSetSummary(TypedDict):
    StackSetName: NotRequired[str]
    StackSetId: NotRequired[str]
    Description: NotRequired[str]
    Status: NotRequired[str]
    AutoDeployment: NotRequired[_AutoDeployment]
    PermissionModel: NotRequired[str]
    DriftStatus: NotRequired[str]
    LastDriftCheckTimestamp: NotRequired[datetime]
    ManagedExecution: NotRequired[_ManagedExecution]


class StackSummary(TypedDict):
    StackId: NotRequired[str]
    StackName: str
    TemplateDescription: NotRequired[str]
    CreationTime: datetime
    LastUpdatedTime: NotRequired[datetime]
    DeletionTime: NotRequired[datetime]
    StackStatus: str
    StackStatusReason: NotRequired[str]
    ParentId: NotRequired[str]
    RootId: NotRequired[str]
    DriftInformation: NotRequired[StackDriftInformationSummary]
    LastOperations: NotRequired[Sequence[OperationEntry]]


class StartResourceScanInput(TypedDict):
    ClientRequestToken: NotRequired[str]
    ScanFilters: NotRequired[Sequence[ScanFilter]]


class StartResourceScanOutput(TypedDict):
    ResourceScanId: NotRequired[str]


class StopStackSetOperationInput(TypedDict):
    StackSetName: str
    OperationId: str
    CallAs: NotRequired[str]


class StopStackSetOperationOutput(TypedDict):
    """No members."""


class Tag(TypedDict):
    Key: str
    Value: str


class TemplateConfiguration(TypedDict):
    DeletionPolicy: NotRequired[str]
    UpdateReplacePolicy: NotRequired[str]


class TemplateParameter(TypedDict):
    ParameterKey: NotRequired[str]
    DefaultValue: NotRequired[str]
    NoEcho: NotRequired[bool]
    Description: NotRequired[str]


class TemplateProgress(TypedDict):
    ResourcesSucceeded: NotRequired[int]
    ResourcesFailed: NotRequired[int]
    ResourcesProcessing: NotRequired[int]
    ResourcesPending: NotRequired[int]


class TemplateSummary(TypedDict):
    GeneratedTemplateId: NotRequired[str]
    GeneratedTemplateName: NotRequired[str]
    Status: NotRequired[str]
    StatusReason: NotRequired[str]
    CreationTime: NotRequired[datetime]
    LastUpdatedTime: NotRequired[datetime]
    NumberOfResources: NotRequired[int]


class TemplateSummaryConfig(TypedDict):
    TreatUnrecognizedResourceTypesAsWarnings: NotRequired[bool]


class TestTypeInput(TypedDict):
    Arn: NotRequired[str]
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    VersionId: NotRequired[str]
    LogDeliveryBucket: NotRequired[str]


class TestTypeOutput(TypedDict):
    TypeVersionArn: NotRequired[str]


class TypeConfigurationDetails(TypedDict):
    Arn: NotRequired[str]
    Alias: NotRequired[str]
    Configuration: NotRequired[str]
    LastUpdated: NotRequired[datetime]
    TypeArn: NotRequired[str]
    TypeName: NotRequired[str]
    IsDefaultConfiguration: NotRequired[bool]


class TypeConfigurationIdentifier(TypedDict):
    TypeArn: NotRequired[str]
    TypeConfigurationAlias: NotRequired[str]
    TypeConfigurationArn: NotRequired[str]
    Type: NotRequired[str]
    TypeName: NotRequired[str]


class TypeFilters(TypedDict):
    Category: NotRequired[str]
    PublisherId: NotRequired[str]
    TypeNamePrefix: NotRequired[str]


class TypeSummary(TypedDict):
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    DefaultVersionId: NotRequired[str]
    TypeArn: NotRequired[str]
    LastUpdated: NotRequired[datetime]
    Description: NotRequired[str]
    PublisherId: NotRequired[str]
    OriginalTypeName: NotRequired[str]
    PublicVersionNumber: NotRequired[str]
    LatestPublicVersion: NotRequired[str]
    PublisherIdentity: NotRequired[str]
    PublisherName: NotRequired[str]
    IsActivated: NotRequired[bool]


class TypeVersionSummary(TypedDict):
    Type: NotRequired[str]
    TypeName: NotRequired[str]
    VersionId: NotRequired[str]
    IsDefaultVersion: NotRequired[bool]
    Arn: NotRequired[str]
    TimeCreated: NotRequired[datetime]
    Description: NotRequired[str]
    PublicVersionNumber: NotRequired[str]


class UpdateGeneratedTemplateInput(TypedDict):
    GeneratedTemplateName: str
    NewGeneratedTemplateName: NotRequired[str]
    AddResources: NotRequired[Sequence[ResourceDefinition]]
    RemoveResources: NotRequired[Sequence[str]]
    RefreshAllResources: NotRequired[bool]
    TemplateConfiguration: NotRequired[_TemplateConfiguration]


class UpdateGeneratedTemplateOutput(TypedDict):
    GeneratedTemplateId: NotRequired[str]


class UpdateStackInput(TypedDict):
    StackName: str
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    UsePreviousTemplate: NotRequired[bool]
    StackPolicyDuringUpdateBody: NotRequired[str]
    StackPolicyDuringUpdateURL: NotRequired[str]
    Parameters: NotRequired[Sequence[Parameter]]
    Capabilities: NotRequired[Sequence[str]]
    ResourceTypes: NotRequired[Sequence[str]]
    RoleARN: NotRequired[str]
    RollbackConfiguration: NotRequired[_RollbackConfiguration]
    StackPolicyBody: NotRequired[str]
    StackPolicyURL: NotRequired[str]
    NotificationARNs: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    DisableRollback: NotRequired[bool]
    ClientRequestToken: NotRequired[str]
    RetainExceptOnCreate: NotRequired[bool]
    DeploymentConfig: NotRequired[_DeploymentConfig]
    DisableValidation: NotRequired[bool]


class UpdateStackInstancesInput(TypedDict):
    StackSetName: str
    Accounts: NotRequired[Sequence[str]]
    DeploymentTargets: NotRequired[_DeploymentTargets]
    Regions: Sequence[str]
    ParameterOverrides: NotRequired[Sequence[Parameter]]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    OperationId: NotRequired[str]
    CallAs: NotRequired[str]


class UpdateStackInstancesOutput(TypedDict):
    OperationId: NotRequired[str]


class UpdateStackOutput(TypedDict):
    StackId: NotRequired[str]
    OperationId: NotRequired[str]


class UpdateStackSetInput(TypedDict):
    StackSetName: str
    Description: NotRequired[str]
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]
    UsePreviousTemplate: NotRequired[bool]
    Parameters: NotRequired[Sequence[Parameter]]
    Capabilities: NotRequired[Sequence[str]]
    Tags: NotRequired[Sequence[Tag]]
    OperationPreferences: NotRequired[StackSetOperationPreferences]
    AdministrationRoleARN: NotRequired[str]
    ExecutionRoleName: NotRequired[str]
    DeploymentTargets: NotRequired[_DeploymentTargets]
    PermissionModel: NotRequired[str]
    AutoDeployment: NotRequired[_AutoDeployment]
    OperationId: NotRequired[str]
    Accounts: NotRequired[Sequence[str]]
    Regions: NotRequired[Sequence[str]]
    CallAs: NotRequired[str]
    ManagedExecution: NotRequired[_ManagedExecution]


class UpdateStackSetOutput(TypedDict):
    OperationId: NotRequired[str]


class UpdateTerminationProtectionInput(TypedDict):
    EnableTerminationProtection: bool
    StackName: str


class UpdateTerminationProtectionOutput(TypedDict):
    StackId: NotRequired[str]


class ValidateTemplateInput(TypedDict):
    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]


class ValidateTemplateOutput(TypedDict):
    Parameters: NotRequired[Sequence[TemplateParameter]]
    Description: NotRequired[str]
    Capabilities: NotRequired[Sequence[str]]
    CapabilitiesReason: NotRequired[str]
    DeclaredTransforms: NotRequired[Sequence[str]]


class WarningDetail(TypedDict):
    Type: NotRequired[str]
    Properties: NotRequired[Sequence[WarningProperty]]


class WarningProperty(TypedDict):
    PropertyPath: NotRequired[str]
    Required: NotRequired[bool]
    Description: NotRequired[str]


class Warnings(TypedDict):
    UnrecognizedResourceTypes: NotRequired[Sequence[str]]


_AccountGateResult: TypeAlias = AccountGateResult
_AutoDeployment: TypeAlias = AutoDeployment
_DeploymentConfig: TypeAlias = DeploymentConfig
_DeploymentTargets: TypeAlias = DeploymentTargets
_LoggingConfig: TypeAlias = LoggingConfig
_ManagedExecution: TypeAlias = ManagedExecution
_ModuleInfo: TypeAlias = ModuleInfo
_ParameterConstraints: TypeAlias = ParameterConstraints
_ResourceChange: TypeAlias = ResourceChange
_ResourceMapping: TypeAlias = ResourceMapping
_RollbackConfiguration: TypeAlias = RollbackConfiguration
_StackInstance: TypeAlias = StackInstance
_StackResourceDetail: TypeAlias = StackResourceDetail
_StackResourceDrift: TypeAlias = StackResourceDrift
_StackSet: TypeAlias = StackSet
_StackSetDriftDetectionDetails: TypeAlias = StackSetDriftDetectionDetails
_StackSetOperation: TypeAlias = StackSetOperation
_TemplateConfiguration: TypeAlias = TemplateConfiguration
_TemplateSummaryConfig: TypeAlias = TemplateSummaryConfig
_TypeConfigurationIdentifier: TypeAlias = TypeConfigurationIdentifier
_Warnings: TypeAlias = Warnings
