import { type App, Duration, Stack } from "aws-cdk-lib";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { JwtIssuer } from "signet-jwt-cdk";

export class AuthStack extends Stack {
  constructor(app: App, id: string) {
    super(app, id);
    const issuer = new JwtIssuer(this, "Issuer", {
      keyCustodian: "KMS",
      maxTtl: Duration.hours(1),
      callers: { chat: { limits: { maxTtlSeconds: 300, allowedAudiences: ["my-api"] } } },
    });
    const chat = new LambdaFunction(this, "Chat", {
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromAsset("examples/chat"),
      environment: { ISSUER: `${issuer.function.functionArn}:chat` },
    });
    issuer.grantIssue(chat, "chat");
    this.exportValue(issuer.jwksUrl, { name: "JwksUrl" });
  }
}
