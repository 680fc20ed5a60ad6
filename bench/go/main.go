// golang-jwt as a contestant: reads JSON lines on stdin, does what each asks so many times, answers how long that took.
package main

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type job struct {
	Op, Alg, Kid, PrivatePem, Issuer, Audience string
	TTLSeconds                                 int64
	Count                                      int
	Claims                                     []map[string]any
	Tokens                                     []string
}

type answer struct {
	Microseconds int64  `json:"microseconds"`
	Token        string `json:"token,omitempty"`
	Version      string `json:"version,omitempty"`
	Error        string `json:"error,omitempty"`
}

// setting is what the last "prepare" left.
type setting struct {
	job
	method  jwt.SigningMethod
	private crypto.Signer
	parser  *jwt.Parser
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	var current setting
	for in.Scan() {
		reply, err := current.do(in.Bytes())
		if err != nil {
			reply.Error = err.Error()
		}
		if err := out.Encode(reply); err != nil {
			os.Exit(1)
		}
	}
}

// processorTime answers the microseconds that this process has spent on the processor, all its threads together.
func processorTime() int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return (used.Utime.Nano() + used.Stime.Nano()) / 1000
}

func (s *setting) do(line []byte) (answer, error) {
	var asked job
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{}, err
	}
	switch asked.Op {
	case "prepare":
		return answer{Version: runtime.Version()}, s.prepare(asked)
	case "issue":
		return s.issue(asked.Count)
	case "verify":
		return s.verify(asked.Count)
	}
	return answer{}, fmt.Errorf("no such work: %s", asked.Op)
}

func (s *setting) prepare(asked job) error {
	block, _ := pem.Decode([]byte(asked.PrivatePem))
	if block == nil {
		return errors.New("not a PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return errors.New("not a key that signs")
	}
	*s = setting{
		job:     asked,
		method:  jwt.GetSigningMethod(asked.Alg),
		private: signer,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{asked.Alg}), jwt.WithIssuer(asked.Issuer),
			jwt.WithAudience(asked.Audience), jwt.WithExpirationRequired()),
	}
	return nil
}

func (s *setting) issue(count int) (answer, error) {
	var text string
	start := processorTime()
	for i := range count {
		iat := time.Now().Unix()
		claims := jwt.MapClaims{"iat": iat, "exp": iat + s.TTLSeconds}
		for name, value := range s.Claims[i%len(s.Claims)] {
			claims[name] = value
		}
		token := jwt.NewWithClaims(s.method, claims)
		token.Header["kid"] = s.Kid
		var err error
		if text, err = token.SignedString(s.private); err != nil {
			return answer{}, err
		}
	}
	return answer{Microseconds: processorTime() - start, Token: text}, nil
}

func (s *setting) verify(count int) (answer, error) {
	public := s.private.Public()
	find := func(*jwt.Token) (any, error) { return public, nil }
	start := processorTime()
	for i := range count {
		if _, err := s.parser.Parse(s.Tokens[i%len(s.Tokens)], find); err != nil {
			return answer{}, err
		}
	}
	return answer{Microseconds: processorTime() - start}, nil
}
