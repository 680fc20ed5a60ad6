// Nimbus' OAuth SDK: does the steps that stand on stdin, and prints what came of each.
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.JWTBearerGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.TokenTypeURI;
import com.nimbusds.oauth2.sdk.token.TypelessAccessToken;
import com.nimbusds.oauth2.sdk.tokenexchange.TokenExchangeGrant;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;

public class OAuthClient {
    public static void main(String[] args) throws Exception {
        var task = JSONObjectUtils.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        var answers = ((List<?>) task.get("steps")).stream().map(step -> answerTo((Map<?, ?>) step)).toList();
        var text = JSONObjectUtils.toJSONString(Map.of("answers", answers));
        System.out.println(text.substring("{\"answers\":".length(), text.length() - 1));
    }

    static Map<String, Object> answerTo(Map<?, ?> step) {
        try {
            var issuer = new Issuer((String) step.get("issuer"));
            var metadata = step.get("metadata").equals("oidc")
                ? OIDCProviderMetadata.resolve(issuer)
                : AuthorizationServerMetadata.resolve(issuer);
            var answer = TokenResponse.parse(request(step, metadata.getTokenEndpointURI()).toHTTPRequest().send());
            if (!answer.indicatesSuccess()) {
                var error = answer.toErrorResponse().getErrorObject();
                return Map.of("error", String.valueOf(error.getCode()), "told", String.valueOf(error.getDescription()));
            }
            var token = answer.toSuccessResponse().getTokens().getAccessToken().getValue();
            return Map.of("token", token, "claims", claims(token, metadata, (String) step.get("audience")));
        } catch (Exception error) {
            return Map.of("error", error.getClass().getSimpleName(), "told", String.valueOf(error.getMessage()));
        }
    }

    static TokenRequest request(Map<?, ?> step, URI endpoint) throws Exception {
        var authentication = authentication(step);
        var builder = authentication == null
            ? new TokenRequest.Builder(endpoint, new ClientID((String) step.get("client")), grant(step))
            : new TokenRequest.Builder(endpoint, authentication, grant(step));
        if (step.get("scope") != null) builder.scope(Scope.parse((String) step.get("scope")));
        return builder.resources(URI.create((String) step.get("audience"))).build();
    }

    static ClientAuthentication authentication(Map<?, ?> step) throws Exception {
        var client = new ClientID((String) step.get("client"));
        switch ((String) step.get("authentication")) {
            case "secret":
                return new ClientSecretBasic(client, new Secret((String) step.get("secret")));
            case "posted secret":
                return new ClientSecretPost(client, new Secret((String) step.get("secret")));
            case "private key":
                var key = ECKey.parse(member(step, "key", "jwk"));
                var audience = URI.create((String) step.get("issuer"));
                return new PrivateKeyJWT(client, audience, JWSAlgorithm.ES256, key.toPrivateKey(), key.getKeyID(), null);
            default:
                return null;
        }
    }

    static AuthorizationGrant grant(Map<?, ?> step) throws Exception {
        switch ((String) step.get("grant")) {
            case "client credentials":
                return new ClientCredentialsGrant();
            case "assertion":
                return new JWTBearerGrant(foreignToken(step));
            default:
                return new TokenExchangeGrant(new TypelessAccessToken(foreignToken(step).serialize()), TokenTypeURI.JWT);
        }
    }

    static SignedJWT foreignToken(Map<?, ?> step) throws Exception {
        var foreign = (Map<?, ?>) step.get("foreign");
        var key = RSAKey.parse(member(step, "foreign", "jwk"));
        var now = Instant.now();
        var claims = new JWTClaimsSet.Builder()
            .issuer((String) foreign.get("issuer"))
            .subject((String) foreign.get("subject"))
            .audience((String) step.get("issuer"))
            .claim("scope", foreign.get("scope"))
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(300)))
            .build();
        var header = new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).type(JOSEObjectType.JWT).build();
        var token = new SignedJWT(header, claims);
        token.sign(new RSASSASigner(key));
        return token;
    }

    static Map<String, Object> claims(String token, AuthorizationServerMetadata metadata, String audience) throws Exception {
        var processor = new DefaultJWTProcessor<SecurityContext>();
        var keys = JWKSourceBuilder.create(metadata.getJWKSetURI().toURL()).build();
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
        var exact = new JWTClaimsSet.Builder().issuer(metadata.getIssuer().getValue()).build();
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(audience, exact, Set.of("exp", "client_id")));
        return processor.process(token, null).toJSONObject();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> member(Map<?, ?> step, String name, String inner) {
        return (Map<String, Object>) ((Map<?, ?>) step.get(name)).get(inner);
    }
}
