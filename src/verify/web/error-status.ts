import type { ErrorCode } from "../../errors.js";

/** The statuses of the codes that verifying raises: the build for the web puts this in the place of `error-status.ts`. */
export const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  invalid_json: 400,
  duplicate_member: 400,
  token_scope_missing: 403,
  jwks_unavailable: 503,
  jwks_misconfigured: 502,
  unsupported_algorithm: 400,
  algorithm_unavailable: 501,
  invalid_key: 400,
  key_too_weak: 400,
};
