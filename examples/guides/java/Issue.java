import com.nimbusds.jose.util.JSONObjectUtils;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Issue {
  public static void main(String[] arguments) throws Exception {
    var environment = System.getenv();
    var issuer = environment.getOrDefault("ISSUER_URL", "http://localhost:7117");

    var request = HttpRequest.newBuilder(URI.create(issuer + "/issue"))
        .header("Authorization", "Bearer " + environment.get("CALLER_SECRET"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("""
            {"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}"""))
        .build();
    var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    var answer = JSONObjectUtils.parse(response.body());
    if (response.statusCode() != 200) {
      throw new IllegalStateException(answer.get("code") + ": " + answer.get("detail"));
    }
    System.out.println(answer.get("token"));
  }
}
