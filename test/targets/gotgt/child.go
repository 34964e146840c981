package gotgt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// ErrSystem is the error of a system for which gotgt cannot be built.
var ErrSystem = errors.New("gotgt does not build for " + runtime.GOOS)

// readyLine is what the child says when it listens.
const readyLine = "ready\n"

// Child is the whole of a child's main function. It reads a Config as JSON from
// standard input, serves it, says so on standard output, and ends the process
// when standard input ends, as it does when the parent stops it or dies.
func Child() {
	in := json.NewDecoder(os.Stdin)
	var cfg Config
	if err := in.Decode(&cfg); err != nil {
		exit(fmt.Errorf("gotgt: configuration: %w", err))
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // any end of it is the end
		os.Exit(0)
	}()
	exit(Serve(cfg, func() { fmt.Print(readyLine) }))
}

func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
