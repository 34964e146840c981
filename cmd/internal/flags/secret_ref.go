package flags

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/auth"
)

// SecretSchemes are the ways to say where a secret is.
var SecretSchemes = []string{"file:", "env:", "cred:", "fd:", "prompt"}

// maxSecretFile is how many bytes of a secret are read. CHAP takes 255.
const maxSecretFile = 4096

// A SecretRef says where a secret is, and is never the secret. Since the
// secret may be given in its place all the same, no error repeats any of it.
type SecretRef struct {
	Scheme, rest string

	// AsIs leaves a byte-order mark in the secret. A registry may be sealed by
	// one that has it.
	AsIs bool
}

// String is empty, so that no list of flags shows where a secret is.
func (r *SecretRef) String() string { return "" }

// Type stands for the value in the manual.
func (r *SecretRef) Type() string { return "REF" }

// Set takes a reference and refuses all else.
func (r *SecretRef) Set(s string) error {
	scheme, rest, _ := strings.Cut(s, ":")
	switch {
	case s == "prompt":
	case scheme == "file" && rest != "", scheme == "env" && rest != "" && !strings.Contains(rest, "="):
	case scheme == "cred" && isCredential(rest):
	case scheme == "fd":
		if n, err := strconv.ParseUint(rest, 10, 16); err != nil || n == 1 || n == 2 {
			return errors.New("expected the number of a file descriptor that is open for reading, such as fd:3")
		}
	default:
		return errors.New("the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt")
	}
	r.Scheme, r.rest = scheme, rest
	return nil
}

// Given reports whether there is a reference at all.
func (r *SecretRef) Given() bool { return r.Scheme != "" }

// ReadsStdin reports whether the secret comes by standard input.
func (r *SecretRef) ReadsStdin() bool { return r.Scheme == "fd" && r.fd() == 0 }

func (r *SecretRef) fd() int {
	n, _ := strconv.Atoi(r.rest) // Set has seen to it
	return n
}

// Lasts reports a reference that can be read at each use.
func (r *SecretRef) Lasts() bool { return r.Scheme == "file" || r.Scheme == "cred" }

// Stored returns the reference as the registry keeps it.
func (r *SecretRef) Stored() (string, error) {
	if r.Scheme != "file" {
		return r.Scheme + ":" + r.rest, nil
	}
	path, err := filepath.Abs(r.rest)
	if err != nil {
		return "", exit.Usagef("the path is relative, and the current directory no longer exists")
	}
	return "file:" + path, nil
}

// SecretOf reads the secret that the registry has a reference to.
func SecretOf(ctx context.Context, w *machine.Env, ref string) (auth.Secret, error) {
	var r SecretRef
	if err := r.Set(ref); err != nil || !r.Lasts() {
		return auth.Secret{}, errors.New("this version of discover does not know this kind of reference")
	}
	b, err := r.read(ctx, w, "")
	switch {
	case ctx.Err() != nil:
		return auth.Secret{}, context.Cause(ctx)
	case err != nil:
		return auth.Secret{}, fmt.Errorf("%s: %s", ref, wording.ReasonOnly(err))
	case len(b) == 0:
		return auth.Secret{}, fmt.Errorf("%s: the secret is empty", ref)
	}
	return auth.NewSecret(b), nil
}

// CheckRefs refuses two references to what can be read once.
func CheckRefs(refs ...*SecretRef) error {
	seen := make(map[int]bool)
	for _, r := range refs {
		if r.Scheme != "fd" {
			continue
		}
		if seen[r.fd()] {
			return exit.Usagef("two secrets refer to the same file descriptor, which can be read only once")
		}
		seen[r.fd()] = true
	}
	return nil
}

// Resolve reads the secret. flag and question say what it is for.
func (r *SecretRef) Resolve(ctx context.Context, w *machine.Env, flag, question string) (auth.Secret, error) {
	b, err := r.read(ctx, w, question)
	switch {
	case ctx.Err() != nil:
		return auth.Secret{}, context.Cause(ctx)
	case err != nil:
		return auth.Secret{}, exit.Usagef("%s: %s", flag, wording.ReasonOnly(err))
	case len(b) == 0:
		return auth.Secret{}, exit.Usagef("%s: the secret is empty", flag)
	}
	return auth.NewSecret(b), nil
}

// read returns what is where the reference says.
func (r *SecretRef) read(ctx context.Context, w *machine.Env, question string) ([]byte, error) {
	switch r.Scheme {
	case "prompt":
		return w.Ask(ctx, question)
	case "env":
		s, ok := w.LookupEnv(r.rest)
		if !ok {
			return nil, errors.New("the environment variable is not set")
		}
		return []byte(s), nil
	}
	return unlessDone(ctx, func() ([]byte, error) { return r.readFile(w) })
}

// unlessDone returns what read does, or why ctx ended before: a pipe may never
// be written to.
func unlessDone(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	done := make(chan struct{})
	var got []byte
	var failed error
	go func() {
		defer close(done)
		got, failed = read()
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readFile reads a file, or what is open already.
func (r *SecretRef) readFile(w *machine.Env) (b []byte, err error) {
	switch r.Scheme {
	case "cred":
		var path string
		if path, err = w.Credential(r.rest); err == nil {
			b, err = w.ReadFile(path, maxSecretFile)
		}
	case "fd":
		var f io.ReadCloser
		if f, err = w.OpenFD(r.fd()); err == nil {
			defer f.Close()
			b, err = machine.ReadAll(f, maxSecretFile)
		}
	default:
		b, err = w.ReadFile(r.rest, maxSecretFile)
	}
	if err == nil && !r.AsIs {
		b, err = machine.UTF8Text(b)
	}
	return dropNewline(b), err
}

// isCredential reports what may be the name of a credential.
func isCredential(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `/\`)
}

// dropNewline drops one line end, which editors and echo leave behind.
func dropNewline(b []byte) []byte {
	if line, ok := bytes.CutSuffix(b, []byte("\n")); ok {
		return bytes.TrimSuffix(line, []byte("\r"))
	}
	return b
}
