// Two Go libraries as witnesses, named by the argument: they answer JSON lines on stdin with JSON lines on stdout. And AWS's SDK, and x/oauth2.
package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

type object = map[string]any

type request struct {
	Op, Name, Alg, Kid, Token, Issuer, Audience, LeadingZero string
	Claims                                                   object
	Jwks                                                     json.RawMessage
}

// library is what differs between the witnesses. A refusal is an error of check; an error of read is a key set that cannot be used.
type library struct {
	module string
	beside string
	jwk    func(public crypto.PublicKey, alg, kid string) (any, error)
	sign   func(private crypto.Signer, alg, kid string, claims object) (string, error)
	read   func(jwks json.RawMessage) (keySet, error)
}

type keySet interface {
	check(r request) (object, error)
	kids() ([]string, error)
	// thumbprints answers nil where the library computes none.
	thumbprints() ([]string, error)
}

type ownKey struct {
	private crypto.Signer
	kid     string
}

var own = map[string]ownKey{}

func newKey(alg string) (crypto.Signer, error) {
	switch alg {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA", "Ed25519":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("no key for %s", alg)
}

func (l library) hello() (any, error) {
	build, _ := debug.ReadBuildInfo()
	found := map[string]string{}
	for _, module := range build.Deps {
		found[module.Path] = strings.TrimPrefix(module.Version, "v")
	}
	where := runtime.Version()
	if l.beside != "" {
		where += ", " + l.beside + " " + found[l.beside]
	}
	return object{"version": found[l.module], "runtime": strings.Replace(where, "go", "Go ", 1)}, nil
}

func (l library) keygen(r request) (any, error) {
	private, err := newKey(r.Alg)
	if err != nil {
		return nil, err
	}
	jwk, err := l.jwk(private.Public(), r.Alg, r.Kid)
	if err != nil {
		return nil, err
	}
	own[r.Name] = ownKey{private, r.Kid}
	return object{"jwk": jwk}, nil
}

func (l library) signUntil(r request) (any, error) {
	key := own[r.Name]
	for attempt := range 20_000 {
		if r.LeadingZero != "" {
			r.Claims["jti"] = fmt.Sprintf("attempt-%d", attempt)
		}
		token, err := l.sign(key.private, r.Alg, key.kid, r.Claims)
		if err != nil {
			return nil, err
		}
		signature, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
		if err != nil {
			return nil, err
		}
		at := map[string]int{"r": 0, "s": len(signature) / 2}[r.LeadingZero]
		if r.LeadingZero == "" || signature[at] == 0 {
			return object{"token": token}, nil
		}
	}
	return nil, fmt.Errorf("no %s with a leading zero byte in 20,000 signatures", r.LeadingZero)
}

func (l library) verify(r request) (any, error) {
	set, err := l.read(r.Jwks)
	if err != nil {
		return nil, err
	}
	claims, err := set.check(r)
	if err != nil {
		return object{"refused": "error", "why": err.Error()}, nil
	}
	return object{"verified": claims}, nil
}

func (l library) keys(r request) (any, error) {
	set, err := l.read(r.Jwks)
	if err != nil {
		return nil, err
	}
	kids, err := set.kids()
	if err != nil {
		return nil, err
	}
	thumbprints, err := set.thumbprints()
	return object{"kids": kids, "thumbprints": thumbprints}, err
}

func (l library) outcome(r request) any {
	operations := map[string]func(request) (any, error){
		"hello":  func(request) (any, error) { return l.hello() },
		"keygen": l.keygen,
		"sign":   l.signUntil,
		"verify": l.verify,
		"keys":   l.keys,
	}
	answer, err := operations[r.Op](r)
	if err != nil {
		return object{"error": err.Error()}
	}
	return answer
}

func main() {
	if task := map[string]func() error{"invoke": invoke, "oauth": oauth}[os.Args[1]]; task != nil {
		if err := task(); err != nil {
			panic(err)
		}
		return
	}
	witness := map[string]library{"golang-jwt": golangJwt, "go-jose": goJose}[os.Args[1]]
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			panic(err)
		}
		if err := answers.Encode(witness.outcome(r)); err != nil {
			panic(err)
		}
	}
}
