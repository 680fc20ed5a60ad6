import { describe, expect, it } from "vitest";
import { areEndpointsLocal, endpointOf } from "../../src/aws/endpoint.js";

const hostOf = (service: "kms" | "s3", region: string, env = {}) => endpointOf(service, region, env).host;

describe("the endpoint of a service", () => {
  // botocore's endpoints.json and partitions.json.
  it.each([
    ["eu-central-1", "kms.eu-central-1.amazonaws.com"],
    ["us-gov-west-1", "kms.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "kms.cn-north-1.amazonaws.com.cn"],
    ["us-iso-east-1", "kms.us-iso-east-1.c2s.ic.gov"],
    ["us-isob-east-1", "kms.us-isob-east-1.sc2s.sgov.gov"],
    ["eu-isoe-west-1", "kms.eu-isoe-west-1.cloud.adc-e.uk"],
    ["us-isof-south-1", "kms.us-isof-south-1.csp.hci.ic.gov"],
    ["eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu"],
  ])("in %s is %s", (region, host) => {
    expect(hostOf("kms", region)).toBe(host);
  });

  it.each([
    [{ AWS_USE_FIPS_ENDPOINT: "true" }, "kms-fips.us-east-1.amazonaws.com", "s3-fips.us-east-1.amazonaws.com"],
    [{ AWS_USE_DUALSTACK_ENDPOINT: "true" }, "kms.us-east-1.api.aws", "s3.dualstack.us-east-1.amazonaws.com"],
    [
      { AWS_USE_FIPS_ENDPOINT: "true", AWS_USE_DUALSTACK_ENDPOINT: "true" },
      "kms-fips.us-east-1.api.aws",
      "s3-fips.dualstack.us-east-1.amazonaws.com",
    ],
  ])("follows %o", (env, kms, s3) => {
    expect([hostOf("kms", "us-east-1", env), hostOf("s3", "us-east-1", env)]).toStrictEqual([kms, s3]);
  });

  it.each([
    ["an endpoint without a scheme", "us-east-1", { AWS_ENDPOINT_URL: "localhost:4566" }],
    ["an endpoint of this service alone", "us-east-1", { AWS_ENDPOINT_URL_KMS: "//localhost" }],
    ["a region with a space", "us east", {}],
    ["a region that ends the host", "a.example/", {}],
    ["a region that names another host", "a@b.example/", {}],
    ["a region with a port", "a.example:1?", {}],
    ["no region", "", {}],
  ])("is told in words where it is none: %s", (_what, region, env) => {
    const words = "the endpoint of kms is no URL of http or https: correct AWS_ENDPOINT_URL, or the region";
    expect(() => endpointOf("kms", region, env)).toThrow(expect.objectContaining({ code: "config_invalid", message: words }));
  });

  it("may be configured, for all services or for one, unless that is to be ignored", () => {
    const env = { AWS_ENDPOINT_URL: "http://localhost:4566", AWS_ENDPOINT_URL_KMS: "http://localhost:5000/kms" };
    expect(endpointOf("kms", "us-east-1", env).href).toBe("http://localhost:5000/kms");
    expect(endpointOf("s3", "us-east-1", env).href).toBe("http://localhost:4566/");
    expect(hostOf("kms", "us-east-1", { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" })).toBe(
      "kms.us-east-1.amazonaws.com",
    );
  });

  it("counts as local only where every service's is", () => {
    expect(areEndpointsLocal({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" })).toBe(true);
    expect(areEndpointsLocal({})).toBe(false);
    expect(areEndpointsLocal({ AWS_ENDPOINT_URL: "http://127.0.0.1.example:1" })).toBe(false);
    expect(areEndpointsLocal({ AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1" })).toBe(false);
    expect(areEndpointsLocal({ AWS_ENDPOINT_URL: "nonsense" })).toBe(false);
  });
});
