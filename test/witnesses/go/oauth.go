package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/google/externalaccount"
	bearer "golang.org/x/oauth2/jwt"
)

type oauthStep struct {
	Issuer, Client, Secret, Authentication, Grant, Audience, Scope string
	Foreign                                                        struct {
		Issuer, Subject, Scope, Kid, Pem string
		Jwk                              jose.JSONWebKey
	}
}

// oauth does the steps that stand on stdin with x/oauth2, finds the endpoint and verifies with go-oidc, and prints what came of each.
func oauth() error {
	var task struct{ Steps []oauthStep }
	if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
		return err
	}
	answers := []object{}
	for _, step := range task.Steps {
		answer, err := step.answer(context.Background())
		if err != nil {
			answer = object{"error": "failed", "told": err.Error()}
			// Its package for assertions leaves the answer's words to its caller.
			var refused *oauth2.RetrieveError
			var told struct{ Error string }
			if errors.As(err, &refused) && json.Unmarshal(refused.Body, &told) == nil {
				answer["error"] = told.Error
			}
		}
		answers = append(answers, answer)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func (s oauthStep) answer(ctx context.Context) (object, error) {
	provider, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		return nil, err
	}
	source, err := s.source(ctx, provider.Endpoint().TokenURL)
	if err != nil {
		return nil, err
	}
	token, err := source.Token()
	if err != nil {
		return nil, err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: s.Audience}).Verify(ctx, token.AccessToken)
	if err != nil {
		return nil, err
	}
	var claims object
	err = verified.Claims(&claims)
	return object{"token": token.AccessToken, "claims": claims}, err
}

func (s oauthStep) source(ctx context.Context, endpoint string) (oauth2.TokenSource, error) {
	switch s.Grant {
	case "client credentials":
		config := clientcredentials.Config{
			ClientID:       s.Client,
			ClientSecret:   s.Secret,
			TokenURL:       endpoint,
			EndpointParams: url.Values{"resource": {s.Audience}},
		}
		// With "secret" it finds out by itself.
		if s.Authentication == "posted secret" {
			config.AuthStyle = oauth2.AuthStyleInParams
		}
		return config.TokenSource(ctx), nil
	case "assertion":
		config := bearer.Config{
			Email:        s.Foreign.Issuer,
			Subject:      s.Foreign.Subject,
			PrivateKey:   []byte(s.Foreign.Pem),
			PrivateKeyID: s.Foreign.Kid,
			Audience:     s.Issuer,
			TokenURL:     endpoint,
		}
		return config.TokenSource(ctx), nil
	default:
		return externalaccount.NewTokenSource(ctx, externalaccount.Config{
			Audience:             s.Audience,
			SubjectTokenType:     "urn:ietf:params:oauth:token-type:jwt",
			TokenURL:             endpoint,
			ClientID:             s.Client,
			ClientSecret:         s.Secret,
			Scopes:               strings.Fields(s.Scope),
			SubjectTokenSupplier: s,
		})
	}
}

// SubjectToken is a token of the issuer that a rule trusts.
func (s oauthStep) SubjectToken(context.Context, externalaccount.SupplierOptions) (string, error) {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: s.Foreign.Jwk}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:   s.Foreign.Issuer,
		Subject:  s.Foreign.Subject,
		Audience: jwt.Audience{s.Issuer},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).Claims(object{"scope": s.Foreign.Scope}).Serialize()
}
