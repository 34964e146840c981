package app

import (
	"crypto/fips140"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
)

// sealingKey is the record of how the secrets of a registry are sealed. There is
// none before the first secret.
const sealingKey = "setting/sealing"

// A sealing is that record.
type sealing struct {
	Salt     []byte `json:"salt,omitempty"`      // of the passphrase; empty: the key is in a file
	Word     []byte `json:"word,omitempty"`      // sealed: the passphrase that opens it is the right one
	FIPSWord []byte `json:"fips_word,omitempty"` // likewise, where Go enforces FIPS 140-3 and Word is none for that
	Key      string `json:"key,omitempty"`       // the id of the key in the file; empty: it is the first
}

// generation names the key among all that the registry ever had.
func (k *sealing) generation() string {
	switch {
	case k != nil && k.Salt != nil:
		return hex.EncodeToString(k.Salt)
	case k != nil && k.Key != "":
		return k.Key
	}
	return "first"
}

// byPassphrase reports that there is a passphrase. k may be nil.
func (k *sealing) byPassphrase() bool { return k != nil && k.Salt != nil }

// word returns the word by which a passphrase is known in this mode; nil: FIPS 140
// mode is enforced, and the passphrase was given to the registry without it.
func (k *sealing) word() []byte {
	switch {
	case !fips140.Enforced() || seal.Approved(k.Word):
		return k.Word
	case seal.Approved(k.FIPSWord):
		return k.FIPSWord
	}
	return nil
}

// complete reports that the passphrase is known in both modes.
func (k *sealing) complete() bool { return seal.Approved(k.Word) || seal.Approved(k.FIPSWord) }

// parseSealing reads the record.
func parseSealing(r registry.Record) (*sealing, error) {
	var known sealing
	if err := json.Unmarshal(r.Value, &known); err != nil {
		return nil, &registry.RegistryError{Key: r.Key, Err: err}
	}
	return &known, nil
}

// sealing returns how the secrets of the registry are sealed, and the version of the
// record; nil: there were none yet.
func (s *sealer) sealing() (*sealing, uint64, error) {
	r, err := s.store.Get(s.ctx, sealingKey)
	if err != nil || r.Version == 0 {
		return nil, 0, err
	}
	known, err := parseSealing(r)
	return known, r.Version, err
}

// remember stores how the secrets of the registry are sealed from now on.
func (s *sealer) remember(first *sealing) error {
	value, err := json.Marshal(first)
	if err != nil {
		return err
	}
	err = s.store.Apply(s.ctx, registry.Change{Key: sealingKey, Value: value})
	var conflict *registry.ConflictError
	if !errors.As(err, &conflict) {
		return err
	}
	now, _, err := s.sealing()
	if err != nil || now != nil && now.Salt == nil && now.Key == "" && first.Salt == nil {
		return err // another process was faster, and means the same
	}
	return errors.New("another process has just sealed the first secret of this registry: run this again")
}

// known returns the sealer of the passphrase that the registry has. One that will seal
// sees to it that the passphrase is known in FIPS 140 mode and without.
func (s *sealer) known(k *sealing, version uint64, create bool) (registry.Sealer, error) {
	p, err := s.passphrase(k.Salt)
	if err != nil {
		return nil, err
	}
	word := k.word()
	if word != nil {
		_, err = p.Open(word, sealingKey)
	}
	var wrong *seal.WrongKeyError
	if errors.As(err, &wrong) {
		return nil, errors.New("--key is not the passphrase with which the secrets of this registry are sealed")
	}
	if err != nil || !create || k.complete() {
		return p, err
	}
	if word == nil {
		s.Say("warning: --key cannot be compared with the passphrase of this registry, which was set without FIPS 140 mode; from now on, FIPS 140 mode uses this --key")
	}
	return p, s.completeWords(p, k, version)
}

// completeWords stores the word of FIPS 140 mode. Where the record was changed
// meanwhile, another process did so, or has given the registry another key, which the
// guard finds out.
func (s *sealer) completeWords(p *seal.Sealer, k *sealing, version uint64) (err error) {
	now := *k
	if now.FIPSWord, err = p.SealApproved(sealedWord(), sealingKey); err != nil {
		return err
	}
	value, err := json.Marshal(&now)
	if err != nil {
		return err
	}
	err = s.store.Apply(s.ctx, registry.Change{Key: sealingKey, Version: version, Value: value})
	if conflict := (*registry.ConflictError)(nil); errors.As(err, &conflict) {
		return nil
	}
	return err
}

// sealedWord is what is sealed to know a passphrase by. It is no secret.
func sealedWord() auth.Secret { return auth.NewSecret([]byte("sealed")) }

// first makes a passphrase the one of the registry, and returns the generation, too.
func (s *sealer) first() (registry.Sealer, string, error) {
	salt := seal.NewSalt()
	p, err := s.passphrase(salt)
	if err != nil {
		return nil, "", err
	}
	k, err := newSealing(p, salt, false)
	if err != nil {
		return nil, "", err
	}
	return p, k.generation(), s.remember(k)
}

// newSealing returns the record of a passphrase. approved says that nothing but what
// FIPS 140-3 approves is wanted.
func newSealing(p *seal.Sealer, salt []byte, approved bool) (k *sealing, err error) {
	k = &sealing{Salt: salt}
	if approved {
		k.Word, err = p.SealApproved(sealedWord(), sealingKey)
		return k, err
	}
	if k.Word, err = p.Seal(sealedWord(), sealingKey); err == nil && !k.complete() {
		k.FIPSWord, err = p.SealApproved(sealedWord(), sealingKey)
	}
	return k, err
}
