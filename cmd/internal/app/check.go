package app

import (
	"context"
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// jsonCheck is one thing that was looked at.
type jsonCheck struct {
	Check string        `json:"check"` // file, integrity, record, secrets, records or key
	Of    jsonitem.Text `json:"of"`    // a path, or the key of a record
	OK    bool          `json:"ok"`
	Text  jsonitem.Text `json:"text"` // what was found, and where it is not ok what to do
}

// A checking looks at a registry and tells what it finds.
type checking struct {
	*Command
	ctx  context.Context
	path string
	l    *render.Listing
	bad  int
}

// CheckRegistry looks at all there is of the registry at path.
func (c *Command) CheckRegistry(ctx context.Context, path string) error {
	k := &checking{Command: c, ctx: ctx, path: path, l: c.NewListing("checks", "check", "CHECK", "OF", "RESULT", "WHAT WAS FOUND")}
	err := k.files()
	if err == nil {
		err = k.contents()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err := errors.Join(err, k.l.End()); err != nil {
		return err
	}
	if k.bad > 0 {
		return exit.StatusError(exit.Failed)
	}
	return nil
}

// found tells of one thing. A nil err is a good one, and text says what it is.
func (k *checking) found(check, of string, err error, text string) error {
	result := "ok"
	if err != nil {
		k.bad++
		result, text = "bad", k.reason(err)
	}
	return k.l.Item(jsonCheck{check, jsonitem.Text(of), err == nil, jsonitem.Text(text)}, []string{check, of, result, text})
}

// reason returns an error without the name of the registry, which stands beside it.
func (k *checking) reason(err error) string {
	return strings.TrimPrefix(err.Error(), "registry "+k.path+": ")
}

// files looks at the files from outside.
func (k *checking) files() error {
	files, err := sqlite.Files(k.path)
	if err != nil {
		return k.found("file", k.path, err, "")
	}
	for _, f := range files {
		if err := k.found("file", f.Path, f.Err, "mode "+f.Mode.Perm().String()); err != nil {
			return err
		}
	}
	return nil
}

// contents reads the registry.
func (k *checking) contents() error {
	store, err := sqlite.OpenReadOnly(k.ctx, k.path)
	if k.ctx.Err() != nil {
		return context.Cause(k.ctx)
	}
	if err != nil {
		if k.bad > 0 {
			return nil // it was said of the file
		}
		return k.found("integrity", k.path, err, "")
	}
	defer store.Close() //nolint:errcheck // nothing was written through it
	if err := k.found("integrity", k.path, store.Check(k.ctx), "each page was read"); err != nil {
		return err
	}
	s := k.newSealer(k.ctx, store, k.path)
	opener, err := k.key(s)
	if err != nil {
		return err
	}
	return k.records(store, opener)
}

// key looks at the key of the secrets, and returns what opens them; nil: there is
// nothing to open them with.
func (k *checking) key(s *sealer) (registry.Sealer, error) {
	known, _, err := s.sealing()
	switch {
	case err != nil:
		return nil, k.found("record", sealingKey, err, "")
	case known == nil:
		return nil, k.strayKeys(s.file, "")
	case known.byPassphrase() && !k.Global.Key.Given():
		if err := k.strayKeys(s.file, passphraseKey); err != nil {
			return nil, err
		}
		return nil, k.found("key", "", nil, "a passphrase; with --key REF the secrets are opened, too")
	}
	found, err := s.find(false)
	if usage := (*exit.UsageError)(nil); errors.As(err, &usage) {
		return nil, err
	}
	if err == nil && !known.byPassphrase() {
		err = k.keyFile(s, known)
	}
	if err != nil {
		of := s.file
		if known.byPassphrase() {
			of = ""
		}
		return nil, k.found("key", of, err, "")
	}
	if known.byPassphrase() {
		if err := k.strayKeys(s.file, passphraseKey); err != nil {
			return nil, err
		}
		return found, k.found("key", "", nil, "the passphrase is the one of the registry")
	}
	if err := k.strayKeys(s.file, known.Key); err != nil {
		return nil, err
	}
	return found, k.found("key", s.file, nil, "for its owner alone")
}

// keyFile judges the file of the key, which may still be beside its place.
func (k *checking) keyFile(s *sealer, known *sealing) error {
	file := s.file
	for _, id := range seal.NextKeys(s.file) {
		if id == known.Key {
			file += "." + id
		}
	}
	return seal.CheckKeyFile(file, k.path)
}

// passphraseKey is the key in use where that is none in a file.
const passphraseKey = "passphrase"

// strayKeys tells of keys that a rekey which did not end has left: keep is in use.
func (k *checking) strayKeys(file, keep string) error {
	if keep == passphraseKey && fileExists(file) {
		if err := k.found("key", file, nil, "not used: the secrets are sealed by a passphrase"); err != nil {
			return err
		}
	}
	for _, id := range seal.NextKeys(file) {
		if id == keep {
			continue
		}
		err := errors.New("this key is left from an interrupted discover registry rekey and seals no secret; the next discover registry rekey removes it")
		if err := k.found("key", file+"."+id, err, ""); err != nil {
			return err
		}
	}
	return nil
}

// records reads each record, and opens the secrets in it.
func (k *checking) records(store registry.Store, opener registry.Sealer) error {
	total, sealed := 0, 0
	for r, err := range store.List(k.ctx, "") {
		if err != nil {
			return k.found("records", k.path, err, "")
		}
		total++
		n, err := registry.CheckRecord(r, opener)
		sealed += n
		if err == nil {
			continue
		}
		if err := k.found("record", r.Key, err, ""); err != nil {
			return err
		}
	}
	text := wording.Plural(total, "record", "records") + ", " + wording.Plural(sealed, "sealed secret", "sealed secrets")
	if opener == nil && sealed > 0 {
		text += ", not opened"
	}
	return k.found("records", k.path, nil, text)
}
