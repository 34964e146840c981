package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// CodeFailed is the Code of a Report where IPsec could not be set up.
const CodeFailed = "ISDSC_FAILED_TO_CONFIGURE_IPSEC"

// A Report is what became of it.
type Report struct {
	Existing string // kind of what was found
	Found    string // its name
	Plan     string
	Targets  []string
	Secured  time.Duration // that the associations took
	Elapsed  time.Duration // until the answer was complete
	Proof    *enforce.Proof
	Error    string
	Code     string
	NotHeld  bool   // the error is a HoldError
	Lost     bool   // a LostError
	WrongKey bool   // a KeyError
	OtherID  string // of an IdentityError: the identity that the peer gave
	Told     []ipsec.Warning
	Unproven string // why there is no proof in the end
}

// ReadReport finds the Report in what a program printed: it is the last line.
func ReadReport(t testing.TB, text string) (r Report) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("%v in what the program printed: %s", err, text)
	}
	return r
}

// Took says for a log how long it took.
func (r *Report) Took() string {
	const enough = 100 * time.Microsecond
	name := "no enforcer"
	if r.Proof != nil {
		name = r.Proof.Enforcer
	}
	return fmt.Sprintf("%s: security associations after %s, the answer after %s", name, r.Secured.Round(enough), r.Elapsed.Round(enough))
}

// fail notes an error.
func (r *Report) fail(err error) {
	if err == nil {
		return
	}
	r.Error, r.Code = err.Error(), isdsc.Name(initiator.Code(err))
	var hold *xfrm.HoldError
	var lost *enforce.LostError
	r.NotHeld, r.Lost = errors.As(err, &hold), errors.As(err, &lost)
	var key *enforce.KeyError
	r.WrongKey = errors.As(err, &key)
	var identity *enforce.IdentityError
	if errors.As(err, &identity) {
		r.OtherID = identity.Got
	}
}

// add notes a result.
func (r *Report) add(result initiator.Result) {
	r.Existing, r.Found, r.Plan = result.IPsec.Existing.Kind.String(), result.IPsec.Existing.Name, result.IPsec.String()
	r.Proof, r.Secured, r.Elapsed = result.Proof, result.Phases.Secure, result.Elapsed
	for _, target := range result.Targets {
		r.Targets = append(r.Targets, target.Name)
	}
	r.fail(result.Err)
}
