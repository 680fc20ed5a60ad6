require "json"
require "jwt"
require "net/http"

issuer = ENV.fetch("ISSUER_URL", "http://localhost:7117")
jwks_uri = URI("#{issuer}/.well-known/jwks.json")

# One for the whole program: it keeps the keys, and fetches them again when a token names a new one, but not at every such token.
keys = nil
fetched_at = nil
loader = lambda do |options|
  stale = options[:kid_not_found] && Time.now - fetched_at > 300
  if keys.nil? || stale
    keys = JSON.parse(Net::HTTP.get(jwks_uri), symbolize_names: true)
    fetched_at = Time.now
  end
  keys
end

claims, = JWT.decode(
  ARGV.fetch(0), nil, true,
  jwks: loader,
  algorithms: ["ES256"],
  iss: issuer, verify_iss: true,
  aud: "my-api", verify_aud: true,
  required_claims: ["exp"]
)
puts claims["sub"]
