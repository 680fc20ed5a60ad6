using System.Text.Json.Nodes;
using Amazon.Lambda;
using Amazon.Lambda.Model;

using var lambda = new AmazonLambdaClient();
var response = await lambda.InvokeAsync(new InvokeRequest
{
    FunctionName = Environment.GetEnvironmentVariable("ISSUER_FUNCTION") ?? "signet:web",
    Payload = """{"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}""",
});
var answer = JsonNode.Parse(response.Payload)!;
if (!string.IsNullOrEmpty(response.FunctionError))
{
    throw new InvalidOperationException($"{answer["errorType"]}: {answer["errorMessage"]}");
}
Console.WriteLine(answer["token"]);
