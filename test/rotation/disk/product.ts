/** What a process of the world runs: the product's own parts for an installation on files. */
export { createFileCustodian } from "../../../src/custody/file/custodian.js";
export { breakLock, locksIn } from "../../../src/files/locks.js";
export { tellFileWarningsTo } from "../../../src/files/warnings.js";
export { createActiveKey } from "../../../src/issue/active-key.js";
export { createIssuer } from "../../../src/issue/issuer.js";
export { createManager } from "../../../src/rotation/manager.js";
export { assertWell } from "../../../src/rotation/report.js";
export { createFileStores } from "../../../src/storage/file/stores.js";
