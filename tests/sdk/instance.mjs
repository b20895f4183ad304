// Reads an object of S3 and asks who it is, with nothing configured: as software on an instance does.
//
// Prints one JSON object: text, or the error's code and message; arn of the caller.
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromInstanceMetadata } from "@aws-sdk/credential-providers";

const [bucket, key, provider] = process.argv.slice(2);
// By the default chain, or by the provider that asks instance metadata and nothing else.
const settings = provider === "metadata" ? { credentials: fromInstanceMetadata({}) } : {};
const found = {};
try {
  const answer = await new S3Client(settings).send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  found.text = await answer.Body.transformToString();
} catch (error) {
  found.code = error.name;
  found.message = error.message;
}
try {
  found.arn = (await new STSClient(settings).send(new GetCallerIdentityCommand({}))).Arn;
} catch (error) {
  found.arn = `${error.name}: ${error.message}`;
}
console.log(JSON.stringify(found));
