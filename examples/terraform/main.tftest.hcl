# `terraform test`: the module against a provider that only pretends, so that nothing is made.

mock_provider "aws" {
  mock_resource "aws_cloudformation_stack" {
    defaults = {
      outputs = { JWTIssuerFunctionArn = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C" }
    }
  }
}

variables {
  callers = { chat = { limits = { maxTtlSeconds = 300 } } }
}

run "asks_as_it_says" {
  command = apply
  assert {
    condition     = aws_iam_policy.caller["chat"].policy == "{\"Statement\":[{\"Action\":\"lambda:InvokeFunction\",\"Effect\":\"Allow\",\"Resource\":\"arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C:chat\"}],\"Version\":\"2012-10-17\"}"
    error_message = "A caller is granted its alias and nothing else."
  }
  assert {
    condition     = strcontains(output.ask_for_a_token, "{\"claims\":{\"aud\":\"my-api\",\"sub\":\"alice\"},\"ttl\":300}")
    error_message = "The command asks for a token."
  }
  assert {
    condition     = jsondecode(aws_cloudformation_stack.signet.parameters["Callers"]).chat.limits.maxTtlSeconds == 300
    error_message = "Callers reach the template."
  }
}

run "refuses_a_misspelt_parameter" {
  command = plan
  variables {
    parameters = { KeyCustodainParameter = "KMS" }
  }
  expect_failures = [aws_cloudformation_stack.signet]
}
