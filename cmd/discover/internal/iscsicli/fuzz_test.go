package iscsicli

import (
	"errors"
	"strings"
	"testing"
)

// FuzzArguments: whatever the arguments, a verb is understood, or its usage is the
// answer.
func FuzzArguments(f *testing.F) {
	for _, args := range []string{
		"192.0.2.10\x003260", "192.0.2.10\x003260\x00host\x000\x000x27\x001\x001\x001\x001\x000\x000\x00u\x00file:s\x001",
		"*\x00*\x001\x00192.0.2.10\x00env:K\x00T", "iqn.x:y\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x00*\x001\x000\x000\x000\x000", "[", "::",
	} {
		f.Add(args)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\x00")
		for _, v := range Verbs() {
			request, err := v.Parse(args)
			var usage *UsageError
			switch {
			case err == nil && request == nil:
				t.Errorf("%s: neither a request nor an error", v.Name)
			case err != nil && (!errors.As(err, &usage) || usage.Verb != v || request != nil):
				t.Errorf("%s: got %v, %v", v.Name, request, err)
			}
		}
	})
}
