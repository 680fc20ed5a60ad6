# Signet by Terraform: the same template (`signet template --out signet.yaml`), as a stack that Terraform keeps.

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

# CloudFormation takes a template of this size from S3 alone.
resource "aws_s3_bucket" "template" {
  bucket_prefix = "${var.name}-template-"
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
  parameters   = var.parameters
}

output "function_arn" {
  value = aws_cloudformation_stack.signet.outputs["JWTIssuerFunctionArn"]
}

output "jwks_url" {
  value = lookup(aws_cloudformation_stack.signet.outputs, "JwksUrl", null)
}
