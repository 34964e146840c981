package app

import (
	"context"
	"errors"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// retiredPrefix begins a record for each key that a registry no longer uses, by its
// generation. The batch that stores a sealed secret asks that there is no such record of
// its key: else a process that found its key before discover registry rekey, and stores
// afterwards, would store a secret that no key opens.
const retiredPrefix = "setting/sealing-retired/"

// errRekeyed is that case. Nothing was stored.
var errRekeyed = errors.New("the key of the registry was changed meanwhile (discover registry rekey), so nothing was stored: run this again")

// A guardedStore is the Store of a Service whose secrets a sealer seals.
type guardedStore struct {
	registry.Store
	sealer *sealer
}

// Apply makes all changes, or none: none, too, where a secret in them is sealed by a
// key that was given up.
func (g guardedStore) Apply(ctx context.Context, changes ...registry.Change) error {
	retired, sealed := g.sealer.retired()
	if !sealed || !slices.ContainsFunc(changes, hasSecret) {
		return g.Store.Apply(ctx, changes...)
	}
	// To delete what is not there changes nothing, and holds it to be not there.
	guard := registry.Change{Key: retired, Version: 0, Delete: true}
	err := g.Store.Apply(ctx, append(slices.Clone(changes), guard)...)
	var conflict *registry.ConflictError
	if errors.As(err, &conflict) && conflict.Key == retired {
		return errRekeyed
	}
	return err
}

// Limits returns those of the Store, with room for what Apply adds.
func (g guardedStore) Limits() (changes, bytes int) {
	changes, bytes = g.Store.Limits()
	retired, _ := g.sealer.retired()
	if changes > 0 {
		changes--
	}
	if bytes > 0 {
		bytes -= len(retired)
	}
	return changes, bytes
}

// hasSecret reports a change of a record that has, or may have, a sealed secret in it.
func hasSecret(c registry.Change) bool {
	if c.Delete {
		return false
	}
	n, err := registry.CheckRecord(registry.Record{Key: c.Key, Value: c.Value}, nil)
	return n > 0 || err != nil
}

// retired returns the record that must not be there, and whether anything was sealed.
func (s *sealer) retired() (key string, sealed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return retiredPrefix + s.by, s.sealed
}

// rekeyed reports that the registry has another key than the one that was found, and
// takes leave of it: what was sealed by it before is opened by it still, see openEarlier,
// and is refused when it is to be stored.
func (s *sealer) rekeyed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _, err := s.sealing()
	if err != nil || known.generation() == s.by || s.sealed {
		return false
	}
	if s.found != nil { // else another goroutine was here, and find not yet
		s.earlier, s.found = append(s.earlier, s.found), nil
	}
	return true
}

// openEarlier opens what is sealed by a key that the registry had when this process
// first looked: records that were read then may be in use for a whole run.
func (s *sealer) openEarlier(sealed []byte, context string) (auth.Secret, bool) {
	s.mu.Lock()
	earlier := slices.Clone(s.earlier)
	s.mu.Unlock()
	for _, e := range earlier {
		if secret, err := e.Open(sealed, context); err == nil {
			return secret, true
		}
	}
	return auth.Secret{}, false
}
