// Calls operations by the AWS SDK for JavaScript v3: one JSON object a line in, one a line out.
//
// In: service ("ec2"), operation ("RunInstances"), input, credentials. Out: output, or code, message and
// status of the error. Bytes of the input come as base64.
import { createInterface } from "node:readline";

const BYTES = { ZipFile: true, Body: true, Payload: true };

function revive(name, value) {
  return BYTES[name] && typeof value === "string" ? Buffer.from(value, "base64") : value;
}

async function call({ service, operation, input, credentials }) {
  const sdk = await import(`@aws-sdk/client-${service}`);
  const name = Object.keys(sdk).find((one) => /Client$/.test(one) && one !== "__Client");
  const client = new sdk[name]({ credentials, maxAttempts: 1 });
  try {
    const output = await client.send(new sdk[`${operation}Command`](input));
    delete output.$metadata;
    return { output };
  } catch (error) {
    if (error.$metadata?.httpStatusCode === undefined) throw error;
    return { code: error.name, message: error.message, status: error.$metadata.httpStatusCode };
  } finally {
    client.destroy();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line, revive))));
}
