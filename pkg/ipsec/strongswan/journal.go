package strongswan

import (
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
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

	mu       sync.Mutex             // guards the following
	lines    []string               // said last
	seen     map[sign]int           // how often
	identity *enforce.IdentityError // that the peer has another one than it should
	doubt    *time.Timer            // at its end the negotiation is hopeless; nil: it is not in doubt
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
	signTraffic      sign = "received TS_UNACCEPTABLE"
	signMAC          sign = "but MAC mismatched"
	signVersion      sign = "received INVALID_MAJOR_VERSION"
)

var signs = []sign{
	signReceived, signRetransmit, signUndecipher, signHash, signOtherHash, signOtherID, signNoProposal, signAuthFailed, signInvalidID, signNoKey,
	signNoAggressive, signInstall, signUnsupported, signEstablished, signSelectors, signTraffic, signMAC, signVersion,
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

// refuseGroup notes that the peer did not renew the association for ESP with a
// Diffie-Hellman group of its own.
func (j *journal) refuseGroup() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seen == nil {
		j.seen = map[sign]int{}
	}
	j.seen[signEstablished]++
	j.seen[signNoProposal]++
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
func otherIdentity(line string) *enforce.IdentityError {
	_, rest, _ := strings.Cut(line, string(signOtherID))
	got, want, ok := cutLast(rest, "' does not match to '")
	if !ok {
		return nil
	}
	return &enforce.IdentityError{Got: atMost(got), Want: atMost(strings.TrimSuffix(want, "'"))}
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

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
