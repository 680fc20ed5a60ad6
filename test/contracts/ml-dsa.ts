const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** Whether this Node has ML-DSA: by its version, so that a Node whose ML-DSA were broken fails tests instead of passing them over. */
export const HAS_ML_DSA = major > 24 || (major === 24 && minor >= 6);
