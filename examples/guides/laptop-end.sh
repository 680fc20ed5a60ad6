# AWS's clients of this shell ask AWS again.
# #region laptop-end
unset AWS_ENDPOINT_URL_LAMBDA AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
# #endregion laptop-end
