package strongswan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// maxLines is how much of what charon says is kept.
const maxLines = 40

// grace is how long a negotiation goes on of which all says that the keys differ.
// Each sign of that may be a packet of an attacker on the path.
const grace = time.Second

// A journal is what charon says of a negotiation. Charon has no numbers for what
// goes wrong, so its words are all there is to go by. They are for people: what
// is done does not depend on them, but for giving up early.
type journal struct {
	hopeless func() // called when there is no point in waiting

	mu       sync.Mutex     // guards the following
	lines    []string       // said last
	seen     map[sign]int   // how often
	identity *IdentityError // that the peer has another one than it should
	doubt    *time.Timer    // at its end the negotiation is hopeless; nil: it is not in doubt
}

// A sign is something that charon says.
type sign string

// The signs.
const (
	signReceived     sign = "received packet"
	signRetransmit   sign = "sending retransmit"
	signUndecipher   sign = "could not decrypt payloads"
	signHash         sign = "received HASH payload does not match"
	signOtherHash    sign = "calculated HASH does not match"
	signOtherID      sign = "IDir '"
	signNoProposal   sign = "received NO_PROPOSAL_CHOSEN"
	signAuthFailed   sign = "received AUTHENTICATION_FAILED"
	signInvalidID    sign = "received INVALID_ID_INFORMATION"
	signNoKey        sign = "no shared key found"
	signNoAggressive sign = "Aggressive Mode PSK disabled"
	signInstall      sign = "unable to install"
	signUnsupported  sign = "Protocol not supported"
	signEstablished  sign = "established between"
	signSelectors    sign = "traffic selectors"
)

var signs = []sign{
	signReceived, signRetransmit, signUndecipher, signHash, signOtherHash, signOtherID, signNoProposal, signAuthFailed, signInvalidID, signNoKey,
	signNoAggressive, signInstall, signUnsupported, signEstablished, signSelectors,
}

// note takes a line of charon's log.
func (j *journal) note(event vici.Section) error {
	line := strings.Map(printable, event.Text("msg"))
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lines = append(j.lines, event.Text("group")+" "+line); len(j.lines) > maxLines {
		j.lines = j.lines[1:]
	}
	if j.seen == nil {
		j.seen = map[sign]int{}
	}
	for _, s := range signs {
		if strings.Contains(line, string(s)) {
			j.seen[s]++
		}
	}
	if j.seen[signOtherID] > 0 && j.identity == nil {
		j.identity = otherIdentity(line)
	}
	j.judge()
	return nil
}

// judge puts the negotiation in doubt where it seems that the keys differ, and
// ends the doubt when they are found not to. A message that cannot be decrypted
// could be an attacker's, and one that has to be sent again may have been lost; but
// where the peer does not take ours either, it is the key, unless the peer
// answers after all. j.mu is held.
func (j *journal) judge() {
	switch {
	case j.seen[signEstablished] > 0:
		if j.doubt != nil {
			j.doubt.Stop()
		}
	case j.doubt == nil && j.unreadable() && j.seen[signRetransmit] > 0:
		j.doubt = time.AfterFunc(grace, j.hopeless)
	}
}

// unreadable reports a message that another key than ours was used for. j.mu is
// held.
func (j *journal) unreadable() bool { return j.seen[signUndecipher] > 0 || j.seen[signHash] > 0 }

// close ends what the journal waits for.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.doubt != nil {
		j.doubt.Stop()
	}
}

// otherIdentity returns what charon says of an identity that it did not expect:
// IDir 'got' does not match to 'want'. nil: it says something else.
func otherIdentity(line string) *IdentityError {
	_, rest, _ := strings.Cut(line, string(signOtherID))
	got, want, ok := cutLast(rest, "' does not match to '")
	if !ok {
		return nil
	}
	return &IdentityError{Got: atMost(got), Want: atMost(strings.TrimSuffix(want, "'"))}
}

