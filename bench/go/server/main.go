// The same work as `POST /issue` by net/http and golang-jwt: a caller's secret, the request's JSON, a token, a line of log, a metric.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type request struct {
	Claims map[string]any `json:"claims"`
	TTL    int64          `json:"ttl"`
	SetIat bool           `json:"setIat"`
}

var (
	answered = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"route", "status"})
	seconds  = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_seconds"}, []string{"route"})
)

func issue(key *ecdsa.PrivateKey, body io.Reader) (string, error) {
	var asked request
	decoder := json.NewDecoder(io.LimitReader(body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return "", err
	}
	if asked.TTL < 1 || asked.TTL > 86400 {
		return "", errors.New("ttl is out of bounds")
	}
	now := time.Now().Unix()
	claims := jwt.MapClaims{"exp": now + asked.TTL, "iss": "https://issuer.example"}
	for name, value := range asked.Claims {
		claims[name] = value
	}
	if asked.SetIat {
		claims["iat"] = now
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "bench"
	return token.SignedString(key)
}

func main() {
	secret := sha256.Sum256([]byte(os.Args[1]))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	prometheus.MustRegister(answered, seconds)
	http.HandleFunc("POST /issue", func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		status := http.StatusOK
		given := sha256.Sum256([]byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		w.Header().Set("content-type", "application/json")
		w.Header().Set("cache-control", "no-store")
		if subtle.ConstantTimeCompare(given[:], secret[:]) != 1 {
			status = http.StatusUnauthorized
			w.WriteHeader(status)
		} else if token, err := issue(key, r.Body); err != nil {
			status = http.StatusBadRequest
			w.WriteHeader(status)
		} else {
			fmt.Fprintf(w, `{"token":%q}`, token)
		}
		answered.WithLabelValues("/issue", http.StatusText(status)).Inc()
		seconds.WithLabelValues("/issue").Observe(time.Since(began).Seconds())
		log.Info("answered", "route", "/issue", "status", status, "caller", "bench", "ms", time.Since(began).Milliseconds())
	})
	http.Handle("GET /metrics", promhttp.Handler())
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok"}`) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "serves http://%s\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
