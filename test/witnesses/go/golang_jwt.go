package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"io"
	"net/http"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// golang-jwt reads no JWKS; keyfunc, which its users put beside it, does.
var golangJwt = library{
	module: "github.com/golang-jwt/jwt/v5",
	beside: "github.com/MicahParks/keyfunc/v3",
	jwk: func(public crypto.PublicKey, alg, kid string) (any, error) {
		named := jwkset.JWKMetadataOptions{ALG: jwkset.ALG(alg), KID: kid, USE: jwkset.UseSig}
		jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: named})
		return jwk.Marshal(), err
	},
	sign: func(private crypto.Signer, alg, kid string, claims object) (string, error) {
		method := jwt.GetSigningMethod(alg)
		if method == nil {
			return "", jwt.ErrTokenUnverifiable
		}
		token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
		token.Header["kid"] = kid
		return token.SignedString(private)
	},
	read: func(jwks json.RawMessage) (keySet, error) {
		// The way by which a verifier reads an issuer's URL, over a transport that answers what was given.
		client := &http.Client{Transport: canned(jwks)}
		storage, err := jwkset.NewStorageFromHTTP("https://issuer.invalid/jwks.json", jwkset.HTTPClientStorageOptions{Client: client})
		if err != nil {
			return nil, err
		}
		find, err := keyfunc.New(keyfunc.Options{Storage: storage})
		return keyfuncSet{storage, find}, err
	},
}

type canned []byte

func (body canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

type keyfuncSet struct {
	storage jwkset.Storage
	find    keyfunc.Keyfunc
}

func (s keyfuncSet) check(r request) (object, error) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(r.Token, claims, s.find.Keyfunc, jwt.WithValidMethods([]string{r.Alg}),
		jwt.WithIssuer(r.Issuer), jwt.WithAudience(r.Audience), jwt.WithExpirationRequired())
	return claims, err
}

func (s keyfuncSet) kids() ([]string, error) {
	all, err := s.storage.KeyReadAll(context.Background())
	kids := make([]string, len(all))
	for i, key := range all {
		kids[i] = key.Marshal().KID
	}
	return kids, err
}

func (s keyfuncSet) thumbprints() ([]string, error) { return nil, nil }
