// AWS's SDK for Java: does the invocations that stand on stdin, and prints what came of each.
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import com.nimbusds.jose.util.JSONObjectUtils;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvokeRequest;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;
import software.amazon.awssdk.services.lambda.model.LambdaException;

public class Invoke {
    public static void main(String[] args) throws Exception {
        var task = JSONObjectUtils.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        var client = LambdaClient.builder()
            .endpointOverride(URI.create((String) task.get("endpoint")))
            .region(Region.US_EAST_1)
            .credentialsProvider(AnonymousCredentialsProvider.create())
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .build();
        var answers = ((List<?>) task.get("steps")).stream().map(step -> answerTo(client, (Map<?, ?>) step)).toList();
        var text = JSONObjectUtils.toJSONString(Map.of("answers", answers));
        System.out.println(text.substring("{\"answers\":".length(), text.length() - 1));
    }

    static Map<String, Object> answerTo(LambdaClient client, Map<?, ?> step) {
        var request = InvokeRequest.builder()
            .functionName((String) step.get("name"))
            .payload(SdkBytes.fromUtf8String((String) step.get("payload")));
        if (step.get("qualifier") != null) request.qualifier((String) step.get("qualifier"));
        if (step.get("type") != null) request.invocationType((String) step.get("type"));
        if (step.get("tail") != null) request.logType("Tail");
        try {
            InvokeResponse answer = client.invoke(request.build());
            return Map.of(
                "status", answer.statusCode(),
                "functionError", orEmpty(answer.functionError()),
                "version", orEmpty(answer.executedVersion()),
                "log", orEmpty(answer.logResult()),
                "payload", answer.payload() == null ? "" : answer.payload().asUtf8String());
        } catch (LambdaException error) {
            return Map.of("error", error.awsErrorDetails().errorCode(), "status", error.statusCode());
        }
    }

    static String orEmpty(String text) {
        return text == null ? "" : text;
    }
}
