import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.Ed25519Signer;
import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.JWKGenerator;
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** nimbus-jose-jwt as a witness: answers JSON lines on stdin with JSON lines on stdout. */
public class Witness {
  private static final Map<String, JWK> OWN = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.println(JSONObjectUtils.toJSONString(outcome(JSONObjectUtils.parse(line))));
    }
  }

  private static Map<String, Object> outcome(Map<String, Object> request) {
    try {
      return switch ((String) request.get("op")) {
        case "hello" -> hello();
        case "keygen" -> keygen(request);
        case "sign" -> sign(request);
        case "verify" -> verify(request);
        case "keys" -> keys(request);
        default -> throw new UnsupportedOperationException("unknown op");
      };
    } catch (Exception | LinkageError error) {
      return Map.of("error", String.valueOf(error));
    }
  }

  private static Map<String, Object> hello() throws Exception {
    // The jar's name carries the version; its manifest's version has more to it.
    String jar = JWK.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    String version = jar.replaceAll(".*nimbus-jose-jwt-(.*)\\.jar", "$1");
    return Map.of("version", version, "runtime", "Java " + Runtime.version().feature());
  }

  private static Map<String, Object> keygen(Map<String, Object> request) throws JOSEException {
    JWSAlgorithm alg = JWSAlgorithm.parse((String) request.get("alg"));
    JWK key = generator(alg).algorithm(alg).keyID((String) request.get("kid")).keyUse(KeyUse.SIGNATURE).generate();
    OWN.put((String) request.get("name"), key);
    return Map.of("jwk", key.toPublicJWK().toJSONObject());
  }

  private static JWKGenerator<? extends JWK> generator(JWSAlgorithm alg) throws JOSEException {
    if (JWSAlgorithm.Family.RSA.contains(alg)) return new RSAKeyGenerator(2048);
    if (JWSAlgorithm.Family.EC.contains(alg)) return new ECKeyGenerator(Curve.forJWSAlgorithm(alg).iterator().next());
    if (JWSAlgorithm.Family.ED.contains(alg)) return new OctetKeyPairGenerator(Curve.Ed25519);
    throw new JOSEException("no key for " + alg);
  }

  private static Map<String, Object> sign(Map<String, Object> request) throws Exception {
    JWK key = OWN.get((String) request.get("name"));
    JWSAlgorithm alg = JWSAlgorithm.parse((String) request.get("alg"));
    JWSHeader header = new JWSHeader.Builder(alg).type(JOSEObjectType.JWT).keyID(key.getKeyID()).build();
    Map<String, Object> claims = JSONObjectUtils.getJSONObject(request, "claims");
    String wanted = (String) request.get("leadingZero");
    for (int attempt = 0; attempt < 20_000; attempt++) {
      if (wanted != null) claims.put("jti", "attempt-" + attempt);
      SignedJWT token = new SignedJWT(header, JWTClaimsSet.parse(claims));
      token.sign(signer(key));
      byte[] signature = token.getSignature().decode();
      if (wanted == null || signature[wanted.equals("r") ? 0 : signature.length / 2] == 0) {
        return Map.of("token", token.serialize());
      }
    }
    throw new JOSEException("no " + wanted + " with a leading zero byte in 20,000 signatures");
  }

  private static JWSSigner signer(JWK key) throws JOSEException {
    if (key instanceof RSAKey rsa) return new RSASSASigner(rsa);
    if (key instanceof ECKey ec) return new ECDSASigner(ec);
    return new Ed25519Signer((OctetKeyPair) key);
  }

  private static Map<String, Object> verify(Map<String, Object> request) throws Exception {
    JWKSet set = JWKSet.parse(JSONObjectUtils.getJSONObject(request, "jwks"));
    SignedJWT token = SignedJWT.parse((String) request.get("token"));
    List<JWK> found = new JWKSelector(JWKMatcher.forJWSHeader(token.getHeader())).select(set);
    if (found.size() != 1) throw new JOSEException(found.size() + " keys of the set suit the token");
    if (!token.getHeader().getAlgorithm().getName().equals(request.get("alg"))) throw new JOSEException("another alg");
    try {
      if (!token.verify(verifier(found.get(0)))) return Map.of("refused", "signature");
      check(token.getJWTClaimsSet(), (String) request.get("issuer"), (String) request.get("audience"));
    } catch (JOSEException | BadJOSEException | ParseException refusal) {
      return Map.of("refused", refusal.getClass().getSimpleName(), "why", String.valueOf(refusal.getMessage()));
    }
    return Map.of("verified", token.getPayload().toJSONObject());
  }

  private static JWSVerifier verifier(JWK key) throws JOSEException {
    if (key instanceof RSAKey rsa) return new RSASSAVerifier(rsa);
    if (key instanceof ECKey ec) return new ECDSAVerifier(ec);
    return new Ed25519Verifier((OctetKeyPair) key);
  }

  private static void check(JWTClaimsSet claims, String issuer, String audience) throws BadJOSEException {
    JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer(issuer).build();
    new DefaultJWTClaimsVerifier<>(audience, exact, Set.of("exp")).verify(claims, null);
  }

  private static Map<String, Object> keys(Map<String, Object> request) throws Exception {
    JWKSet set = JWKSet.parse(JSONObjectUtils.getJSONObject(request, "jwks"));
    List<Object> kids = new ArrayList<>();
    List<Object> thumbprints = new ArrayList<>();
    for (JWK key : set.getKeys()) {
      kids.add(key.getKeyID());
      thumbprints.add(key.computeThumbprint().toString());
    }
    return Map.of("kids", kids, "thumbprints", thumbprints);
  }
}
