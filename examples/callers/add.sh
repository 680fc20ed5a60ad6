# What makes the callers of docs/callers/, each of them once. A test runs every line against issuers on this machine.
# #region github-actions
signet callers add ci --trust github-actions --claim repository_id=1234 --claim ref=refs/heads/main
# #endregion github-actions
# #region gitlab
signet callers add deploy --trust gitlab --claim project_id=20 --claim ref_protected=true --claim ref=main
# #endregion gitlab
# #region kubernetes
signet callers add api --trust kubernetes --jwks jwks.json --claim sub=system:serviceaccount:prod:api
# #endregion kubernetes
# #region aws
signet callers add orders --trust aws --issuer https://0a1b2c3d.tokens.sts.global.api.aws \
  --claim principal_id=arn:aws:iam::123456789012:role/orders
# #endregion aws
# #region spiffe
signet callers add billing --trust spiffe --issuer https://oidc.example.org \
  --claim sub=spiffe://example.org/ns/prod/sa/billing
# #endregion spiffe
# #region private-key-jwt
signet callers add batch --public-key batch.pub.pem
# #endregion private-key-jwt
# #region from-proof
signet callers add release --trust github-actions --claim repository_owner_id=65 --claim environment=production \
  --from-proof repository=repo --from-proof sha=commit
# #endregion from-proof
