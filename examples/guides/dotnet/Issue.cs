using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

var issuer = Environment.GetEnvironmentVariable("ISSUER_URL") ?? "http://localhost:7117";

using var http = new HttpClient();
http.DefaultRequestHeaders.Authorization =
    new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("CALLER_SECRET"));
using var answer = await http.PostAsJsonAsync($"{issuer}/issue", new
{
    claims = new { sub = "alice", aud = "my-api" },
    ttl = 600,
});
var body = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
if (!answer.IsSuccessStatusCode)
{
    throw new InvalidOperationException($"{body["code"]}: {body["detail"]}");
}
Console.WriteLine(body["token"]);
