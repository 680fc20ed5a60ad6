import { expect, it } from "vitest";
import { urlOf } from "../../src/encoding/url-of.js";
import { fetchJwks } from "../../src/verify/fetch-jwks.js";
import { listedHosts } from "../../src/verify/listed-hosts.js";

it("a text is a URL only where it can be read as one", () => {
  expect(urlOf("https://issuer.example/a")?.hostname).toBe("issuer.example");
  for (const text of ["", "a", "https://", "http://[", "//host"]) expect(urlOf(text)).toBeUndefined();
});

it("a host that Node 24 says it can parse, and then does not, is refused as any other", async () => {
  const long = `https://kms.${"ES256".repeat(4_000)}.api.aws`;
  const isRead = urlOf(long) !== undefined;
  const { checked } = listedHosts({ hosts: ["idp.example"] });
  expect(() => checked(long)).toThrow(expect.objectContaining({ code: "jwks_url_refused" }));
  if (!isRead) await expect(fetchJwks(long)).rejects.toMatchObject({ message: expect.stringContaining("this is no URL") });
});
