import { execFileSync, spawnSync } from "node:child_process";
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { selfSignedCertificate } from "../../src/operator/self-signed-certificate.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

const MADE_AT = Date.UTC(2026, 1, 28, 12) / 1_000;
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

async function certificate(
  alg: "RS256" | "PS256",
  { kid, privateKey = rsaPair(2048).privateKey }: { kid?: string; privateKey?: KeyObject } = {},
) {
  const signer = localSigner({ privateKey, alg, ...(kid !== undefined && { kid }) });
  return { ...(await selfSignedCertificate(signer.publicJwk, MADE_AT, signer)), signer, privateKey };
}

describe.each(["RS256", "PS256"] as const)("the certificate of a key that signs %s", (alg) => {
  it("is read by node:crypto, which verifies that the key has signed it", async () => {
    const { pem, signer, thumbprint } = await certificate(alg);
    const read = new X509Certificate(pem);
    expect(read.subject).toBe(`CN=${signer.kid}`);
    expect(read.issuer).toBe(read.subject);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.verify(rsaPair(2048).publicKey)).toBe(false);
    expect(read.publicKey.export({ format: "jwk" }).n).toBe(signer.publicJwk.n);
    expect([read.validFrom, read.validTo]).toStrictEqual(["Feb 28 12:00:00 2026 GMT", "Feb 28 12:00:00 2036 GMT"]);
    expect(read.ca).toBe(false);
    expect(createHash("sha256").update(read.raw).digest("base64url")).toBe(thumbprint);
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----$/);
  });

  it.skipIf(!hasOpenssl)("is read by OpenSSL", async () => {
    const { pem } = await certificate(alg);
    const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: pem }).toString();
    expect(text).toContain("Version: 3 (0x2)");
    expect(text).toContain(alg === "RS256" ? "sha256WithRSAEncryption" : "rsassaPss");
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature/);
    const checked = spawnSync("openssl", ["x509", "-noout", "-checkend", "0"], { input: pem });
    expect(checked.stderr.toString()).toBe("");
  });
});

describe("a self-signed certificate", () => {
  it("is the same whenever it is made by RS256, with a serial number of its key's", async () => {
    const first = await certificate("RS256");
    const again = await certificate("RS256", { privateKey: first.privateKey });
    expect([again.pem, again.thumbprint, again.isStable]).toStrictEqual([first.pem, first.thumbprint, true]);
    const other = await certificate("RS256");
    const serial = (pem: string) => new X509Certificate(pem).serialNumber;
    expect(serial(other.pem)).not.toBe(serial(first.pem));
    expect(serial(first.pem)).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it("says that it is another one each time where it is made by PS256", async () => {
    const first = await certificate("PS256");
    const again = await certificate("PS256", { privateKey: first.privateKey });
    expect([again.isStable, again.thumbprint === first.thumbprint]).toStrictEqual([false, false]);
  });

  it("is named by the key's thumbprint where its name is longer than certificates may have", async () => {
    const { pem, privateKey } = await certificate("RS256", { kid: "k".repeat(65) });
    const { signer } = await certificate("RS256", { privateKey });
    expect(new X509Certificate(pem).subject).toBe(`CN=${signer.kid}`);
    expect(new X509Certificate((await certificate("RS256", { kid: "k".repeat(64) })).pem).subject).toBe(`CN=${"k".repeat(64)}`);
  });

  it("is of no other key than the one that signs it, and of no other kind", async () => {
    const { signer } = await certificate("RS256");
    const { signer: other } = await certificate("RS256");
    await expect(selfSignedCertificate(signer.publicJwk, MADE_AT, other)).rejects.toMatchObject({ code: "key_mismatch" });
    const strange = localSigner({ privateKey: rsaPair(2048).privateKey, alg: "RS512" });
    await expect(selfSignedCertificate(strange.publicJwk, MADE_AT, strange)).rejects.toMatchObject({
      code: "unsupported_algorithm",
    });
  });
});
