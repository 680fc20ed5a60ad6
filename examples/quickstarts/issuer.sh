# The issuer of docs/quickstarts/ and docs/guides/, in a folder of its own, and a token of it. `npm run proof:quickstarts` types these lines.
# #region init
npx signet init --issuer http://localhost:7117
# #endregion init
# #region serve
npx signet serve --dev
# #endregion serve
# #region check
TOKEN=$(npx signet issue sub=alice aud=my-api --ttl 10m)
curl -i http://localhost:8000/hello -H "Authorization: Bearer $TOKEN"
# #endregion check
# #region nobody
curl -i http://localhost:8000/hello
# #endregion nobody
