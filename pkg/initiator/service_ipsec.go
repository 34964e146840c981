package initiator

import (
	"context"
	"fmt"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A bitmapRecord remembers valid flags that an entry was given, for portals that
// are added without.
type bitmapRecord struct {
	Flags    uint64    `json:"flags"`
	Time     time.Time `json:"time"`
	Instance string    `json:"instance,omitempty"`
	Port     uint32    `json:"port"`
}

// remember returns the change that remembers the flags of p, if they are valid.
// Flags that are not leave what is remembered as it is.
func (s *Service) remember(p *SendTargetPortal) []Change {
	if !p.Security.Has(ipsec.FlagValid) {
		return nil
	}
	r := bitmapRecord{Flags: uint64(p.Security), Time: s.now(), Instance: p.Instance, Port: p.Port.Uint32()}
	return []Change{{
		Key:     fmt.Sprintf("%s%s/%010d", portalPrefix(prefixBitmap, p.Portal), foldInstance(p.Instance), p.Port.Uint32()),
		Version: AnyVersion,
		Value:   encode(r),
	}}
}

// security returns what decides about IPsec for p beside its own flags and what
// exists: the flags that were defined for its portal before, and the default.
func (s *Service) security(ctx context.Context, p *SendTargetPortal) (settings ipsec.Settings, err error) {
	for r, err := range s.cfg.Store.List(ctx, portalPrefix(prefixBitmap, p.Portal)) {
		var b bitmapRecord
		if err == nil {
			err = decode(r, &b)
		}
		if err != nil {
			return settings, err
		}
		source := ipsec.SourceOtherPort
		if sameInstance(b.Instance, p.Instance) && Number(b.Port) == p.Port {
			source = ipsec.SourceSamePort
		}
		settings.Previous = append(settings.Previous, ipsec.Previous{Flags: ipsec.Flags(b.Flags), Source: source, Time: b.Time})
	}
	host, addr := canonicalAddress(p.Portal), literalOf(p.Portal)
	for r, err := range s.records(ctx, prefixPSK) {
		var i ikeRecord
		if err == nil {
			err = decode(r, &i)
		}
		if err != nil {
			return settings, err
		}
		if i.scope().rank(Port{Instance: p.Instance, Number: p.Port}) < 0 {
			continue
		}
		if i.ID == host || addr.IsValid() && i.ID == addr.String() || p.IPsec.PeerID != "" && i.ID == canonicalIdentity(p.IPsec.PeerID) {
			settings.Previous = append(settings.Previous, ipsec.Previous{Flags: ipsec.Flags(i.Flags), Source: ipsec.SourceIKEInfo, Time: i.Time})
		}
	}
	settings.Default, err = s.DefaultSecurityFlags(ctx)
	return settings, err
}

const settingDefaultFlags = prefixSetting + "default-security-flags"

// DefaultSecurityFlags returns the flags of portals that nothing else is defined
// for (DefaultSecurityBitmap, which the reference API keeps in the Windows
// registry); 0 where none are set.
func (s *Service) DefaultSecurityFlags(ctx context.Context) (ipsec.Flags, error) {
	var bits uint64
	r, err := s.cfg.Store.Get(ctx, settingDefaultFlags)
	if err == nil && r.Version != 0 {
		err = decode(r, &bits)
	}
	return ipsec.Flags(bits), storeError(err)
}

// SetDefaultSecurityFlags stores the flags of portals that nothing else is
// defined for; 0 clears them.
func (s *Service) SetDefaultSecurityFlags(ctx context.Context, f ipsec.Flags) error {
	if err := f.Validate(); err != nil {
		return refused(&ConfigError{Code: CodeInvalidParameter, What: "default security flags " + f.Hex(), Reason: errorText(err), Err: err})
	}
	return storeError(s.cfg.Store.Apply(ctx, Change{Key: settingDefaultFlags, Version: AnyVersion, Value: encode(uint64(f)), Delete: f == 0}))
}
