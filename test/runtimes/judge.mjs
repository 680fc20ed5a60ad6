/** Asks a verifier about every token, wherever this runs. Answers what was said otherwise than it had to be. */
export async function judge({ createVerifier }, { jwks, issuer, audience, tokens }) {
  const verifier = createVerifier({ keys: jwks, issuer, audience });
  const wrong = [];
  for (const [token, expected] of tokens) {
    let answer = "accepted";
    try {
      await verifier.verify(token);
    } catch (error) {
      answer = error.code ?? String(error);
    }
    if (answer !== expected) wrong.push({ token, expected, answer });
  }
  return { asked: tokens.length, wrong: wrong.slice(0, 3), count: wrong.length };
}
