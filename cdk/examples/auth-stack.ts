import { type App, Duration, Stack } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { JwtIssuer } from "signet-jwt-cdk";

export class AuthStack extends Stack {
  constructor(app: App, id: string, chat: IFunction) {
    super(app, id);
    const issuer = new JwtIssuer(this, "Issuer", {
      keyCustodian: "KMS",
      maxTtl: Duration.hours(1),
      callers: { chat: { limits: { maxTtlSeconds: 300, allowedAudiences: ["chat"] } } },
    });
    issuer.grantIssue(chat, "chat");
    this.exportValue(issuer.jwksUrl, { name: "JwksUrl" });
  }
}
