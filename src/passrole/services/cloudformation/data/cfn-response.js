"use strict";
// Answers CloudFormation for a custom resource; it lies beside code that a template holds.
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";
exports.send = function (event, context, status, data, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: status,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: data,
  });
  const url = new URL(event.ResponseURL);
  const client = require(url.protocol === "http:" ? "http" : "https");
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method: "PUT", headers: { "content-length": Buffer.byteLength(body) } });
    request.on("response", (response) => {
      response.resume();
      response.on("end", () => {
        if (context.done) context.done();
        resolve();
      });
    });
    request.on("error", reject);
    request.end(body);
  });
};
