# Signet by Terraform: the same template (`signet template --out signet.yaml`, or the release's), as a stack that Terraform keeps.
#
#   signet template --out signet.yaml
#   terraform init
#   terraform apply -var 'parameters={ KeyCustodianParameter = "KMS" }' -var 'callers={ chat = { limits = { maxTtlSeconds = 300 } } }'
#   terraform output -raw ask_for_a_token | sh

terraform {
  required_version = ">= 1.4"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  type    = string
  default = "signet"
}

variable "template_file" {
  type    = string
  default = "signet.yaml"
}

# Parameters of the template, such as { KeyCustodianParameter = "KMS", RotateEveryDays = "90" }.
variable "parameters" {
  type    = map(string)
  default = {}
}

# Each gets an alias of the function, which IAM can grant: who may invoke it gets what its limits allow.
variable "callers" {
  type    = any
  default = {}
}

locals {
  # The section ends with its first empty line.
  section    = split("\n\n", split("\nParameters:\n", file(var.template_file))[1])[0]
  names      = flatten(regexall("(?m)^  (\\w+):", local.section))
  parameters = merge({ Callers = jsonencode(var.callers) }, var.parameters)
  unknown    = setsubtract(keys(local.parameters), local.names)
}

# CloudFormation takes a template of this size from S3 alone.
resource "aws_s3_bucket" "template" {
  bucket_prefix = "${var.name}-template-"
}

resource "aws_s3_bucket_public_access_block" "template" {
  bucket                  = aws_s3_bucket.template.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "template" {
  bucket       = aws_s3_bucket.template.id
  key          = "signet-${filesha256(var.template_file)}.yaml"
  source       = var.template_file
  content_type = "application/yaml"
}

resource "aws_cloudformation_stack" "signet" {
  name         = var.name
  template_url = "https://${aws_s3_bucket.template.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]
  parameters   = local.parameters

  lifecycle {
    precondition {
      condition     = length(local.unknown) == 0
      error_message = "The template has no parameter ${join(", ", local.unknown)}; there are ${join(", ", local.names)}."
    }
  }
}

# What the role of each caller's program needs, and all that it needs.
resource "aws_iam_policy" "caller" {
  for_each    = var.callers
  name_prefix = "${var.name}-${each.key}-"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = "${aws_cloudformation_stack.signet.outputs["JWTIssuerFunctionArn"]}:${each.key}"
    }]
  })
}

output "function_arn" {
  value = aws_cloudformation_stack.signet.outputs["JWTIssuerFunctionArn"]
}

output "jwks_url" {
  value = lookup(aws_cloudformation_stack.signet.outputs, "JwksUrl", null)
}

output "caller_policy_arns" {
  value = { for name, policy in aws_iam_policy.caller : name => policy.arn }
}

# A token itself would stay in Terraform's state: ask for it with what this prints.
output "ask_for_a_token" {
  value = join(" ", [
    "aws lambda invoke --cli-binary-format raw-in-base64-out",
    "--function-name ${aws_cloudformation_stack.signet.outputs["JWTIssuerFunctionArn"]}",
    "--payload '${jsonencode({ claims = { sub = "alice", aud = "my-api" }, ttl = 300 })}' /dev/stdout",
  ])
}
