package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/internal/safefile"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// A rekeying gives a registry another key.
type rekeying struct {
	*sealer
	known   *sealing // how it is sealed now; nil: nothing is
	version uint64   // of that record
	flags   *RekeyFlags

	next *sealing     // how it will be; of a key file the id is missing
	to   *seal.Sealer // nil: a key file, which is made once no other process writes
	old  registry.Sealer
	n    int // secrets
}

// run changes the key, or in a dry run tries all secrets.
func (r *rekeying) run(store *sqlite.Store) error {
	if r.Global.DryRun {
		_, err := r.reseal(store.List(r.ctx, ""), forgetful{})
		return err
	}
	if err := store.Revise(r.ctx, r.revise); err != nil {
		return err
	}
	if err := store.Revise(r.ctx, r.finish); err != nil {
		r.Say("warning: all secrets are sealed with the new key, but the old key could not be removed: %v", err)
	}
	return nil
}

// alone refuses to take the key in the file from another registry in the same folder,
// whose secrets may be sealed by it, too.
func (r *rekeying) alone() error {
	fromFile := r.known != nil && !r.known.byPassphrase()
	if !fromFile && r.next.byPassphrase() {
		return nil // no file is touched
	}
	others, err := sqlite.Neighbours(r.registry)
	if err != nil || len(others) == 0 {
		return err
	}
	return fmt.Errorf("the key in %s may also be used by %s: first move one of the two registries, with a copy of the key, to a directory of its own", r.file, others[0])
}

// prepare finds the old key, and makes a passphrase the new one. It takes its time, and
// no other process has to wait for it.
func (r *rekeying) prepare() (err error) {
	if r.known, r.version, err = r.sealing(); err != nil {
		return err
	}
	if r.known.byPassphrase() && !r.flags.Passphrase.Given() && !r.flags.KeyFile {
		return exit.Usagef("registry rekey: give the new passphrase with --new-key REF, or --new-key-file for a key in a file")
	}
	if r.known == nil {
		if r.Global.Key.Given() {
			return exit.Usagef("registry rekey: this registry has no sealed secrets: leave out --key")
		}
	} else if r.old, err = r.find(false); err != nil {
		return err
	}
	if !r.flags.Passphrase.Given() {
		r.next = &sealing{}
		return nil
	}
	secret, err := r.newPassphrase()
	if err != nil {
		return err
	}
	salt := seal.NewSalt()
	if r.to, err = seal.Passphrase(secret, salt); err != nil {
		return err
	}
	r.next, err = newSealing(r.to, salt, r.flags.Approved)
	return err
}

// newPassphrase reads the new passphrase, at a terminal twice: what is typed there
// cannot be seen.
func (r *rekeying) newPassphrase() (auth.Secret, error) {
	ref := &r.flags.Passphrase
	secret, err := ref.Resolve(r.ctx, &r.Env, "--new-key", "new passphrase of the registry")
	if err != nil || ref.Scheme != "prompt" {
		return secret, err
	}
	again, err := ref.Resolve(r.ctx, &r.Env, "--new-key", "new passphrase of the registry, again")
	if err == nil && !again.Equal(secret) {
		err = exit.Usagef("--new-key: the two passphrases differ")
	}
	return secret, err
}

// revise seals all secrets by the new key, while no other process writes. Until the changes
// are on the disk the old key opens everything, and afterwards the new one does, which
// is on the disk before.
func (r *rekeying) revise(records iter.Seq2[registry.Record, error]) ([]registry.Change, error) {
	to, err := r.newKey()
	if err != nil {
		return nil, err
	}
	changes, err := r.reseal(records, to)
	if err != nil {
		return nil, errors.Join(err, r.tidy())
	}
	value, err := json.Marshal(r.next)
	if err != nil {
		return nil, err
	}
	changes = append(changes, registry.Change{Key: sealingKey, Version: r.version, Value: value})
	if retired := r.known.generation(); retired != r.next.generation() {
		changes = append(changes, registry.Change{Key: retiredPrefix + retired, Version: registry.AnyVersion, Value: []byte("{}")})
	}
	return changes, nil
}

