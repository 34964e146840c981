//go:build linux

// Jobd does one job of the tests of IPsec, in a guest.
package main

import (
	"os"

	"github.com/go-iscsi/discovery/test/ipsec/job"
)

func main() { os.Exit(job.Main(os.Getenv(job.Variable))) }
