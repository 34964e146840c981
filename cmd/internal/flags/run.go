package flags

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Run has the flags that say how far a run may go and what it shows of itself.
type Run struct {
	Timeout    time.Duration
	Retries    int64  // what it is before flags are read is the default of the verb
	Retried    bool   // it was given
	Usually    string // the default in words; empty: retries
	Parallel   int64
	Pace       Pace
	maxText    int64
	maxTargets int64
	Strict     bool
	All        bool
	Open       bool
	Trace      bool

	Capture        string // file; empty: none
	CaptureSecrets bool
}

// maxParallel bounds --parallel: a process does not get more sockets.
const maxParallel = 1 << 16

// FlagSet defines the flags.
func (r *Run) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&duration{&r.Timeout}, "timeout", "total time allowed per portal; default 15s")
	fs.Var(&number{value: &r.Retries, name: "N", max: initiator.MaxRetries, given: &r.Retried}, "retries", "after a temporary failure, ask a portal up to N more times, within its time; default "+r.usualRetries())
	fs.Var(&number{value: &r.Parallel, name: "N", min: 1, max: maxParallel}, "parallel", "number of sessions at once; default 64")
	r.Pace.addTo(fs)
	fs.Var(&size{&r.maxText}, "max-text", "refuse an answer that is longer than this, such as 64MiB")
	fs.Var(&number{value: &r.maxTargets, name: "N", min: 1, max: math.MaxInt32}, "max-targets", "refuse an answer with more targets than this")
	fs.BoolVar(&r.Strict, "strict-names", false, "leave out targets whose names are not well-formed iSCSI names, and refuse such a name for us")
	fs.BoolVar(&r.All, "all", false, "also list the silent addresses of blocks and ranges")
	if r.Pace.Blocks {
		fs.BoolVar(&r.Open, "open", false, "list only portals that speak iSCSI: those that answered, and those that failed in iSCSI; the others are summed up")
	}
	fs.BoolVar(&r.Trace, "trace", false, "show each PDU, and each message of iSNS servers, on standard error, with CHAP responses masked")
	fs.Var(&fileName{&r.Capture}, "capture", "write all iSCSI and iSNS traffic of the run to a new pcapng file, with CHAP responses masked; traffic under IPsec is written unencrypted")
	fs.BoolVar(&r.CaptureSecrets, "capture-secrets", false, "do not mask the CHAP responses in it: secrets can be guessed from them")
	return fs
}

// RefreshRetries is how often the verbs that ask portals of the registry again ask
// each once more: a target that is restarting closes connections.
const RefreshRetries = 1

// usualRetries says what --retries is where it is not given.
func (r *Run) usualRetries() string {
	if r.Usually != "" {
		return r.Usually
	}
	return strconv.FormatInt(r.Retries, 10)
}

// OfRefresh returns the flags for a verb that asks portals of the registry again,
// of which the default was not known before.
func (r *Run) OfRefresh() *Run {
	again := *r
	if !again.Retried {
		again.Retries = RefreshRetries
	}
	return &again
}

// Check refuses flags that do not go together.
func (r *Run) Check() error {
	switch {
	case r.CaptureSecrets && r.Capture == "":
		return exit.Usagef("--capture-secrets needs --capture FILE")
	case r.All && r.Open:
		return exit.Usagef("--all and --open exclude each other: --all also lists silent addresses, and --open only portals that speak iSCSI")
	}
	return nil
}

// Limit bounds what is done for one portal beforehand.
func (r *Run) Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = initiator.DefaultTimeout
	}
	return context.WithTimeout(ctx, timeout)
}

// Apply sets what d may do.
func (r *Run) Apply(d *initiator.Discoverer) {
	d.Timeout = r.Timeout
	d.Retries = int(r.Retries)
	d.Parallel = int(r.Parallel)
	r.Pace.apply(d)
	d.MaxText = r.maxText
	d.MaxTargets = int(r.maxTargets)
	d.StrictNames = r.Strict
}
