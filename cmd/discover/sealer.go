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

// find returns who has the key. Secrets of one registry have one kind of key, and
// the registry knows which.
func (s *sealer) find(create bool) (initiator.Sealer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	known, err := s.sealing()
	if err != nil {
		return nil, err
	}
	switch given := s.global.key.given(); {
	case known != nil && known.Salt != nil && given:
		s.found, err = s.known(known)
	case known != nil && known.Salt != nil:
		return nil, errors.New("the secrets of this registry are sealed by a passphrase: give --key REF")
	case known != nil && given:
		return nil, errors.New("the secrets of this registry are sealed by the key in " + s.file + ": leave --key out")
	case known == nil && given && create:
		s.found, err = s.first()
	case given:
		return nil, errors.New("no secret of this registry is sealed by a passphrase: leave --key out")
	case s.global.dryRun && !fileExists(s.file):
		return forgetful{}, nil
	default:
		if known == nil && create {
			err = s.remember(&sealing{})
		}
		s.found = seal.KeyFile(s.file)
	}
	if err != nil {
		s.found = nil
	}
	return s.found, err
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// sealingKey is the record of how the secrets of a registry are sealed. There is
// none before the first secret.
const sealingKey = "setting/sealing"

// A sealing is that record.
type sealing struct {
	Salt []byte `json:"salt,omitempty"` // of the passphrase; empty: the key is in a file
	Word []byte `json:"word,omitempty"` // sealed: who opens it has the right passphrase
}

// sealing returns how the secrets of the registry are sealed; nil: there were
// none yet.
func (s *sealer) sealing() (*sealing, error) {
	r, err := s.store.Get(s.ctx, sealingKey)
	if err != nil || r.Version == 0 {
		return nil, err
	}
	var known sealing
	if err := json.Unmarshal(r.Value, &known); err != nil {
		return nil, &initiator.RegistryError{Key: r.Key, Err: err}
	}
	return &known, nil
}

// remember stores how the secrets of the registry are sealed from now on.
func (s *sealer) remember(first *sealing) error {
	value, err := json.Marshal(first)
	if err != nil {
		return err
	}
	err = s.store.Apply(s.ctx, initiator.Change{Key: sealingKey, Value: value})
	var conflict *initiator.ConflictError
	if !errors.As(err, &conflict) {
		return err
	}
	now, err := s.sealing()
	if err != nil || now != nil && now.Salt == nil && first.Salt == nil {
		return err // another process was faster, and means the same
	}
	return errors.New("another process has just sealed the first secret of this registry: try again")
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
func (s *sealer) known(k *sealing) (initiator.Sealer, error) {
	p, err := s.passphrase(k.Salt)
	if err != nil {
		return nil, err
	}
	_, err = p.Open(k.Word, sealingKey)
	var wrong *seal.WrongKeyError
	if errors.As(err, &wrong) {
		return nil, errors.New("--key is not the passphrase that the secrets of this registry are sealed by")
	}
	return p, err
}

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
	return p, s.remember(&sealing{Salt: salt, Word: word})
}

// forgetful takes secrets in a dry run, for which no key is made.
type forgetful struct{}

func (forgetful) Seal(auth.Secret, string) ([]byte, error) { return []byte("-"), nil }
func (forgetful) Open([]byte, string) (auth.Secret, error) {
	return auth.Secret{}, errors.New("a dry run seals nothing")
}
