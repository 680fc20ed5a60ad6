package main

import (
	"crypto"
	_ "crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

var goJose = library{
	module: "github.com/go-jose/go-jose/v4",
	jwk: func(public crypto.PublicKey, alg, kid string) (any, error) {
		return jose.JSONWebKey{Key: public, KeyID: kid, Algorithm: alg, Use: "sig"}, nil
	},
	sign: func(private crypto.Signer, alg, kid string, claims object) (string, error) {
		key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: private, KeyID: kid}}
		signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
		if err != nil {
			return "", err
		}
		return jwt.Signed(signer).Claims(claims).Serialize()
	},
	read: func(jwks json.RawMessage) (keySet, error) {
		var set jose.JSONWebKeySet
		err := json.Unmarshal(jwks, &set)
		return goJoseSet(set), err
	},
}

type goJoseSet jose.JSONWebKeySet

func (s goJoseSet) check(r request) (object, error) {
	token, err := jwt.ParseSigned(r.Token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(r.Alg)})
	if err != nil {
		return nil, err
	}
	var registered jwt.Claims
	claims := object{}
	if err := token.Claims(jose.JSONWebKeySet(s), &registered, &claims); err != nil {
		return nil, err
	}
	expected := jwt.Expected{Issuer: r.Issuer, AnyAudience: jwt.Audience{r.Audience}, Time: time.Now()}
	return claims, registered.Validate(expected)
}

func (s goJoseSet) kids() ([]string, error) {
	kids := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		kids[i] = key.KeyID
	}
	return kids, nil
}

func (s goJoseSet) thumbprints() ([]string, error) {
	found := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		sum, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, err
		}
		found[i] = base64.RawURLEncoding.EncodeToString(sum)
	}
	return found, nil
}
