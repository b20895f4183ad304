"""What services do with the roles that they are passed, as data: which obey, and what makes them act.

Sources: the services' Developer Guides and API References, on what their roles are for and which operations
start what; names and sources of what is publicly known as in techniques.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.analysis.escalation.techniques import (
    BISHOP,
    CLOUDSPLAINING,
    HACKING,
    PMAPPER,
    PROWLER,
    RHINO,
    Known,
    pathfinding,
)

# What must be there beside the rights, in words.
NEEDS_PROFILE: Final = "an instance profile holds the role, or one can be made to"
NEEDS_TRIGGER: Final = "something else makes the service act"
NEEDS_INSTANCE: Final = "an instance has that profile, or one can be started with it"
NEEDS_ONE: Final = "there is one to change"

# Publicly known ways that begin with iam:PassRole, by the operation that takes the role.
KNOWN_PASSES: Final[Mapping[str, Known]] = {
    "amplify:CreateApp": Known("AmplifyCreateAppPassRole", pathfinding("amplify-001")),
    "apprunner:CreateService": Known(
        "PassExistingRoleToNewAppRunnerService", (CLOUDSPLAINING, PROWLER, *pathfinding("apprunner-001"))
    ),
    "autoscaling:CreateAutoScalingGroup": Known("PassExistingRoleToAutoScaling", (PMAPPER, HACKING)),
    "autoscaling:CreateLaunchConfiguration": Known("PassExistingRoleToAutoScaling", (PMAPPER, HACKING)),
    "autoscaling:UpdateAutoScalingGroup": Known("PassExistingRoleToAutoScaling", (HACKING,)),
    "batch:RegisterJobDefinition": Known(
        "PassRole+BatchRegisterJobDef+SubmitJob", (PROWLER, *pathfinding("batch-001", "batch-003"))
    ),
    "bedrock-agentcore-control:CreateAgentRuntime": Known(
        "PassRole+AgentCoreCreateRuntime+InvokeRuntimeCommand", (PROWLER, *pathfinding("bedrock-003"))
    ),
    "bedrock-agentcore-control:CreateBrowser": Known(
        "PassRole+AgentCoreCreateBrowser+ConnectBrowser", (PROWLER, *pathfinding("bedrock-006"))
    ),
    "bedrock-agentcore-control:CreateCodeInterpreter": Known(
        "PassExistingRoleToNewBedrockCodeInterpreter",
        (CLOUDSPLAINING, PROWLER, *pathfinding("bedrock-001")),
    ),
    "bedrock-agentcore-control:CreateHarness": Known(
        "PassRole+AgentCoreCreateHarness+InvokeRuntimeCommand", (PROWLER, *pathfinding("bedrock-005"))
    ),
    "braket:CreateJob": Known("PassRole+BraketCreateJob", (PROWLER, *pathfinding("braket-001"))),
    "cloudformation:CreateChangeSet": Known("CloudFormationCreateChangeSet", (PMAPPER,)),
    "cloudformation:CreateStack": Known(
        "PassExistingRoleToCloudFormation",
        (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("cloudformation-001")),
    ),
    "cloudformation:CreateStackSet": Known(
        "PassExistingRoleToNewCloudFormationStackSet", (CLOUDSPLAINING, *pathfinding("cloudformation-003"))
    ),
    "cloudformation:UpdateStack": Known("CloudFormationUpdateStack", (BISHOP, PMAPPER)),
    "cloudformation:UpdateStackSet": Known(
        "PassRoleToUpdateCloudFormationStackSet", (CLOUDSPLAINING, *pathfinding("cloudformation-004"))
    ),
    "codebuild:CreateProject": Known(
        "CodeBuildCreateProjectPassRole",
        (BISHOP, PMAPPER, CLOUDSPLAINING, *pathfinding("codebuild-001", "codebuild-004")),
    ),
    "codebuild:UpdateProject": Known("CodeBuildUpdateProjectPassRole", (PMAPPER,)),
    "cognito-identity:SetIdentityPoolRoles": Known(
        "PassRole+CognitoSetIdentityPoolRoles", (PROWLER, *pathfinding("cognitoidentity-001"))
    ),
    "datapipeline:PutPipelineDefinition": Known(
        "PassExistingRoleToNewDataPipeline", (RHINO, BISHOP, HACKING, *pathfinding("datapipeline-001"))
    ),
    "ec2:AssociateIamInstanceProfile": Known("AssociateIamInstanceProfile", (PMAPPER,)),
    "ec2:CreateLaunchTemplate": Known("PassExistingRoleToAutoScaling", (HACKING,)),
    "ec2:RequestSpotInstances": Known(
        "PassExistingRoleToNewEC2SpotInstance", (CLOUDSPLAINING, PROWLER, *pathfinding("ec2-004"))
    ),
    "ec2:RunInstances": Known(
        "CreateEC2WithExistingIP", (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("ec2-001"))
    ),
    "ecs:RegisterTaskDefinition": Known(
        "PassExistingRoleToNewECSTask",
        (
            PMAPPER,
            CLOUDSPLAINING,
            PROWLER,
            *pathfinding("ecs-001", "ecs-002", "ecs-003", "ecs-004", "ecs-005"),
        ),
    ),
    "ecs:RunTask": Known("PassRole+ECS+RunTask", (PROWLER, *pathfinding("ecs-008"))),
    "ecs:StartTask": Known("PassRole+ECS+StartTask", (PROWLER, *pathfinding("ecs-007", "ecs-009"))),
    "emr:RunJobFlow": Known("PassRole+EMRRunJobFlow", (PROWLER, *pathfinding("emr-001"))),
    "emr-serverless:StartJobRun": Known(
        "PassRole+EMRServerlessCreateApp+StartJobRun", (PROWLER, *pathfinding("emrserverless-001"))
    ),
    "gamelift:CreateFleet": Known(
        "PassRole+GameLiftCreateBuild+CreateFleet", (PROWLER, *pathfinding("gamelift-001"))
    ),
    "glue:CreateDevEndpoint": Known(
        "PassExistingRoleToNewGlueDevEndpoint", (RHINO, BISHOP, HACKING, *pathfinding("glue-001"))
    ),
    "glue:CreateJob": Known(
        "PassExistingRoleToNewGlueJob", (RHINO, HACKING, *pathfinding("glue-003", "glue-004"))
    ),
    "glue:CreateSession": Known(
        "PassRole+GlueCreateSession+RunStatement", (PROWLER, *pathfinding("glue-007"))
    ),
    "glue:UpdateJob": Known(
        "PassExistingRoleToExistingGlueJob", (RHINO, HACKING, *pathfinding("glue-005", "glue-006"))
    ),
    "imagebuilder:CreateInfrastructureConfiguration": Known(
        "PassRole+ImageBuilderCreateComponent+CreateImage", (PROWLER, *pathfinding("imagebuilder-001"))
    ),
    "kinesisanalyticsv2:CreateApplication": Known(
        "PassRole+KinesisAnalyticsCreateApp+StartApp", (PROWLER, *pathfinding("kinesisanalytics-001"))
    ),
    "lambda:CreateFunction": Known(
        "PassExistingRoleToNewLambdaThenInvoke",
        (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("lambda-001", "lambda-002", "lambda-006")),
    ),
    "lambda:UpdateFunctionConfiguration": Known("PassExistingRoleToExistingLambda", (PMAPPER,)),
    "omics:StartRun": Known("PassRole+OmicsCreateWorkflow+StartRun", (PROWLER, *pathfinding("omics-001"))),
    "sagemaker:CreateNotebookInstance": Known(
        "SageMakerCreateNotebookPassRole", (RHINO, BISHOP, PMAPPER, *pathfinding("sagemaker-001"))
    ),
    "sagemaker:CreateProcessingJob": Known(
        "SageMakerCreateProcessingJobPassRole", (BISHOP, PMAPPER, *pathfinding("sagemaker-003"))
    ),
    "sagemaker:CreateTrainingJob": Known(
        "SageMakerCreateTrainingJobPassRole", (BISHOP, PMAPPER, *pathfinding("sagemaker-002"))
    ),
    "scheduler:CreateSchedule": Known(
        "PassRole+SchedulerCreateSchedule", (PROWLER, *pathfinding("scheduler-001"))
    ),
    "ssm:StartAutomationExecution": Known(
        "PassRole+SSMCreateDocument+StartAutomation", (PROWLER, *pathfinding("ssm-003"))
    ),
    "stepfunctions:CreateStateMachine": Known(
        "PassRole+StepFunctionsCreateStateMachine+StartExecution",
        (PROWLER, *pathfinding("stepfunctions-001")),
    ),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """What makes the service act once it has the role: all actions of one of ways.

    Who may do none of ways depends on when; () is nobody who may do it by rights alone.
    """

    ways: tuple[tuple[str, ...], ...]
    when: str = NEEDS_TRIGGER


# After an operation that is not here the service acts by itself, or at the next occasion.
TRIGGERS: Final[Mapping[str, Trigger]] = {
    "amplify:CreateApp": Trigger((("amplify:CreateBranch", "amplify:StartJob"),)),
    "appstream:CreateFleet": Trigger((("appstream:CreateStreamingURL",),)),
    "appstream:CreateImageBuilder": Trigger((("appstream:CreateImageBuilderStreamingURL",),)),
    "appsync:CreateDataSource": Trigger((("appsync:CreateResolver",), ("appsync:CreateFunction",))),
    "autoscaling:CreateAutoScalingGroup": Trigger(
        (("autoscaling:CreateLaunchConfiguration",), ("ec2:CreateLaunchTemplate",)),
        "a launch template is one's own",
    ),
    "autoscaling:UpdateAutoScalingGroup": Trigger(
        (("autoscaling:CreateLaunchConfiguration",), ("ec2:CreateLaunchTemplate",)),
        "a launch template is one's own",
    ),
    "autoscaling:CreateLaunchConfiguration": Trigger(
        (("autoscaling:CreateAutoScalingGroup",), ("autoscaling:UpdateAutoScalingGroup",))
    ),
    "batch:RegisterJobDefinition": Trigger((("batch:SubmitJob",),)),
    "bedrock-agentcore-control:CreateAgentRuntime": Trigger(
        (("bedrock-agentcore:InvokeAgentRuntimeCommand",), ("bedrock-agentcore:InvokeAgentRuntime",))
    ),
    "bedrock-agentcore-control:CreateBrowser": Trigger(
        (("bedrock-agentcore:StartBrowserSession", "bedrock-agentcore:ConnectBrowserAutomationStream"),)
    ),
    "bedrock-agentcore-control:CreateCodeInterpreter": Trigger(
        (("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),)
    ),
    "bedrock-agentcore-control:CreateHarness": Trigger(
        (("bedrock-agentcore:InvokeAgentRuntimeCommand",), ("bedrock-agentcore:InvokeHarness",))
    ),
    "cloudformation:CreateChangeSet": Trigger((("cloudformation:ExecuteChangeSet",),)),
    "cloudformation:ActivateType": Trigger((("cloudformation:CreateStack",),)),
    "cloudformation:RegisterType": Trigger((("cloudformation:CreateStack",),)),
    "cloudformation:CreateStackSet": Trigger((("cloudformation:CreateStackInstances",),)),
    "codebuild:CreateProject": Trigger((("codebuild:StartBuild",), ("codebuild:StartBuildBatch",))),
    "codebuild:UpdateProject": Trigger((("codebuild:StartBuild",), ("codebuild:StartBuildBatch",))),
    # The classic flow, which brings no session policy.
    # Source: Amazon Cognito Developer Guide, "Identity pools authentication flow".
    "cognito-identity:SetIdentityPoolRoles": Trigger(
        (), "an identity pool with the basic (classic) flow is one that the trust policy names"
    ),
    "cognito-idp:CreateGroup": Trigger((), "an identity pool chooses the role from the user's token"),
    "datapipeline:PutPipelineDefinition": Trigger(
        (("datapipeline:CreatePipeline", "datapipeline:ActivatePipeline"),)
    ),
    "ec2:CreateLaunchTemplate": Trigger((("ec2:RunInstances",), ("autoscaling:CreateAutoScalingGroup",))),
    "ec2:CreateLaunchTemplateVersion": Trigger(
        (("ec2:RunInstances",), ("autoscaling:UpdateAutoScalingGroup",), ("ec2:ModifyLaunchTemplate",))
    ),
    "ecs:CreateService": Trigger((("ecs:RegisterTaskDefinition",),), "a task definition is one's own"),
    "ecs:RegisterTaskDefinition": Trigger(
        (("ecs:RunTask",), ("ecs:StartTask",), ("ecs:CreateService",), ("ecs:UpdateService",))
    ),
    "ecs:RunTask": Trigger((("ecs:RegisterTaskDefinition",),), "there is a task definition to run"),
    "ecs:StartTask": Trigger((("ecs:RegisterTaskDefinition",),), "there is a task definition to run"),
    "ecs:UpdateService": Trigger((("ecs:RegisterTaskDefinition",),), "a task definition is one's own"),
    "eks:CreateAddon": Trigger((), "an add-on of one's own runs with the role"),
    "eks:CreatePodIdentityAssociation": Trigger((), "the caller can run a pod in the cluster"),
    "emr-containers:StartJobRun": Trigger((), "there is a virtual cluster whose pods have the role"),
    "emr-serverless:StartJobRun": Trigger(
        (("emr-serverless:CreateApplication",),), "there is an application to run jobs"
    ),
    "fis:CreateExperimentTemplate": Trigger((("fis:StartExperiment",),)),
    "gamelift:CreateFleet": Trigger(
        (("gamelift:CreateBuild",), ("gamelift:CreateScript",)), "there is a build or script of one's own"
    ),
    "glue:CreateJob": Trigger((("glue:StartJobRun",), ("glue:CreateTrigger",))),
    "glue:CreateSession": Trigger((("glue:RunStatement",),)),
    "glue:UpdateJob": Trigger((("glue:StartJobRun",), ("glue:CreateTrigger",))),
    "imagebuilder:CreateInfrastructureConfiguration": Trigger(
        (
            ("imagebuilder:CreateComponent", "imagebuilder:CreateImageRecipe", "imagebuilder:CreateImage"),
            (
                "imagebuilder:CreateComponent",
                "imagebuilder:CreateContainerRecipe",
                "imagebuilder:CreateImage",
            ),
        )
    ),
    "iot:CreateRoleAlias": Trigger(
        (("iot:CreateKeysAndCertificate", "iot:CreatePolicy", "iot:AttachPolicy"),),
        "a certificate may assume the role by the alias",
    ),
    "kinesisanalyticsv2:CreateApplication": Trigger((("kinesisanalytics:StartApplication",),)),
    "lambda:CreateFunction": Trigger(
        (
            ("lambda:InvokeFunction",),
            ("lambda:CreateEventSourceMapping",),
            ("lambda:AddPermission",),
            ("lambda:CreateFunctionUrlConfig",),
            ("events:PutRule", "events:PutTargets"),
        )
    ),
    "omics:StartRun": Trigger(
        (("omics:CreateWorkflow",), ("omics:CreateWorkflowVersion",)), "there is a workflow of one's own"
    ),
    "rolesanywhere:CreateProfile": Trigger(
        (("rolesanywhere:CreateTrustAnchor",), ("rolesanywhere:UpdateTrustAnchor",)),
        "a trust anchor takes a certificate of one's own",
    ),
    "sagemaker:CreateModel": Trigger(
        (
            ("sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"),
            ("sagemaker:CreateTransformJob",),
        )
    ),
    "sagemaker:CreateDomain": Trigger(
        (("sagemaker:CreateUserProfile", "sagemaker:CreatePresignedDomainUrl"),)
    ),
    "sagemaker:CreateNotebookInstance": Trigger(
        (
            ("sagemaker:CreatePresignedNotebookInstanceUrl",),
            ("sagemaker:CreateNotebookInstanceLifecycleConfig",),
        )
    ),
    "sagemaker:CreatePipeline": Trigger((("sagemaker:StartPipelineExecution",),)),
    "sagemaker:CreateUserProfile": Trigger((("sagemaker:CreatePresignedDomainUrl",),)),
    "servicecatalog:CreateConstraint": Trigger((("servicecatalog:ProvisionProduct",),)),
    "stepfunctions:CreateStateMachine": Trigger((("states:StartExecution",), ("states:StartSyncExecution",))),
    "stepfunctions:UpdateStateMachine": Trigger((("states:StartExecution",), ("states:StartSyncExecution",))),
    "synthetics:CreateCanary": Trigger((("synthetics:StartCanary",),)),
}

# Verbs of operations that work on what is there already.
_CHANGING: Final = ("Update", "Modify", "Replace", "Reimport", "Associate", "StartInstanceRefresh")
# Operations of other verbs that do.
_ON_EXISTING: Final = frozenset(
    (
        "cloudcontrol:DeleteResource",
        "codebuild:StartBuild",
        "codebuild:StartBuildBatch",
        "ec2:CreateLaunchTemplateVersion",
        "elasticbeanstalk:CreateApplicationVersion",
        "sagemaker:StartPipelineExecution",
    )
)


def changes_existing(operation: str) -> bool:
    """Does the operation (service:Name) need something that is there already?"""
    return operation in _ON_EXISTING or operation.partition(":")[2].startswith(_CHANGING)


# Services that do with a role what their caller says: they run its code, hand it the role's credentials or
# make any call that it describes. Others use a role for their own purposes alone.
AT_WILL: Final = frozenset(
    (
        "airflow-serverless.amazonaws.com",
        "airflow.amazonaws.com",
        "amplify.amazonaws.com",
        "apigateway.amazonaws.com",
        "apprunner.amazonaws.com",
        "appstream.amazonaws.com",
        "appsync.amazonaws.com",
        "batch.amazonaws.com",
        "bedrock-agentcore.amazonaws.com",
        "braket.amazonaws.com",
        "cloudformation.amazonaws.com",
        "codebuild.amazonaws.com",
        "codepipeline.amazonaws.com",
        "cognito-identity.amazonaws.com",
        "credentials.iot.amazonaws.com",
        "datapipeline.amazonaws.com",
        "deadline.amazonaws.com",
        "ec2.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "elasticbeanstalk.amazonaws.com",
        "elasticmapreduce.amazonaws.com",
        "emr-containers.amazonaws.com",
        "emr-serverless.amazonaws.com",
        "fis.amazonaws.com",
        "gamelift.amazonaws.com",
        "glue.amazonaws.com",
        "greengrass.amazonaws.com",
        "imagebuilder.amazonaws.com",
        "kafkaconnect.amazonaws.com",
        "kinesisanalytics.amazonaws.com",
        "lambda.amazonaws.com",
        "omics.amazonaws.com",
        "pods.eks.amazonaws.com",
        "proton.amazonaws.com",
        "resources.cloudformation.amazonaws.com",
        "rolesanywhere.amazonaws.com",
        "sagemaker.amazonaws.com",
        "scheduler.amazonaws.com",
        "servicecatalog.amazonaws.com",
        "ssm.amazonaws.com",
        "states.amazonaws.com",
        "synthetics.amazonaws.com",
    )
)

# Operations that take a role for such a service and give its caller no hold on the role all the same: they
# read, remove, write logs or data, or pass it to a part of the service that acts on its own.
NOT_AT_WILL: Final = frozenset(
    (
        "amplify:CreateDomainAssociation",
        "amplify:UpdateDomainAssociation",
        "apigateway:UpdateAccount",
        "appstream:CreateExportImageTask",
        "appstream:CreateImportedImage",
        "appsync:CreateApi",
        "appsync:CreateGraphqlApi",
        "appsync:UpdateApi",
        "appsync:UpdateGraphqlApi",
        "bedrock-agentcore-control:CreateCapacityProvider",
        "bedrock-agentcore-control:CreateConsentPortal",
        "bedrock-agentcore-control:CreateMemory",
        "bedrock-agentcore-control:CreateOnlineEvaluationConfig",
        "bedrock-agentcore-control:CreatePaymentManager",
        "bedrock-agentcore-control:CreateRegistryRecord",
        "bedrock-agentcore-control:UpdateConsentPortal",
        "bedrock-agentcore-control:UpdateMemory",
        "bedrock-agentcore-control:UpdateOnlineEvaluationConfig",
        "bedrock-agentcore-control:UpdatePaymentManager",
        "bedrock-agentcore-control:UpdateRegistryRecord",
        "bedrock-agentcore:CreateABTest",
        "bedrock-agentcore:UpdateABTest",
        "cloudcontrol:GetResource",
        "cloudcontrol:ListResources",
        "cloudformation:ContinueUpdateRollback",
        "cloudformation:DeleteStack",
        "cloudformation:RollbackStack",
        "codebuild:CreateFleet",
        "codebuild:UpdateFleet",
        "codebuild:UpdateProjectVisibility",
        "deadline:CreateMonitor",
        "deadline:UpdateMonitor",
        "ec2:EnableFastLaunch",
        "eks:CreateAccessEntry",
        "elasticbeanstalk:CreateApplication",
        "elasticbeanstalk:UpdateApplicationResourceLifecycle",
        "emr-containers:CreateSecurityConfiguration",
        "gamelift:CreateBuild",
        "gamelift:CreateScript",
        "gamelift:UpdateScript",
        "glue:CreateCatalog",
        "glue:CreateColumnStatisticsTaskSettings",
        "glue:CreateConnection",
        "glue:CreateCrawler",
        "glue:CreateDataQualityEvaluationConfig",
        "glue:CreateIntegrationResourceProperty",
        "glue:CreateTableOptimizer",
        "glue:PutDataCatalogEncryptionSettings",
        "glue:StartColumnStatisticsTaskRun",
        "glue:StartDataQualityRuleRecommendationRun",
        "glue:StartDataQualityRulesetEvaluationRun",
        "glue:UpdateCatalog",
        "glue:UpdateColumnStatisticsTaskSettings",
        "glue:UpdateConnection",
        "glue:UpdateCrawler",
        "glue:UpdateDataQualityEvaluationConfig",
        "glue:UpdateIntegrationResourceProperty",
        "glue:UpdateTableOptimizer",
        "greengrass:AssociateServiceRoleToAccount",
        "greengrass:CreateSoftwareUpdateJob",
        "greengrass:StartBulkDeployment",
        "greengrassv2:AssociateServiceRoleToAccount",
        "imagebuilder:CreateLifecyclePolicy",
        "imagebuilder:UpdateLifecyclePolicy",
        "kinesisanalytics:AddApplicationCloudWatchLoggingOption",
        "kinesisanalytics:AddApplicationInput",
        "kinesisanalytics:AddApplicationInputProcessingConfiguration",
        "kinesisanalytics:AddApplicationOutput",
        "kinesisanalytics:AddApplicationReferenceDataSource",
        "kinesisanalytics:CreateApplication",
        "kinesisanalytics:DiscoverInputSchema",
        "kinesisanalytics:UpdateApplication",
        "kinesisanalyticsv2:DiscoverInputSchema",
        "kinesisanalyticsv2:ExportSnapshot",
        "kinesisanalyticsv2:ImportSnapshot",
        "lambda-core:CreateNetworkConnector",
        "lambda-core:UpdateNetworkConnector",
        "lambda:CreateCapacityProvider",
        "machinelearning:CreateDataSourceFromRDS",
        "omics:StartAnnotationImportJob",
        "omics:StartReadSetExportJob",
        "omics:StartReadSetImportJob",
        "omics:StartReferenceImportJob",
        "omics:StartVariantImportJob",
        "sagemaker:CreateEdgePackagingJob",
        "sagemaker:CreateFeatureGroup",
        "sagemaker:CreateImage",
        "sagemaker:RenderUiTemplate",
        "sagemaker:UpdateImage",
        "securitylake:CreateCustomLogSource",
        "securitylake:CreateDataLake",
        "securitylake:UpdateDataLake",
        "ssm:UpdateServiceSetting",
    )
)
