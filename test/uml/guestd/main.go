//go:build linux

// Guestd is the first process of a guest, and, on the test's side of the same
// guest, what starts its kernel.
package main

import (
	"fmt"
	"os"

	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 2 && os.Args[1] == control.LaunchArg:
		err = launch(os.Args[2:])
	case os.Getpid() == 1:
		err = guest()
	default:
		err = fmt.Errorf("usage: %s %s KERNEL [ARGUMENT]", os.Args[0], control.LaunchArg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guestd:", err)
		os.Exit(1)
	}
}
