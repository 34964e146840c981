package sweep

import (
	"errors"
	"net"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// maxFailures is how many failures are told apart.
const maxFailures = 1024

// Failures are results of portals that failed, one for all that differ in nothing but the
// address and the times: an address of a block that is silent takes no memory of its own.
type failures map[failure]*initiator.Result

// A failure is what makes a difference between results.
type failure struct {
	stage                 initiator.Stage
	source                netip.Addr
	reason, hint, foreign string
	tries                 int
}

// shared returns a result that stands for r; nil: r has more in it than that, or there are
// too many kinds of failures.
func (f *failures) shared(r *initiator.Result) *initiator.Result {
	var e *initiator.Error
	if _, err := netip.ParseAddr(r.Asked.Portal.Address); err != nil || !errors.As(r.Err, &e) || e.Err == nil {
		return nil
	}
	if r.TargetsFound > 0 || len(r.Warnings) > 0 || len(r.Redirects) > 0 {
		return nil
	}
	key := failure{stage: e.Stage, source: e.Source, reason: reasonOf(e.Err), hint: e.Hint, foreign: e.Foreign, tries: e.Tries}
	if known := (*f)[key]; known != nil {
		return known
	}
	if len(*f) >= maxFailures {
		return nil
	}
	if *f == nil {
		*f = make(failures)
	}
	c := *r
	(*f)[key] = &c
	return &c
}

// reasonOf returns what an error says without the address that its connection was to.
func reasonOf(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return initiator.Reason(op.Err)
	}
	return err.Error()
}

// atAddress gives a result that stands for others the address of its portal.
func atAddress(r *initiator.Result) {
	addr, err := netip.ParseAddr(r.Asked.Portal.Address)
	if err != nil || !r.Address.IsValid() {
		return
	}
	r.Address = netip.AddrPortFrom(addr.Unmap(), r.Asked.Portal.Port)
	if e, ok := r.Err.(*initiator.Error); ok && e.Address.IsValid() {
		e.Address = r.Address // of the copy that moved has made
	}
}
