package registry

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Sealer keeps secrets at rest. What it returns is bound to a context: opened
// under another, such as another row of the registry, it fails.
type Sealer interface {
	Seal(secret auth.Secret, context string) ([]byte, error)
	Open(sealed []byte, context string) (auth.Secret, error)
}

// A SecretFunc resolves a reference to a secret, such as file:/etc/secret, at
// the time of use.
type SecretFunc func(ctx context.Context, ref string) (auth.Secret, error)

// errNoSealer is a secret that there is no way to keep.
var errNoSealer = errors.New("no key to seal a secret with: give a reference to it instead, or configure a Sealer")

// sealedSchema is part of what a secret is bound to.
const sealedSchema = "v1"

// A keptSecret is a secret in a record: a reference or sealed bytes.
type keptSecret struct {
	Ref    string `json:"ref,omitempty"`
	Sealed []byte `json:"sealed,omitempty"`
}

func (k *keptSecret) isZero() bool { return k.Ref == "" && len(k.Sealed) == 0 }

// keptSecrets are those of the entry of a portal.
type keptSecrets struct{ password, targetPassword, ipsecKey keptSecret }

// keepAll returns the secrets of p in the form for its record at row.
func (s *Service) keepAll(p *initiator.SendTargetPortal, row string) (kept keptSecrets, err error) {
	if kept.password, err = s.keep(p.Login.Password, p.Login.PasswordRef, row, fieldPassword); err != nil {
		return kept, err
	}
	if kept.targetPassword, err = s.keep(p.Login.TargetPassword, p.Login.TargetPasswordRef, row, fieldTargetPassword); err != nil {
		return kept, err
	}
	kept.ipsecKey, err = s.keep(p.IPsec.PSK, p.IPsec.PSKRef, row, fieldIPsecKey)
	return kept, err
}

// keep returns secret, or the reference to it, in the form for a record. row and
// field say where it will stand.
func (s *Service) keep(secret auth.Secret, ref, row, field string) (keptSecret, error) {
	if ref != "" {
		return keptSecret{Ref: ref}, nil
	}
	if secret.IsZero() {
		return keptSecret{}, nil
	}
	if s.cfg.Sealer == nil {
		return keptSecret{}, errNoSealer
	}
	sealed, err := s.cfg.Sealer.Seal(secret, sealContext(row, field))
	return keptSecret{Sealed: sealed}, err
}

// reveal returns the secret that a record keeps.
func (s *Service) reveal(ctx context.Context, k keptSecret, row, field string) (auth.Secret, error) {
	switch {
	case k.Ref != "":
		return s.resolve(ctx, k.Ref)
	case len(k.Sealed) == 0:
		return auth.Secret{}, nil
	case s.cfg.Sealer == nil:
		return auth.Secret{}, errNoSealer
	}
	return s.cfg.Sealer.Open(k.Sealed, sealContext(row, field))
}

// resolve returns the secret that a reference means.
func (s *Service) resolve(ctx context.Context, ref string) (auth.Secret, error) {
	if s.cfg.Secrets == nil {
		return auth.Secret{}, errors.New("references to secrets cannot be resolved here")
	}
	return s.cfg.Secrets(ctx, ref)
}

// sealContext is what a secret is bound to: the row, the field, the schema.
func sealContext(row, field string) string {
	return row + "\x00" + field + "\x00" + sealedSchema
}
