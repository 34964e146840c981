package fleetscan

import (
	"errors"
	"net/netip"

	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// finding is what is told of a result.
func finding(r *initiator.Result) fleet.Finding {
	group, why := sweep.GroupOf(r)
	f := fleet.Finding{
		Portal: netip.AddrPortFrom(r.Asked.Portal.Literal(), r.Asked.Portal.Port), Up: r.Err == nil,
		Outcome: group.String(), Why: why, IPsec: r.IPsec.String(),
	}
	if r.Source.IsValid() {
		f.Source = r.Source.WithZone("").String()
	}
	if r.Err == nil {
		f.Count, f.Targets = len(r.Targets), r.Targets
		return f
	}
	f.Code, f.Message, f.Stage = initiator.Code(r.Err), r.Err.Error(), initiator.StageValidate.String()
	if e := (*initiator.Error)(nil); errors.As(r.Err, &e) {
		f.Stage = e.Stage.String()
	}
	return f
}
