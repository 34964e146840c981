package registry

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
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

// A sealedField is a secret in a record, and the field that it is bound to.
type sealedField struct {
	kept  *keptSecret
	field string
}

// secretsOf decodes a record, and returns where in it secrets are. A record that can
// have none is nil.
func secretsOf(r Record) (record any, fields []sealedField, err error) {
	switch {
	case strings.HasPrefix(r.Key, rowkey.Portal):
		p := new(portalRecord)
		record, fields = p, []sealedField{
			{&p.Login.Password, fieldPassword}, {&p.Login.TargetPassword, fieldTargetPassword}, {&p.IPsecKey, fieldIPsecKey},
		}
	case strings.HasPrefix(r.Key, prefixPSK):
		i := new(ikeRecord)
		record, fields = i, []sealedField{{&i.Key, fieldIPsecKey}}
	case strings.HasPrefix(r.Key, rowkey.Tool):
		t := new(toolRecord)
		if err := decode(r, t); err != nil {
			return nil, nil, err
		}
		return t, t.sealedFields(), nil
	case r.Key == settingCHAPSecret:
		k := new(keptSecret)
		record, fields = k, []sealedField{{k, fieldPassword}}
	default:
		return nil, nil, nil
	}
	if err := decode(r, record); err != nil {
		return nil, nil, err
	}
	return record, fields, nil
}

// ResealRecord returns the value of a record of a Service's Store with its secrets
// opened by one Sealer and sealed by another, and how many they are; where there are
// none, the value is the record's own. It fails with a *RegistryError or a
// *RecordFormatError where the record cannot be read, and with what the Sealers say.
// To change the key of a registry, apply all records that it changes at once.
func ResealRecord(r Record, from, to Sealer) (value []byte, n int, err error) {
	record, fields, err := secretsOf(r)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range fields {
		if len(f.kept.Sealed) == 0 {
			continue
		}
		secret, err := from.Open(f.kept.Sealed, sealContext(r.Key, f.field))
		if err != nil {
			return nil, 0, err
		}
		if f.kept.Sealed, err = to.Seal(secret, sealContext(r.Key, f.field)); err != nil {
			return nil, 0, err
		}
		n++
	}
	if n == 0 {
		return r.Value, 0, nil
	}
	return encode(record), n, nil
}

// CheckRecord returns what is wrong with a record of a Service's Store: a
// *RegistryError where it is damaged, a *RecordFormatError where a newer version wrote
// it; and how many secrets are sealed in it. With a Sealer it opens them, and returns
// what the Sealer says; without one it takes them as they are.
func CheckRecord(r Record, sealer Sealer) (sealed int, err error) {
	_, fields, err := secretsOf(r)
	if err != nil {
		return 0, err
	}
	for _, f := range fields {
		if len(f.kept.Sealed) == 0 {
			continue
		}
		sealed++
		if sealer != nil && err == nil {
			_, err = sealer.Open(f.kept.Sealed, sealContext(r.Key, f.field))
		}
	}
	if err != nil {
		return sealed, err
	}
	switch {
	case strings.HasPrefix(r.Key, prefixPolicy):
		_, err := decodePolicy(r)
		return sealed, err
	case strings.HasPrefix(r.Key, rowkey.FleetPolicy):
		_, err := decodeFleetPolicy(r)
		return sealed, err
	case strings.HasPrefix(r.Key, rowkey.Port):
		_, err := decodePort(r, rowkey.Part(r.Key, 1))
		return sealed, err
	}
	if into := plainRecord(r.Key); into != nil {
		return sealed, decode(r, into)
	}
	if !json.Valid(r.Value) { // another prefix: of another program that shares the Store, or of a newer version
		return sealed, decode(r, new(any))
	}
	return sealed, nil
}

// plainRecord returns what to decode a record without secrets into; nil: it has
// secrets, or is not of this package.
func plainRecord(key string) any {
	if strings.HasPrefix(key, rowkey.LongTarget) {
		return new(foundRecord)
	}
	prefix, _, _ := strings.Cut(key, "/")
	switch prefix + "/" {
	case rowkey.Bitmap:
		return new(bitmapRecord)
	case rowkey.Target:
		return new(foundRecord)
	case rowkey.Instance:
		return new(instanceRecord)
	case rowkey.Seen:
		return new(seenRecord)
	case prefixTunnel:
		return new(tunnelRecord)
	}
	switch key {
	case settingNodeName:
		return new(string)
	case settingDefaultFlags, settingRevision:
		return new(uint64)
	}
	return nil
}