// newKey returns the sealer of the new key. A key file is made beside the old one.
func (r *rekeying) newKey() (registry.Sealer, error) {
	if err := r.tidy(); err != nil {
		return nil, err
	}
	if r.to != nil {
		return r.withAlgorithm(r.to), nil
	}
	id, err := seal.NextKey(r.file, r.registry)
	if err != nil {
		return nil, err
	}
	r.next.Key = id
	return r.withAlgorithm(seal.KeyFileOf(r.file, id)), nil
}

// withAlgorithm returns the sealer with the algorithm that the flags ask for.
func (r *rekeying) withAlgorithm(s *seal.Sealer) registry.Sealer {
	if r.flags.Approved {
		return approvedSealer{s}
	}
	return s
}

// tidy ends what earlier runs have begun: a key that secrets are sealed by gets its
// place, and keys that nothing was sealed by go. It must run while no other process
// writes, between the making of a key and its use.
func (r *rekeying) tidy() error {
	if r.known == nil || r.known.Key == "" {
		return seal.DropNextKeys(r.file, "")
	}
	if err := seal.TakeNextKey(r.file, r.known.Key); err != nil {
		return err
	}
	return seal.DropNextKeys(r.file, r.known.Key)
}

// reseal returns the changes of all records with secrets, or all that is in the way.
func (r *rekeying) reseal(records iter.Seq2[registry.Record, error], to registry.Sealer) (changes []registry.Change, err error) {
	var bad []error
	seen := uint64(0) // the version of the record about sealing
	r.n = 0
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		if record.Key == sealingKey {
			seen = record.Version
			continue
		}
		value, n, err := registry.ResealRecord(record, r.oldSealer(), to)
		if err != nil {
			bad = append(bad, fmt.Errorf("record %s: %w", wording.Quoted(record.Key), err))
			continue
		}
		if n > 0 {
			r.n += n
			changes = append(changes, registry.Change{Key: record.Key, Version: record.Version, Value: value})
		}
	}
	switch {
	case seen != r.version:
		return nil, errors.New("another process has just changed the key of this registry, so this command changed nothing: run it again")
	case len(bad) > 0:
		return nil, &resealError{bad}
	}
	return changes, nil
}

// oldSealer returns what opens the secrets as they are.
func (r *rekeying) oldSealer() registry.Sealer {
	if r.old == nil {
		return forgetful{}
	}
	return r.old
}

// finish gives the new key its place, and takes the old one away, while no other
// process writes, and unless the registry was given one more key since. All is sealed already:
// whatever goes wrong now, the new key is found where it is.
func (r *rekeying) finish(records iter.Seq2[registry.Record, error]) ([]registry.Change, error) {
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		if record.Key != sealingKey {
			continue
		}
		now, err := parseSealing(record)
		if err != nil || now.generation() != r.next.generation() {
			return nil, err
		}
	}
	if r.next.Key != "" {
		return nil, seal.TakeNextKey(r.file, r.next.Key)
	}
	if r.known == nil || r.known.byPassphrase() {
		return nil, nil
	}
	return nil, safefile.Remove(r.file)
}

// A resealError is a registry with secrets that the old key does not open. Nothing was
// changed.
type resealError struct {
	bad []error // at least one
}

func (e *resealError) Error() string {
	const rest = "; nothing was changed, because secrets that the old key does not open would be lost: set again or remove what discover registry check reports"
	if n := len(e.bad) - 1; n > 0 {
		return fmt.Sprintf("%v, and %s more like it%s", e.bad[0], wording.Plural(n, "record", "records"), rest)
	}
	return e.bad[0].Error() + rest
}

// Unwrap returns what is wrong with each record.
func (e *resealError) Unwrap() []error { return e.bad }

// An approvedSealer seals by what FIPS 140-3 approves.
type approvedSealer struct{ *seal.Sealer }

func (a approvedSealer) Seal(secret auth.Secret, context string) ([]byte, error) {
	return a.SealApproved(secret, context)
}
