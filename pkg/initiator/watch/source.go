package watch

import (
	"context"
	"iter"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Source is what is watched: a registry, or portals that are in none.
type Source interface {
	// Entries yields what is to be asked now. After an error it ends; what it yielded before
	// is asked, and nothing is taken for removed.
	Entries(ctx context.Context) iter.Seq2[Entry, error]

	// Known yields the last answers that are known of the entries when the watch begins;
	// entries of which nothing is known are left out. After an error it ends.
	Known(ctx context.Context) iter.Seq2[Answer, error]

	// Ask asks entries, many at once, and yields a result for each, as they come. It leaves no
	// secret in a result. Up to 16 calls are under way at once, never two for one entry.
	Ask(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result]
}

// An ISNSSource is a Source that has iSNS servers among its entries.
type ISNSSource interface {
	Source

	// AskISNS is Ask for entries that are iSNS servers. Those that are not among the entries
	// any more have no result.
	AskISNS(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result]
}

// An Entry is one portal or one iSNS server, as it is asked from one initiator port.
type Entry struct {
	Key          initiator.Key
	ISNS         bool // it is an iSNS server, of an ISNSSource
	SymbolicName string
}

// An Answer is what is known of an entry.
type Answer struct {
	Key     initiator.Key
	ISNS    bool            // it is of an iSNS server
	Targets []target.Target // of the last answer that succeeded
	Missing []string        // names of targets that earlier answers had

	LastOK, FailingSince time.Time // zero: never; it does not fail
	Failures             int
	Code                 uint32 // of the last attempt
	Message              string // of its failure, one line; empty: not known
}
