import { objectSchemaOf } from "../settings/json-schema.js";
import { CONFIG_MEMBERS } from "./schema.js";

/** The JSON Schema of `signet.json`, for editors. */
export const configJsonSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://unpkg.com/signet-jwt/dist/signet.schema.json",
  title: "signet.json",
  ...objectSchemaOf(CONFIG_MEMBERS),
};
