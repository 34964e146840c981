package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

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

// A recordSecret is one of the secrets of a record, and where a portal has it.
type recordSecret struct {
	kept  keptSecret
	field string
	to    *auth.Secret
}

func (r *portalRecord) secrets(p *initiator.SendTargetPortal) []recordSecret {
	l := &r.Login
	return []recordSecret{{l.Password, fieldPassword, &p.Login.Password}, {l.TargetPassword, fieldTargetPassword, &p.Login.TargetPassword}, {r.IPsecKey, fieldIPsecKey, &p.IPsec.PSK}}
}

// revealAll puts the secrets of a record into its portal, also those that the record has
// references to.
func (s *Service) revealAll(ctx context.Context, r *portalRecord, p *initiator.SendTargetPortal) error {
	row := rowkey.OfEntry(p.Key())
	for _, f := range r.secrets(p) {
		secret, err := s.reveal(ctx, f.kept, row, f.field)
		if err != nil {
			return unavailable(err)
		}
		*f.to = secret
	}
	return nil
}

// A lostSecret is a sealed secret that cannot be opened. A random value stands in its place.
type lostSecret struct {
	at      *auth.Secret
	standIn auth.Secret
	err     error
}

// revealSealed puts the sealed secrets of a record into its portal, and returns those that
// cannot be opened.
func (s *Service) revealSealed(ctx context.Context, r *portalRecord, p *initiator.SendTargetPortal) (lost []lostSecret) {
	row := rowkey.OfEntry(p.Key())
	for _, f := range r.secrets(p) {
		if f.kept.Ref != "" {
			continue
		}
		secret, err := s.reveal(ctx, f.kept, row, f.field)
		if err != nil {
			secret = auth.NewSecret([]byte(rand.Text()))
			lost = append(lost, lostSecret{f.to, secret, err})
		}
		*f.to = secret
	}
	return lost
}

func unavailable(err error) error {
	return &isdsc.Error{Code: isdsc.TargetAuthInfoUnavailable, What: "secret", Reason: initiator.Reason(err), Err: err}
}
