// Runs one Node.js handler once, in a process of its own. Standard input is that of python_runtime.py.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const given = JSON.parse(readFileSync(0, "utf8"));
const end = Date.now() + given.seconds * 1000;
const dot = given.handler.lastIndexOf(".");
const [module, name] = [given.handler.slice(0, dot), given.handler.slice(dot + 1)];

function finish(answer) {
  writeFileSync(given.result, JSON.stringify(answer));
  process.exit(0);
}

function fail(error, kind) {
  const text = error instanceof Error ? error : new Error(String(error));
  console.error(text.stack);
  finish({
    error: {
      errorType: kind ?? text.name,
      errorMessage: text.message,
      trace: (text.stack ?? "").split("\n"),
    },
  });
}

const context = {
  functionName: given.context.function_name,
  functionVersion: given.context.function_version,
  invokedFunctionArn: given.context.invoked_function_arn,
  memoryLimitInMB: given.context.memory_limit_in_mb,
  awsRequestId: given.context.aws_request_id,
  logGroupName: given.context.log_group_name,
  logStreamName: given.context.log_stream_name,
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(0, end - Date.now()),
};

const succeed = (value) => finish({ payload: JSON.stringify(value === undefined ? null : value) });

process.on("uncaughtException", (error) => fail(error));
const file = [".mjs", ".js", ".cjs"]
  .map((suffix) => path.join(given.root, module + suffix))
  .find(existsSync);
if (file === undefined) {
  fail(new Error(`Cannot find module '${module}'`), "Runtime.ImportModuleError");
}
let loaded;
try {
  loaded = await import(pathToFileURL(file).href);
} catch (error) {
  fail(error, error instanceof SyntaxError ? "Runtime.UserCodeSyntaxError" : "Runtime.ImportModuleError");
}
const handler = loaded[name] ?? loaded.default?.[name];
if (typeof handler !== "function") {
  fail(new Error(`${given.handler} is undefined or not exported`), "Runtime.HandlerNotFound");
}
try {
  const event = JSON.parse(given.event);
  const answer = handler(event, context, (error, value) => (error ? fail(error) : succeed(value)));
  if (typeof answer?.then === "function") {
    succeed(await answer);
  }
} catch (error) {
  fail(error);
}
