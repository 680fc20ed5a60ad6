package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

type step struct {
	Name, Qualifier, Type, Payload string
	Tail                           bool
}

// invoke does the invocations that stand on stdin with AWS's SDK for Go, and prints what came of each.
func invoke() error {
	var task struct {
		Endpoint string
		Steps    []step
	}
	if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
		return err
	}
	client := lambda.New(lambda.Options{
		BaseEndpoint: aws.String(task.Endpoint),
		Region:       "us-east-1",
		Credentials:  aws.AnonymousCredentials{},
	})
	answers := []object{}
	for _, s := range task.Steps {
		answers = append(answers, answerTo(client, s))
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func answerTo(client *lambda.Client, s step) object {
	input := &lambda.InvokeInput{FunctionName: aws.String(s.Name), Payload: []byte(s.Payload)}
	if s.Qualifier != "" {
		input.Qualifier = aws.String(s.Qualifier)
	}
	if s.Type != "" {
		input.InvocationType = types.InvocationType(s.Type)
	}
	if s.Tail {
		input.LogType = types.LogTypeTail
	}
	answer, err := client.Invoke(context.Background(), input)
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return object{"error": refused.ErrorCode()}
	}
	if err != nil {
		return object{"error": err.Error()}
	}
	return object{
		"status":        answer.StatusCode,
		"functionError": aws.ToString(answer.FunctionError),
		"version":       aws.ToString(answer.ExecutedVersion),
		"log":           aws.ToString(answer.LogResult),
		"payload":       string(answer.Payload),
	}
}
