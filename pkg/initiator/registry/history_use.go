package registry

import (
	"context"
	"encoding/json"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// MayUseIPsec reports whether something in the registry may have a portal asked
// under IPsec: flags that came with a portal or with a key, the default, or an
// administrator's policy. Where nothing does, IPsec can only come from the flags
// of a call and from what exists on the system.
func (s *Service) MayUseIPsec(ctx context.Context) (bool, error) {
	if f, err := s.DefaultSecurityFlags(ctx); err != nil || f.Has(ipsec.FlagValid|ipsec.FlagIKE) {
		return err == nil, storeError(err)
	}
	for _, prefix := range []string{prefixPolicy, prefixPSK, prefixBitmap} {
		for r, err := range s.records(ctx, prefix) {
			var with struct {
				Flags uint64 `json:"flags"`
			}
			if err == nil && json.Unmarshal(r.Value, &with) != nil {
				return true, nil // who needs the record finds out that it is damaged
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
