#!/bin/sh
# With the token in the file `token`. No other AWS credentials are needed.
set -eu
export AWS_ROLE_ARN=arn:aws:iam::111122223333:role/nightly-job AWS_ROLE_SESSION_NAME=nightly
export AWS_WEB_IDENTITY_TOKEN_FILE="$PWD/token" AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
aws sts get-caller-identity
