// A function that may read one bucket, a queue that feeds it, and the roles that all this takes.
const { App, Stack, Duration, RemovalPolicy, CfnOutput } = require("aws-cdk-lib");
const lambda = require("aws-cdk-lib/aws-lambda");
const sources = require("aws-cdk-lib/aws-lambda-event-sources");
const s3 = require("aws-cdk-lib/aws-s3");
const sqs = require("aws-cdk-lib/aws-sqs");

class Thumbnails extends Stack {
  constructor(scope, id, properties) {
    super(scope, id, properties);
    const pictures = new s3.Bucket(this, "Pictures", { removalPolicy: RemovalPolicy.DESTROY, versioned: true });
    const jobs = new sqs.Queue(this, "Jobs", { visibilityTimeout: Duration.seconds(60) });
    const worker = new lambda.Function(this, "Worker", {
      runtime: lambda.Runtime.PYTHON_3_12,
      handler: "worker.handler",
      code: lambda.Code.fromAsset("worker"),
      environment: { BUCKET: pictures.bucketName },
      timeout: Duration.seconds(30),
    });
    pictures.grantRead(worker);
    worker.addEventSource(new sources.SqsEventSource(jobs));
    new CfnOutput(this, "WorkerName", { value: worker.functionName });
    new CfnOutput(this, "PicturesName", { value: pictures.bucketName });
  }
}

const app = new App();
new Thumbnails(app, "Thumbnails", {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
