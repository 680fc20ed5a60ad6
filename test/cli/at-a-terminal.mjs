// Preloaded into the command under test: what it reads is typed at a terminal. A worker is given none.
if (process.env.NODE_UNIQUE_ID === undefined) Object.defineProperty(process.stdin, "isTTY", { value: true });
