import { ownMember } from "../../encoding/own-member.js";
import { isFixed, isFixedOrPrefixed, isHttpsIssuer, isNumericId, isUuid, type Preset } from "./preset.js";

/**
 * https://docs.gitlab.com/ci/secrets/id_token_authentication (read 2026-11-26): ids are texts, and so are ref_protected and
 * environment_protected ("true"). `sub` is `project_path:GROUP/PROJECT:ref_type:TYPE:ref:REF` unless the project changes it; a path can be
 * taken over. The project's claims of a merge request from a fork are the fork's (gitlab-org/gitlab#563038).
 */
export const gitlab: Preset = {
  name: "gitlab",
  about: "a job of GitLab CI/CD",
  issuer: "https://gitlab.com",
  isIssuer: (issuer) => isHttpsIssuer(issuer) && !issuer.endsWith("/"),
  issuerForm: "https://gitlab.com, or the URL of your GitLab without / at its end",
  identifiedBy: [["project_id"], ["namespace_id"]],
  subjectsBegin: ["project_path:"],
  identifies: (claims) => ["project_id", "namespace_id"].some((name) => isFixed(ownMember(claims, name), isNumericId)),
  identity:
    "project_id or namespace_id, digits as a text such as \"1234\" (the project's or group's page shows it): a path can be taken over by another group",
};

const BUILDKITE_SUBJECT = /^organization:[^:]+:/;

/**
 * https://buildkite.com/docs/agent/v3/cli-oidc and https://buildkite.com/docs/apis/workload-identity-federation/buildkite-agents (read
 * 2026-11-26): all organizations share the issuer, so that one of them has to be named. organization_id and pipeline_id (UUIDs) stand only in
 * tokens whose job asks for them (`--claim organization_id,pipeline_id`). That a slug is never given to another organization could not be
 * confirmed.
 */
export const buildkite: Preset = {
  name: "buildkite",
  about: "a job of Buildkite",
  issuer: "https://agent.buildkite.com",
  isIssuer: (issuer) => issuer === "https://agent.buildkite.com",
  issuerForm: "https://agent.buildkite.com",
  identifiedBy: [["pipeline_id"], ["organization_id"], ["organization_slug"], ["sub"]],
  subjectsBegin: ["organization:"],
  identifies: (claims) =>
    ["pipeline_id", "organization_id"].some((name) => isFixed(ownMember(claims, name), isUuid)) ||
    isFixed(ownMember(claims, "organization_slug"), (slug) => slug !== "") ||
    isFixedOrPrefixed(ownMember(claims, "sub"), (sub) => BUILDKITE_SUBJECT.test(sub)),
  identity:
    "pipeline_id or organization_id (UUIDs that the job asks for: `buildkite-agent oidc request-token --claim organization_id,pipeline_id`), or organization_slug: a pipeline's slug alone is not one organization's",
};
