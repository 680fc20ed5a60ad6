/** An ECDSA signature of P-256 as tokens have it (RFC 7518, section 3.4), of the DER that node:crypto makes; nothing is checked. */
exports.rawOf = (der) => {
  const out = Buffer.alloc(64);
  const s = 4 + der[3];
  copyNumber(der, 4, s, out, 32);
  copyNumber(der, s + 2, der.length, out, 64);
  return out;
};

function copyNumber(der, start, end, out, outEnd) {
  for (let from = Math.max(start, end - 32), to = outEnd - (end - from); from < end; from++, to++) out[to] = der[from];
}
