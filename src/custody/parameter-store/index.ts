export { createParameterStoreCustodian as create } from "./custodian.js";
export { permissions } from "./permissions.js";
