// The same function in Go, as a peer: claims in, a signed token out, one log line for each invocation. ROLE tells which one it is:
// "empty" does nothing, "memory" signs with a key that it holds, "reads" with one that it reads from Parameter Store before its first
// event, "kms" has KMS sign and checks nothing.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/golang-jwt/jwt/v5"
)

type request struct {
	Claims map[string]any `json:"claims"`
	TTL    int64          `json:"ttl"`
	SetIat bool           `json:"setIat"`
}

type reply struct {
	Token string `json:"token"`
}

type signer func(ctx context.Context, token *jwt.Token) (string, error)

func main() {
	ctx := context.Background()
	switch os.Getenv("ROLE") {
	case "empty":
		lambda.Start(func(context.Context, request) (reply, error) { return reply{}, nil })
	case "memory":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		lambda.Start(issuer(func(_ context.Context, token *jwt.Token) (string, error) { return token.SignedString(key) }))
	case "reads":
		settings, err := config.LoadDefaultConfig(ctx)
		must(err)
		name, decrypted := os.Getenv("BENCH_PARAMETER"), true
		read, err := ssm.NewFromConfig(settings).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{name}, WithDecryption: &decrypted})
		must(err)
		block, _ := pem.Decode([]byte(*read.Parameters[0].Value))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		must(err)
		lambda.Start(issuer(func(_ context.Context, token *jwt.Token) (string, error) { return token.SignedString(key) }))
	case "kms":
		settings, err := config.LoadDefaultConfig(ctx)
		must(err)
		client, id := kms.NewFromConfig(settings), os.Getenv("KMS_KEY_ID")
		public, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &id})
		must(err)
		_, err = x509.ParsePKIXPublicKey(public.PublicKey)
		must(err)
		lambda.Start(issuer(kmsSigner(client, id)))
	default:
		panic("ROLE is empty, memory, reads or kms")
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func issuer(sign signer) func(context.Context, request) (reply, error) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	return func(ctx context.Context, asked request) (reply, error) {
		began := time.Now()
		claims := jwt.MapClaims(asked.Claims)
		if asked.SetIat {
			claims["iat"] = began.Unix()
		}
		claims["exp"] = began.Unix() + asked.TTL
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		token.Header["kid"] = "bench"
		text, err := sign(ctx, token)
		invocation, _ := lambdacontext.FromContext(ctx)
		log.Info("issued", "requestId", invocation.AwsRequestID, "ms", time.Since(began).Milliseconds(), "ok", err == nil)
		return reply{Token: text}, err
	}
}

// kmsSigner has KMS sign the digest, and turns its DER into r and s of 32 bytes each (RFC 7518, section 3.4).
func kmsSigner(client *kms.Client, id string) signer {
	return func(ctx context.Context, token *jwt.Token) (string, error) {
		input, err := token.SigningString()
		if err != nil {
			return "", err
		}
		digest := sha256.Sum256([]byte(input))
		signed, err := client.Sign(ctx, &kms.SignInput{KeyId: aws.String(id), Message: digest[:],
			MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
		if err != nil {
			return "", err
		}
		var pair struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(signed.Signature, &pair); err != nil {
			return "", err
		}
		var raw [64]byte
		pair.R.FillBytes(raw[:32])
		pair.S.FillBytes(raw[32:])
		return input + "." + base64.RawURLEncoding.EncodeToString(raw[:]), nil
	}
}
