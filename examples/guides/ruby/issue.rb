require "json"
require "net/http"

issuer = ENV.fetch("ISSUER_URL", "http://localhost:7117")

answer = Net::HTTP.post(
  URI("#{issuer}/issue"),
  JSON.generate(claims: { sub: "alice", aud: "my-api" }, ttl: 600),
  "Authorization" => "Bearer #{ENV.fetch("CALLER_SECRET")}",
  "Content-Type" => "application/json"
)
body = JSON.parse(answer.body)
abort "#{body["code"]}: #{body["detail"]}" unless answer.is_a?(Net::HTTPOK)
puts body["token"]
