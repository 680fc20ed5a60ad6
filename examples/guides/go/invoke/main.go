package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func main() {
	ctx := context.Background()
	configuration, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	output, err := lambda.NewFromConfig(configuration).Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(cmp.Or(os.Getenv("ISSUER_FUNCTION"), "signet:web")),
		Payload:      []byte(`{"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	var answer struct{ Token, ErrorType, ErrorMessage string }
	if err := json.Unmarshal(output.Payload, &answer); err != nil {
		log.Fatal(err)
	}
	if output.FunctionError != nil {
		log.Fatalf("%s: %s", answer.ErrorType, answer.ErrorMessage)
	}
	fmt.Println(answer.Token)
}
