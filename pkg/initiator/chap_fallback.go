package initiator

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A chapFallback says what became of the second try with MD5 alone, which there
// is once for a portal.
type chapFallback uint8

const (
	noFallback    chapFallback = iota // none yet
	inFallback                        // this is it
	afterFallback                     // it was of no use
)

// meansSHA1 reports that the target chose SHA-256 and then refused our answer.
// tgt does: it computes SHA-1 under that number, and finds our response too long
// (status 0x0200) or, by other versions, wrong (0x0201).
func (a *attempt) meansSHA1(login *LoginError) bool {
	refused := login.Status == pdu.StatusInitiatorError || login.Status == pdu.StatusAuthFailure
	return refused && a.result.Auth.Algorithm == auth.SHA256
}

// mayFallBack reports whether MD5 is on offer, usable, and was not tried alone
// before.
func (a *attempt) mayFallBack(method *auth.CHAP) bool {
	if a.fallback != noFallback || a.result.Portal.Login.NoCHAPFallback {
		return false
	}
	offered := method.Algorithms
	if len(offered) == 0 {
		offered = auth.DefaultAlgorithms()
	}
	return slices.Contains(offered, auth.MD5) && withMD5(method).Validate() == nil
}

// withMD5 returns method with MD5 as its only algorithm.
func withMD5(method *auth.CHAP) *auth.CHAP {
	md5 := *method
	md5.Algorithms = []auth.Algorithm{auth.MD5}
	return &md5
}

// fallBack tries once more with MD5 alone. Where that fails too, the first error
// is the one that counts, unless it was no more than tgt's confusion about the
// length, or somebody stopped us.
func (a *attempt) fallBack(ctx context.Context, from Port, addr netip.AddrPort, method *auth.CHAP, first *LoginError) error {
	stop := a.fail(first)
	a.fallback = inFallback
	err := a.session(ctx, from, addr, withMD5(method))
	a.fallback = afterFallback
	var late *TimeoutError
	stopped := ctx.Err() != nil && !errors.As(context.Cause(ctx), &late)
	if err != nil && a.stage <= StageLogin && first.Status != pdu.StatusInitiatorError && !stopped {
		return stop
	}
	return a.fail(err)
}
