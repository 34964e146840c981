package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-iscsi/discovery/internal/seal"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A sealer seals the secrets of a registry: by the passphrase of --key, or by
// the key in a file beside it. It finds out when the first secret is there, since
// most verbs need none.
type sealer struct {
	*command
	ctx   context.Context // of the verb: it may have to ask for the passphrase
	store initiator.Store
	file  string // of the key

	mu    sync.Mutex // guards found
	found initiator.Sealer
}

// keyFile is the name of the key beside the registry.
const keyFile = "registry.key"

func (c *command) newSealer(ctx context.Context, store initiator.Store, registry string) *sealer {
	return &sealer{command: c, ctx: ctx, store: store, file: filepath.Join(filepath.Dir(registry), keyFile)}
}

// Seal seals a secret, and makes the key if there is none.
func (s *sealer) Seal(secret auth.Secret, context string) ([]byte, error) {
	found, err := s.find(true)
	if err != nil {
		return nil, err
	}
	return found.Seal(secret, context)
}

// Open opens what was sealed.
func (s *sealer) Open(sealed []byte, context string) (auth.Secret, error) {
	found, err := s.find(false)
	if err != nil {
		return auth.Secret{}, err
	}
	return found.Open(sealed, context)
}

// find returns who has the key. Secrets of one registry have one key: whether it
// is a passphrase the registry knows, by the salt of it.
func (s *sealer) find(create bool) (initiator.Sealer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	r, err := s.store.Get(s.ctx, sealingKey)
	if err != nil {
		return nil, err
	}
	switch salted, given := r.Version != 0, s.global.key.given(); {
	case salted && given:
		s.found, err = s.known(r)
	case salted:
		return nil, errors.New("the secrets of this registry are sealed by a passphrase: give --key REF")
	case given && fileExists(s.file):
		return nil, errors.New("the secrets of this registry are sealed by the key in " + s.file + ": leave --key out")
	case given && create:
		s.found, err = s.first()
	case given:
		return nil, errors.New("no secret of this registry is sealed by a passphrase: leave --key out")
	case s.global.dryRun && !fileExists(s.file):
		return forgetful{}, nil
	default:
		s.found = seal.KeyFile(s.file)
	}
	return s.found, err
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// sealingKey is the record of a registry whose secrets have a passphrase.
const sealingKey = "setting/sealing"

// A sealing is that record.
type sealing struct {
	Salt []byte `json:"salt"`
	Word []byte `json:"word"` // sealed: who opens it has the right passphrase
}

// passphrase returns the sealer of --key with a salt.
func (s *sealer) passphrase(salt []byte) (*seal.Sealer, error) {
	secret, err := s.global.key.resolve(s.ctx, &s.world, "--key", "passphrase of the registry")
	if err != nil {
		return nil, err
	}
	return seal.Passphrase(secret, salt)
}

// known returns the sealer of the passphrase that the registry has.
func (s *sealer) known(r initiator.Record) (initiator.Sealer, error) {
	var known sealing
	if err := json.Unmarshal(r.Value, &known); err != nil {
		return nil, &initiator.RegistryError{Key: r.Key, Err: err}
	}
	p, err := s.passphrase(known.Salt)
	if err != nil {
		return nil, err
	}
	if _, err := p.Open(known.Word, sealingKey); err != nil {
		var wrong *seal.WrongKeyError
		if errors.As(err, &wrong) {
			return nil, errWrongPassphrase
		}
		return nil, err
	}
	return p, nil
}

// errWrongPassphrase is a --key that is not the registry's.
var errWrongPassphrase = errors.New("--key is not the passphrase that the secrets of this registry are sealed by")

// first makes a passphrase the one of the registry.
func (s *sealer) first() (initiator.Sealer, error) {
	salt := seal.NewSalt()
	p, err := s.passphrase(salt)
	if err != nil {
		return nil, err
	}
	word, err := p.Seal(auth.NewSecret([]byte("sealed")), sealingKey)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(sealing{Salt: salt, Word: word})
	if err != nil {
		return nil, err
	}
	err = s.store.Apply(s.ctx, initiator.Change{Key: sealingKey, Value: value})
	var conflict *initiator.ConflictError
	if errors.As(err, &conflict) {
		return nil, errors.New("another process has just sealed the first secret of this registry: try again")
	}
	return p, err
}

// forgetful takes secrets in a dry run, for which no key is made.
type forgetful struct{}

func (forgetful) Seal(auth.Secret, string) ([]byte, error) { return []byte("-"), nil }
func (forgetful) Open([]byte, string) (auth.Secret, error) {
	return auth.Secret{}, errors.New("a dry run seals nothing")
}
