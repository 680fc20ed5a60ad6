package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

type subjectKey struct{}

// authenticated lets requests with a good token through, and hands its subject on in their context.
func authenticated(verifier *oidc.IDTokenVerifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		raw, isBearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		if !isBearer {
			refuse(response, "Bearer")
			return
		}
		token, err := verifier.Verify(request.Context(), raw)
		if err != nil {
			refuse(response, `Bearer error="invalid_token"`)
			return
		}
		ctx := context.WithValue(request.Context(), subjectKey{}, token.Subject)
		next.ServeHTTP(response, request.WithContext(ctx))
	})
}

func refuse(response http.ResponseWriter, challenge string) {
	response.Header().Set("WWW-Authenticate", challenge)
	http.Error(response, "a good token is needed", http.StatusUnauthorized)
}

func hello(response http.ResponseWriter, request *http.Request) {
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(map[string]any{"hello": request.Context().Value(subjectKey{})})
}

func main() {
	issuer := cmp.Or(os.Getenv("ISSUER_URL"), "http://localhost:7117")

	// Reads the discovery document, which names the algorithms; keys are fetched when a token names one that is not known.
	provider, err := oidc.NewProvider(context.Background(), issuer)
	if err != nil {
		log.Fatal(err)
	}
	// What go-oidc calls the client is the audience.
	verifier := provider.Verifier(&oidc.Config{ClientID: "my-api"})

	http.Handle("GET /hello", authenticated(verifier, http.HandlerFunc(hello)))
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8000"), nil))
}
