// Preloaded into the command under test: it runs in another container, which has a host name of its own.

import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

os.hostname = () => "web-2";
syncBuiltinESMExports();
