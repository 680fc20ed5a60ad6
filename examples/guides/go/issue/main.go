package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	issuer := cmp.Or(os.Getenv("ISSUER_URL"), "http://localhost:7117")

	body := strings.NewReader(`{"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}`)
	request, err := http.NewRequest("POST", issuer+"/issue", body)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("CALLER_SECRET"))
	request.Header.Set("Content-Type", "application/json")

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()

	var answer struct{ Token, Code, Detail string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", answer.Code, answer.Detail)
	}
	fmt.Println(answer.Token)
}
