package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
)

// A sealer seals the secrets of a registry: by the passphrase of --key, or by
// the key in a file beside it. It finds out when the first secret is there, since
// most verbs need none.
type sealer struct {
	*Command
	ctx   context.Context // of the verb: it may have to ask for the passphrase
	store registry.Store

	registry string // its file
	file     string // of the key; empty: there is none beside a registry in etcd

	mu      sync.Mutex // guards what follows
	found   registry.Sealer
	by      string            // the generation of the key that found has
	sealed  bool              // by found: the records are still to be stored
	earlier []registry.Sealer // found before the registry was given another key
}

// KeyFile is the name of the key beside the registry.
const KeyFile = "registry.key"

func (c *Command) newSealer(ctx context.Context, store registry.Store, registry string) *sealer {
	s := &sealer{Command: c, ctx: ctx, store: store, registry: registry}
	if _, inEtcd := machine.RegistryInEtcd(registry); !inEtcd {
		s.file = filepath.Join(filepath.Dir(registry), KeyFile)
	}
	return s
}

// Seal seals a secret, and makes the key if there is none.
func (s *sealer) Seal(secret auth.Secret, context string) ([]byte, error) {
	found, err := s.find(true)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.sealed = true
	s.mu.Unlock()
	return found.Seal(secret, context)
}

// Open opens what was sealed. The registry may have been given another key since this
// process looked.
func (s *sealer) Open(sealed []byte, context string) (auth.Secret, error) {
	found, err := s.find(false)
	if err != nil {
		return auth.Secret{}, err
	}
	secret, err := found.Open(sealed, context)
	if wrong := (*seal.WrongKeyError)(nil); !errors.As(err, &wrong) {
		return secret, err
	}
	if earlier, ok := s.openEarlier(sealed, context); ok {
		return earlier, nil
	}
	if !s.rekeyed() {
		return secret, err
	}
	if found, err = s.find(false); err != nil {
		return auth.Secret{}, err
	}
	return found.Open(sealed, context)
}

// find returns the sealer that has the key. All secrets of a registry are sealed by one
// key, and its record says of which kind.
func (s *sealer) find(create bool) (registry.Sealer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	known, version, err := s.sealing()
	if err != nil {
		return nil, err
	}
	s.by = known.generation()
	switch given := s.Global.Key.Given(); {
	case known != nil && known.Salt != nil && given:
		s.found, err = s.known(known, version, create)
	case known != nil && known.Salt != nil:
		return nil, errors.New("the secrets of this registry are sealed with a passphrase: give --key REF")
	case known != nil && given && s.file != "":
		return nil, errors.New("the secrets of this registry are sealed with the key in " + s.file + ": leave out --key")
	case known == nil && given && create:
		s.found, s.by, err = s.first()
	case given:
		return nil, errors.New("no secret of this registry is sealed with a passphrase: leave out --key")
	case s.file == "":
		return nil, errors.New("beside a registry in etcd there is no file for the key of its secrets: give --key REF, the same passphrase on each host")
	case s.Global.DryRun && create && !fileExists(s.file) && (known == nil || known.Key == ""):
		return forgetful{}, nil
	case s.Global.DryRun && !create && (known == nil || known.Key == ""):
		return seal.KeyFileFor(s.file, s.registry), nil // not kept: by Seal it would make the key
	case known != nil && known.Key != "":
		s.found = seal.KeyFileOf(s.file, known.Key)
	default:
		if known == nil && create {
			err = s.remember(&sealing{})
		}
		s.found = seal.KeyFileFor(s.file, s.registry)
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

// passphrase returns the sealer of --key with a salt.
func (s *sealer) passphrase(salt []byte) (*seal.Sealer, error) {
	secret, err := s.Global.Key.Resolve(s.ctx, &s.Env, "--key", "passphrase of the registry")
	if err != nil {
		return nil, err
	}
	return seal.Passphrase(secret, salt)
}

// forgetful takes secrets in a dry run, for which no key is made.
type forgetful struct{}

func (forgetful) Seal(auth.Secret, string) ([]byte, error) { return []byte("-"), nil }

func (forgetful) Open([]byte, string) (auth.Secret, error) {
	return auth.Secret{}, errors.New("a dry run seals nothing")
}
