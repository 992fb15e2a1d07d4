package main

import (
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	event, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	res, err := Send(os.Getenv("EVENTS_URL"), os.Getenv("EVENTS_SECRET"), event)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %s", res.StatusCode, answer)
}
