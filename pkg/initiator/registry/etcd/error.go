package etcd

import (
	"io/fs"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A State says what is wrong with etcd, or with what is in it.
type State uint8

// The states.
const (
	Other           State = iota // what else the server said
	Unreachable                  // no member answers, or those that do have no leader
	Denied                       // the user's roles do not permit it
	Unauthenticated              // the user, the password or the lack of both
	BadCertificate               // a member's certificate or ours: expired, of another authority, for another name
	NoSpace                      // the database has reached its quota: nothing can be written
	Compacted                    // the revision is not kept any more
	TooLarge                     // the request, or the answer
	Newer                        // written by a newer version of this package
	Damaged                      // what is there is not what was written
	Misconfigured                // the Config, or the prefix
	Busy                         // more is asked of the server at once than it takes: nothing was done
)

// states has of each State a name and what to do about it.
var states = [...]struct{ name, hint string }{
	Other:           {"failed", "see the log of etcd"},
	Unreachable:     {"not reachable", "check that a majority of the members run, and the way to them"},
	Denied:          {"no permission", "grant it to a role of the user (etcdctl role grant-permission --prefix)"},
	Unauthenticated: {"not authenticated", "check the name of the user and the password"},
	BadCertificate:  {"certificate refused", "renew it, or name the authority that has signed it"},
	NoSpace:         {"no space left", "compact and defragment the database, or raise its quota, then run etcdctl alarm disarm; nothing is lost"},
	Compacted:       {"compacted", "read again what is there now"},
	TooLarge:        {"too large", "write less at once, or raise etcd's --max-request-bytes"},
	Newer:           {"made by a newer version", "use that version"},
	Damaged:         {"damaged", "restore it from a snapshot, or delete the key"},
	Misconfigured:   {"cannot be used so", "change the configuration"},
	Busy:            {"busy", "it is asked again; if that does not end, see what loads etcd, or its disk"},
}

// String returns the state in words.
func (s State) String() string { return states[s].name }

// Hint says what to do about it.
func (s State) Hint() string { return states[s].hint }

// An Error is what could not be done with etcd, and why. Its text is one line, in which
// what a server said is quoted and cut.
type Error struct {
	What      string   // was to be done, such as "read"
	Endpoints []string // the URLs, or the one whose fault it is; nil: not known
	Key       string   // as etcd has it; "": it is not about one
	State     State
	Reason    string // in words; may be empty
	Uncertain bool   // the change may have been made all the same
	Err       error  // of the client, of TLS or of the system, or nil
}

// NoAnswer is the Reason of an Error, or what it ends with after a URL, where a member that was
// waited for has not answered within the time of a request. Such a member may answer later.
const NoAnswer = "no answer in time"

// maxShown bounds, in bytes, each part of an Error's text that others wrote.
const maxShown = 256

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("etcd")
	if len(e.Endpoints) > 0 {
		b.WriteString(" at " + text.Cut(strings.Join(e.Endpoints, ", "), maxShown))
	}
	b.WriteString(": " + e.What)
	if e.Key != "" {
		b.WriteString(" " + text.Quote([]byte(e.Key)))
	}
	b.WriteString(": " + e.State.String())
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if e.Uncertain {
		b.WriteString("; whether the change was made is not known")
	}
	return b.String() + "; " + e.State.Hint()
}

// Unwrap returns the error of the client, of TLS or of the system.
func (e *Error) Unwrap() error { return e.Err }

// Is reports that a damaged registry is registry.ErrRegistryDamaged, and that what the
// user's roles do not permit is fs.ErrPermission.
func (e *Error) Is(target error) bool {
	switch target {
	case registry.ErrRegistryDamaged:
		return e.State == Damaged
	case fs.ErrPermission:
		return e.State == Denied
	}
	return false
}

// Retryable reports whether the same may succeed later without anybody's doing, for
// initiator.Retryable.
func (e *Error) Retryable() bool {
	return e.State == Unreachable || e.State == Compacted || e.State == Busy
}