// maxIdentity is how many bytes of an identity are shown: it may be the peer's.
const maxIdentity = 256

func atMost(s string) string {
	if len(s) > maxIdentity {
		return s[:maxIdentity]
	}
	return s
}

// printable leaves no control characters: identities in a line are the peer's.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}

// aggressiveDisabled reports that charon here may not do aggressive mode with
// preshared keys. Of the peer that is not known for sure: it may as well not like
// the identity.
func (j *journal) aggressiveDisabled() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seen[signNoAggressive] > 0
}

// said returns the lines so far. Charon may go on.
func (j *journal) said() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

// aggressiveOption is what charon has to be told to do aggressive mode with
// preshared keys.
const aggressiveOption = "i_dont_care_about_security_and_use_aggressive_mode_psk"

// failure returns the error of a negotiation.
func (j *journal) failure(c *connection, err error) *NegotiationError {
	e := &NegotiationError{Peer: c.peer.String(), Log: j.said(), Err: err, Cause: j.cause()}
	var silent *NoAnswerError
	switch {
	case errors.As(err, &silent):
		e.Cause, e.Reason = nil, err.Error() // of the peer nothing is known
	case e.Cause != nil:
		e.Reason = e.Cause.Error()
	default:
		e.Reason = j.reason(c.plan.Exchange, err)
	}
	return e
}

// cause returns a *KeyError or an *IdentityError where that is what it was; nil:
// it was something else, or cannot be told.
func (j *journal) cause() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch established := j.seen[signEstablished] > 0; {
	case established:
		return nil // so the keys are the same, and the identities are right
	case j.identity != nil:
		return j.identity
	case j.seen[signOtherHash] > 0:
		return &KeyError{}
	case j.unreadable():
		return &KeyError{Seems: true}
	}
	return nil
}

// reason says what went wrong, as far as that can be told.
func (j *journal) reason(exchange ipsec.Exchange, err error) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	has := func(s sign) bool { return j.seen[s] > 0 }
	switch {
	case has(signNoAggressive):
		return "charon on this host does not use aggressive mode with preshared keys: set " + aggressiveOption + " = yes in strongswan.conf, which exposes the key to guessing"
	case has(signInstall) && has(signUnsupported):
		return "IKE succeeded, but the kernel has no ESP to use the keys with"
	case has(signInstall):
		return "IKE succeeded, but the kernel does not accept the keys"
	case exchange == ipsec.AggressiveMode && has(signAuthFailed) && !has(signEstablished):
		return "the peer refuses aggressive mode, the key or the identity; if it is strongSwan, it uses aggressive mode with preshared keys only if " + aggressiveOption + " = yes is set in its strongswan.conf"
	case has(signAuthFailed):
		return "the peer refuses the key or the identity"
	case has(signNoProposal) && has(signEstablished):
		return "the peer accepts none of the proposals for IPsec (algorithms, PFS or mode)"
	case has(signNoProposal):
		return "the peer accepts none of the proposals for IKE (algorithms), or does not know us"
	case has(signInvalidID), has(signSelectors):
		return "the peer does not agree on which traffic to protect"
	case has(signNoKey):
		return "charon does not find the key"
	case has(signEstablished) && ended(err):
		return "the peer does not answer in phase 2"
	case ended(err) && !has(signReceived):
		return "the peer does not answer IKE (UDP port 500)"
	case ended(err):
		return "the peer stopped answering; it may have a different preshared key"
	}
	var refusal *vici.FailedError
	if errors.As(err, &refusal) && len(j.lines) > 0 {
		return fmt.Sprintf("%s (%s)", refusal.Reason, j.lines[len(j.lines)-1])
	}
	return err.Error()
}

// ended reports that the negotiation was not over when it was ended.
func ended(err error) bool {
	var refusal *vici.FailedError
	return !errors.As(err, &refusal) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errHopeless))
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
