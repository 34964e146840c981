package flags

import (
	"context"
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A nameRef is our iSCSI name as --initiator-name has it: the name itself, file:PATH
// or cred:NAME.
type nameRef struct{ given string }

func (r *nameRef) String() string { return "" }

func (r *nameRef) Type() string { return "IQN" }

// Set takes a name, or a reference to one. Nothing of a name is changed: access
// lists of targets may compare it byte for byte.
func (r *nameRef) Set(s string) error {
	scheme, rest, found := strings.Cut(s, ":")
	switch {
	case s == "":
		return (&text{&r.given, ""}).Set(s)
	case found && scheme == "file":
		if rest == "" {
			return errors.New("file: must be followed by the path of a file")
		}
	case found && scheme == "cred":
		if !isCredential(rest) {
			return errors.New("cred: must be followed by the name of a credential")
		}
	case found && (scheme == "env" || scheme == "fd"):
		return errors.New("expected the name itself, file:PATH or cred:NAME")
	default:
		if _, err := name.CheckName(s); err != nil {
			return errors.New(wording.ConfigReason(err))
		}
	}
	r.given = s
	return nil
}

// Origin says where the name is from.
func (r *nameRef) Origin() string {
	if r.isRef() {
		return r.given
	}
	return "--initiator-name"
}

func (r *nameRef) isRef() bool {
	scheme, _, found := strings.Cut(r.given, ":")
	return found && (scheme == "file" || scheme == "cred")
}

// resolve returns the name; empty: none was given. What is wrong with where it is is
// an *exit.UsageError.
func (r *nameRef) resolve(ctx context.Context, w *machine.Env) (string, error) {
	if !r.isRef() {
		return r.given, nil
	}
	b, err := unlessDone(ctx, func() (b []byte, err error) {
		scheme, path, _ := strings.Cut(r.given, ":")
		if scheme == "cred" {
			if path, err = w.Credential(path); err != nil {
				return nil, err
			}
		}
		return w.ReadFile(path, MaxNameFile)
	})
	name := ""
	if err == nil {
		name, err = NameIn(b, true, RuleOfNames(false))
	}
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", exit.Usagef("--initiator-name %s: %s", r.given, FileReason(err))
	}
	return name, nil
}

// CheckName refuses a name of ours that --strict-names does not take.
func (r *Run) CheckName(iqn string) error {
	if !r.Strict || iqn == "" {
		return nil
	}
	if err := name.Validate(iqn); err != nil {
		return exit.Usagef("--strict-names: %s", err)
	}
	return nil
}
