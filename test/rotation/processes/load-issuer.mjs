// Issues as fast as it is told to, like a server that lives through rotations; hands its tokens to the parent.
import { openIssuer } from "../../../dist/index.js";

const issuer = await openIssuer({ config: process.argv[2], env: {} });
let isOver = false;
process.on("message", () => {
  isOver = true;
});
let [issued, refused] = [0, 0];
while (!isOver) {
  const tokens = [];
  for (let count = 0; count < 40; count++) {
    try {
      tokens.push((await issuer.issue({ claims: { sub: "a" } })).token);
      issued++;
    } catch (error) {
      refused++;
      process.stderr.write(`not issued: ${error.code} ${error.message}\n`);
    }
  }
  process.send({ tokens });
  await new Promise((resolve) => setTimeout(resolve, 50));
}
process.send({ issued, refused }, () => process.exit());
