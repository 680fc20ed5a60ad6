#!/bin/sh
# Once, with rights to change IAM; trust.json lies in this folder.
set -eu
aws iam create-open-id-connect-provider --url https://issuer.example --client-id-list sts.amazonaws.com
aws iam create-role --role-name nightly-job --assume-role-policy-document file://trust.json
aws iam attach-role-policy --role-name nightly-job --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess
