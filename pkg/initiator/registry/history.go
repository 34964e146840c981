package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A bitmapRecord remembers valid flags that an entry was given, for portals that
// are added without.
type bitmapRecord struct {
	Flags    uint64    `json:"flags"`
	Time     time.Time `json:"time"`
	Revision uint64    `json:"revision,omitempty"` // 0: of a version that kept none
	Instance string    `json:"instance,omitempty"`
	Port     uint32    `json:"port"`
}

// settingRevision counts the definitions of flags that were stored.
const settingRevision = rowkey.Setting + "flags-revision"

// nextRevision returns the revision of a definition of flags that is made now, and the
// change that goes along with it: of two that are stored at the same time, one has a
// *ConflictError, and gets the next.
func (s *Service) nextRevision(ctx context.Context) (uint64, Change, error) {
	var last uint64
	r, err := s.cfg.Store.Get(ctx, settingRevision)
	if err != nil {
		return 0, Change{}, err
	}
	if r.Version != 0 && decode(r, &last) != nil { // damaged: it is counted anew
		if last, err = s.lastRevision(ctx); err != nil {
			return 0, Change{}, err
		}
	}
	return last + 1, Change{Key: settingRevision, Version: r.Version, Value: encode(last + 1)}, nil
}

// lastRevision returns the highest revision that a definition has. Damaged ones have
// none.
func (s *Service) lastRevision(ctx context.Context) (last uint64, err error) {
	for _, prefix := range []string{rowkey.Bitmap, prefixPSK} {
		for r, err := range s.records(ctx, prefix) {
			if err != nil {
				return 0, err
			}
			var has struct {
				Revision uint64 `json:"revision"`
			}
			if decode(r, &has) == nil {
				last = max(last, has.Revision)
			}
		}
	}
	return last, nil
}

// remember returns the changes that remember the flags of p, if they are valid.
// Flags that are not leave what is remembered as it is.
func (s *Service) remember(ctx context.Context, p *initiator.SendTargetPortal) ([]Change, error) {
	if !p.Security.Has(ipsec.FlagValid) {
		return nil, nil
	}
	revision, count, err := s.nextRevision(ctx)
	if err != nil {
		return nil, err
	}
	r := bitmapRecord{Flags: uint64(p.Security), Time: s.now(), Revision: revision, Instance: p.Instance, Port: p.Port.Uint32()}
	return []Change{count, {
		Key:     fmt.Sprintf("%s%s/%010d", rowkey.OfPortal(rowkey.Bitmap, p.Portal), ports.FoldInstance(p.Instance), p.Port.Uint32()),
		Version: AnyVersion,
		Value:   encode(r),
	}}, nil
}

// security returns what decides about IPsec for p beside its own flags and what
// exists: the flags that were defined for its portal before, and the default. It fails
// where a record of these cannot be read.
func (s *Service) security(ctx context.Context, p *initiator.SendTargetPortal) (settings ipsec.Settings, err error) {
	for r, err := range s.cfg.Store.List(ctx, rowkey.OfPortal(rowkey.Bitmap, p.Portal)) {
		var b bitmapRecord
		if err == nil {
			err = decode(r, &b)
		}
		if err != nil {
			return settings, err
		}
		source := ipsec.SourceOtherPort
		if ports.SameInstance(b.Instance, p.Instance) && ports.N(b.Port) == p.Port {
			source = ipsec.SourceSamePort
		}
		settings.Previous = append(settings.Previous, ipsec.Previous{Flags: ipsec.Flags(b.Flags), Source: source, Revision: b.Revision, Time: b.Time})
	}
	host, addr := p.Portal.Canonical(), p.Portal.Literal()
	for r, err := range s.records(ctx, prefixPSK) {
		if err != nil {
			return settings, err
		}
		i, err := decodeIKE(r)
		if i.scope().rank(ports.Port{Instance: p.Instance, Number: p.Port}) < 0 {
			continue
		}
		if i.ID == host || addr.IsValid() && i.ID == addr.String() || p.IPsec.PeerID != "" && i.ID == canonicalIdentity(p.IPsec.PeerID) {
			if err != nil {
				return settings, err
			}
			settings.Previous = append(settings.Previous, ipsec.Previous{Flags: ipsec.Flags(i.Flags), Source: ipsec.SourceIKEInfo, Revision: i.Revision, Time: i.Time})
		}
	}
	settings.Default, err = s.DefaultSecurityFlags(ctx)
	return settings, err
}

const settingDefaultFlags = rowkey.Setting + "default-security-flags"

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
		reason := initiator.Reason(err)
		if bad := (*ipsec.FlagsError)(nil); errors.As(err, &bad) {
			reason = bad.Reason
		}
		return refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "default security flags " + f.Hex(), Reason: reason, Err: err})
	}
	return storeError(s.cfg.Store.Apply(ctx, Change{Key: settingDefaultFlags, Version: AnyVersion, Value: encode(uint64(f)), Delete: f == 0}))
}

// MayUseIPsec reports whether something in the registry may have a portal asked
// under IPsec: flags that came with a portal or with a key, the default, or an
// administrator's policy. Where nothing does, IPsec can only come from the flags
// of a call and from what exists on the system.
func (s *Service) MayUseIPsec(ctx context.Context) (bool, error) {
	if f, err := s.DefaultSecurityFlags(ctx); err != nil || f.Has(ipsec.FlagValid|ipsec.FlagIKE) {
		return err == nil, storeError(err)
	}
	for _, prefix := range []string{prefixPolicy, prefixPSK, rowkey.Bitmap, rowkey.ISNSBitmap, rowkey.FleetPolicy} {
		for r, err := range s.records(ctx, prefix) {
			var with struct {
				Flags uint64 `json:"flags"`
			}
			if err == nil && json.Unmarshal(r.Value, &with) != nil {
				return true, nil // the caller that needs the record finds out that it is damaged
			}
			if err != nil {
				return false, storeError(err)
			}
			if ipsec.Flags(with.Flags).Has(ipsec.FlagValid | ipsec.FlagIKE) {
				return true, nil
			}
		}
	}
	return false, nil
}
