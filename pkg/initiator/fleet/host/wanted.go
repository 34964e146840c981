package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// MaxConfig is how many records of config/ are read.
const MaxConfig = 8192

// A Wanted is what config/ has: for all hosts, see fleet.Meets. It must not be
// changed.
type Wanted struct {
	Revision int64          // of etcd
	Portals  []fleet.Portal // by key
	Policies []fleet.Policy // by key
	Logins   map[string]fleet.Login
	Faults   []Fault // by key

	// Partial reports that there are more records than MaxConfig: what is not here may be
	// among the others.
	Partial bool
}

// A Fault is a record of config/ that is not used. It is shown, and stops nothing else.
type Fault struct {
	Key string    // in etcd, as it was written, bounded; empty: the fault is of all
	Of  fleet.Key // what the key says
	Err error     // a *fleet.NewerError, a *fleet.RecordError or a *ForeignError; what cannot be applied has others
}

func (f Fault) Error() string {
	if f.Key == "" {
		return f.Err.Error()
	}
	return fmt.Sprintf("%q in etcd: %s", f.Key, f.Err)
}

// Unwrap returns what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// A ForeignError is a key below config/ that is none of a fleet's.
type ForeignError struct{}

func (*ForeignError) Error() string {
	return "no version of discover up to this one writes such a key; it is passed over"
}

// maxKeyShown is how many bytes of a key are kept to be shown.
const maxKeyShown = 512

// A record is a key of config/. One of its fields behind of is set.
type record struct {
	revision int64
	of       fleet.Key
	portal   *fleet.Portal
	policy   *fleet.Policy
	login    *fleet.Login
	err      error
}

// readRecord reads a key of config/.
func readRecord(keys fleet.Keys, kv *mvccpb.KeyValue) record {
	r := record{revision: kv.ModRevision, of: keys.Parse(string(kv.Key))}
	switch r.of.Kind {
	case fleet.KindPortal:
		r.portal, r.err = fleet.DecodePortal(r.of.Entry.Portal, kv.Value)
	case fleet.KindPolicy:
		r.policy, r.err = fleet.DecodePolicy(r.of.Name, kv.Value)
	case fleet.KindLogin:
		r.login, r.err = fleet.DecodeLogin(r.of.Name, kv.Value)
	default:
		r.err = new(ForeignError)
	}
	return r
}

// wanted returns what the records say.
func wanted(records map[string]record, revision int64, partial bool) *Wanted {
	w := &Wanted{Revision: revision, Logins: make(map[string]fleet.Login), Partial: partial}
	if partial {
		w.Faults = append(w.Faults, Fault{Err: errTooMany})
	}
	for _, key := range slices.Sorted(maps.Keys(records)) {
		switch r := records[key]; {
		case r.err != nil:
			w.Faults = append(w.Faults, Fault{Key: key[:min(len(key), maxKeyShown)], Of: r.of, Err: r.err})
		case r.portal != nil:
			w.Portals = append(w.Portals, *r.portal)
		case r.policy != nil:
			w.Policies = append(w.Policies, *r.policy)
		case r.login != nil:
			w.Logins[r.login.Name] = *r.login
		}
	}
	return w
}

var errTooMany = errors.New("config/ has more than " + fmt.Sprint(MaxConfig) + " records; the others are not read, and nothing is taken for removed")

// alike reports records that are the same in etcd.
func alike(a, b map[string]record) bool {
	return maps.EqualFunc(a, b, func(x, y record) bool { return x.revision == y.revision })
}
