package command

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func checkHides(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: hides SECRET FILE...")
	}
	found := ""
	for _, arg := range args[1:] {
		if arg == "stdout" || arg == "stderr" {
			if form := reveals([]byte(ts.ReadFile(arg)), args[0]); form != "" {
				found = arg + " has the secret " + form
			}
			continue
		}
		files, err := filepath.Glob(ts.MkAbs(arg))
		ts.Check(err)
		if len(files) == 0 {
			ts.Fatalf("no file %s", arg)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			ts.Check(err)
			if form := reveals(b, args[0]); form != "" {
				found = file + " has the secret " + form
			}
		}
	}
	if found == "" == neg {
		ts.Fatalf("%s", found)
	}
}

// reveals says in which form a secret is in b; empty: in none.
func reveals(b []byte, secret string) string {
	forms := map[string]string{
		secret:                             "as it is",
		hex.EncodeToString([]byte(secret)): "in hexadecimal digits",
		strings.ToUpper(hex.EncodeToString([]byte(secret))): "in hexadecimal digits",
	}
	// In a longer text its base64 depends on what stands before it: the first
	// and the last characters are shared with the neighbours.
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			s := enc.EncodeToString(append(make([]byte, before), secret...))
			begin := []int{0, 2, 3}[before]
			end := (before + len(secret)) * 8 / 6
			forms[s[begin:end]] = "in base64"
		}
	}
	for form, name := range forms {
		if bytes.Contains(b, []byte(form)) {
			return name
		}
	}
	return ""
}

// What finds secrets has to find them.
func TestReveals(t *testing.T) {
	t.Parallel()
	const secret = "secret-of-host-1"
	for _, before := range []string{"", "x", "xy", "xyz", "xyz1"} {
		text := before + secret + "after"
		for name, b := range map[string]string{
			"plain":   text,
			"base64":  base64.StdEncoding.EncodeToString([]byte(text)),
			"url":     base64.URLEncoding.EncodeToString([]byte(text)),
			"hex":     hex.EncodeToString([]byte(text)),
			"at last": base64.StdEncoding.EncodeToString([]byte(before + secret)),
		} {
			if reveals([]byte(b), secret) == "" {
				t.Errorf("%s after %q: it is not found in %s", name, before, b)
			}
		}
	}
	if form := reveals([]byte("secret-of-host-2"), secret); form != "" {
		t.Errorf("found %s where it is not", form)
	}
}
