require "aws-sdk-lambda"
require "json"

lambda_client = Aws::Lambda::Client.new
answer = lambda_client.invoke(
  function_name: ENV.fetch("ISSUER_FUNCTION", "signet:web"),
  payload: JSON.generate(claims: { sub: "alice", aud: "my-api" }, ttl: 600)
)
body = JSON.parse(answer.payload.read)
abort "#{body["errorType"]}: #{body["errorMessage"]}" if answer.function_error
puts body["token"]
