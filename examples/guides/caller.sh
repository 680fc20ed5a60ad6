# The secret of a caller named web, which a token's request shows. It is told this once.
# #region caller
CALLER_SECRET=$(npx signet callers add web)
export CALLER_SECRET
# #endregion caller
