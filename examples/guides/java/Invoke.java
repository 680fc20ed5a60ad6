import com.nimbusds.jose.util.JSONObjectUtils;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.lambda.LambdaClient;

public class Invoke {
  public static void main(String[] arguments) throws Exception {
    var name = System.getenv().getOrDefault("ISSUER_FUNCTION", "signet:web");
    try (var lambda = LambdaClient.create()) {
      var response = lambda.invoke(request -> request
          .functionName(name)
          .payload(SdkBytes.fromUtf8String("""
              {"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}""")));
      var answer = JSONObjectUtils.parse(response.payload().asUtf8String());
      if (response.functionError() != null) {
        throw new IllegalStateException(answer.get("errorType") + ": " + answer.get("errorMessage"));
      }
      System.out.println(answer.get("token"));
    }
  }
}
