using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER_URL"] ?? "http://localhost:7117";
builder.Services
    .AddAuthentication(JwtBearerDefaults.AuthenticationScheme)
    .AddJwtBearer(options =>
    {
        options.Authority = issuer;
        options.Audience = "my-api";
        options.MapInboundClaims = false;
        // http is for an issuer on this machine alone.
        options.RequireHttpsMetadata = !new Uri(issuer).IsLoopback;
        options.TokenValidationParameters.ValidAlgorithms = ["ES256"];
    });
builder.Services.AddAuthorization();

var app = builder.Build();
app.MapGet("/hello", (ClaimsPrincipal user) => new { hello = user.FindFirstValue("sub") }).RequireAuthorization();
app.Run();
