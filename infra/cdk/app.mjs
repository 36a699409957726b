// Deploys ../template.yaml with the CDK: the template stays the source of truth, this app only uploads the builds.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Annotations, App, Stack } from "aws-cdk-lib";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnFunction } from "aws-cdk-lib/aws-sam";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";

const infra = fileURLToPath(new URL("..", import.meta.url));
const app = new App();
const environment = app.node.tryGetContext("environment") ?? "dev";
const stack = new Stack(app, `switchboard-${environment}`, { description: `Switchboard, ${environment}` });

new CfnInclude(stack, "Bundle", { templateFile: resolve(infra, "template.yaml") });

const missing = [];
for (const lambda of stack.node.findAll().filter((node) => node instanceof CfnFunction)) {
  const build = resolve(infra, lambda.codeUri);
  if (existsSync(build)) {
    const code = new Asset(stack, `${lambda.node.id}Code`, { path: build });
    lambda.codeUri = { bucket: code.s3BucketName, key: code.s3ObjectKey };
  } else {
    missing.push(build);
  }
}
// Enough to check the template; CloudFormation refuses to deploy a folder that nobody uploaded.
if (missing.length > 0) {
  Annotations.of(stack).addWarningV2("switchboard:notBuilt", `${missing.length} functions are not built: see infra/README.md`);
}
