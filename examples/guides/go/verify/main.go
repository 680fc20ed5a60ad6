package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	issuer := cmp.Or(os.Getenv("ISSUER_URL"), "http://localhost:7117")

	// One for the whole program: it keeps the keys, and fetches them again when a token names a new one.
	keys, err := keyfunc.NewDefaultCtx(context.Background(), []string{issuer + "/.well-known/jwks.json"})
	if err != nil {
		log.Fatal(err)
	}
	token, err := jwt.Parse(os.Args[1], keys.Keyfunc,
		jwt.WithIssuer(issuer),
		jwt.WithAudience("my-api"),
		jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithExpirationRequired())
	if err != nil {
		log.Fatal(err)
	}
	subject, err := token.Claims.GetSubject()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(subject)
}
