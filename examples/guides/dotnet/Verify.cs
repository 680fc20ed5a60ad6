using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

var issuer = Environment.GetEnvironmentVariable("ISSUER_URL") ?? "http://localhost:7117";

// One for the whole program: it keeps the keys, and fetches them again when a token names a new one.
var documents = new ConfigurationManager<OpenIdConnectConfiguration>(
    $"{issuer}/.well-known/openid-configuration",
    new OpenIdConnectConfigurationRetriever(),
    new HttpDocumentRetriever { RequireHttps = issuer.StartsWith("https:") });

var result = await new JsonWebTokenHandler().ValidateTokenAsync(args[0], new TokenValidationParameters
{
    ConfigurationManager = documents,
    ValidIssuer = issuer,
    ValidAudience = "my-api",
    ValidAlgorithms = ["ES256"],
});
if (!result.IsValid)
{
    throw result.Exception;
}
Console.WriteLine(result.Claims["sub"]);
