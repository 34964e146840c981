package main

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// runFlags say how far a run may go and what it shows of itself.
type runFlags struct {
	timeout    time.Duration
	retries    int64  // what it is before flags are read is the default of the verb
	retried    bool   // it was given
	usually    string // the default in words; empty: retries
	parallel   int64
	maxText    int64
	maxTargets int64
	strict     bool
	all        bool
	trace      bool

	capture        string // file; empty: none
	captureSecrets bool
}

// maxParallel bounds --parallel: a process does not get more sockets.
const maxParallel = 1 << 16

func (r *runFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(&span{&r.timeout}, "timeout", "for one portal, all in all; default 15s")
	fs.Var(&number{value: &r.retries, name: "N", max: initiator.MaxRetries, given: &r.retried}, "retries", "ask a portal up to N times more, within its time, where it failed with what may pass; default "+r.usualRetries())
	fs.Var(&number{value: &r.parallel, name: "N", min: 1, max: maxParallel}, "parallel", "portals to ask at once; default 64")
	fs.Var(&number{value: &r.maxText, name: "BYTES", min: 1, max: math.MaxInt64}, "max-text", "refuse a longer answer")
	fs.Var(&number{value: &r.maxTargets, name: "N", min: 1, max: math.MaxInt32}, "max-targets", "refuse an answer of more targets")
	fs.BoolVar(&r.strict, "strict-names", false, "leave out targets whose names are no iSCSI names in form, and refuse such a name of our own")
	fs.BoolVar(&r.all, "all", false, "list the silent addresses of blocks and ranges, too")
	fs.BoolVar(&r.trace, "trace", false, "show each PDU on standard error, CHAP responses masked")
	fs.Var(&fileName{&r.capture}, "capture", "write all iSCSI traffic of the run to a new pcapng file, CHAP responses masked; what goes under IPsec is in it as it was before")
	fs.BoolVar(&r.captureSecrets, "capture-secrets", false, "leave the CHAP responses in it: secrets can be guessed from them")
	return fs
}

// refreshRetries is how often the verbs that ask portals of the registry again ask
// each once more: a target that is restarting closes connections.
const refreshRetries = 1

// usualRetries says what --retries is where it is not given.
func (r *runFlags) usualRetries() string {
	if r.usually != "" {
		return r.usually
	}
	return strconv.FormatInt(r.retries, 10)
}

// ofRefresh returns the flags for a verb that asks portals of the registry again,
// of which the default was not known before.
func (r *runFlags) ofRefresh() *runFlags {
	again := *r
	if !again.retried {
		again.retries = refreshRetries
	}
	return &again
}

// check refuses flags that do not go together.
func (r *runFlags) check() error {
	if r.captureSecrets && r.capture == "" {
		return machine.Usagef("--capture-secrets goes with --capture FILE")
	}
	return nil
}

// limit bounds what is done for one portal beforehand.
func (r *runFlags) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := r.timeout
	if timeout == 0 {
		timeout = initiator.DefaultTimeout
	}
	return context.WithTimeout(ctx, timeout)
}

// apply sets what d may do.
func (r *runFlags) apply(d *initiator.Discoverer) {
	d.Timeout = r.timeout
	d.Retries = int(r.retries)
	d.Parallel = int(r.parallel)
	d.MaxText = r.maxText
	d.MaxTargets = int(r.maxTargets)
	d.StrictNames = r.strict
}
