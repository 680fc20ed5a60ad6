export { createImportingKmsCustodian as create } from "./importing.js";
export { permissions } from "./permissions.js";
