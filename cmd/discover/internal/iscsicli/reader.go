package iscsicli

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A param is an argument of a verb, with its values as the usage has them.
type param struct{ name, values string }

// A reader takes the arguments of a verb one by one. After its first error it
// returns nothing that matters.
type reader struct {
	verb *Verb
	args []string
	at   int // the next one
	err  error
}

// more reports whether there are further arguments.
func (r *reader) more() bool { return r.at < len(r.args) && r.err == nil }

// next returns the next argument; "*" where there is none, since what is left out
// is not specified. An empty one is refused: a script whose variable is not set does
// not mean that something be cleared, or left to the defaults.
func (r *reader) next() string {
	arg := "*"
	if r.at < len(r.args) {
		arg = r.args[r.at]
	}
	r.at++
	if arg == "" {
		r.refuseFor("it is empty")
	}
	return arg
}

// param returns the parameter of an argument, which are counted from 0.
func (v *Verb) param(i int) param {
	for i >= len(v.params) {
		i -= v.repeat
	}
	return v.params[i]
}

// refuse says that the argument that was taken last is none of its values, and
// does not repeat it.
func (r *reader) refuse() { r.refuseFor("") }

// refuseFor is refuse for a reason besides.
func (r *reader) refuseFor(reason string) {
	if r.err != nil {
		return
	}
	p := r.verb.param(r.at - 1)
	text := "argument " + strconv.Itoa(r.at) + " is not a valid " + p.name + ": " + p.values
	if reason != "" {
		text += " (" + reason + ")"
	}
	r.err = &UsageError{r.verb, text}
}

// unspecified reports an argument that leaves something to the defaults.
func unspecified(arg string) bool { return strings.HasPrefix(arg, "*") }

// text returns the next argument; empty: it is not specified.
func (r *reader) text() string {
	if arg := r.next(); !unspecified(arg) {
		return arg
	}
	return ""
}

// number returns the next argument as a number, decimal or with 0x; given is
// false where it is not specified.
func (r *reader) number(least, most uint64) (n uint64, given bool) {
	arg := r.next()
	if unspecified(arg) {
		return 0, false
	}
	digits, base := arg, 10
	if len(arg) > 2 && (arg[:2] == "0x" || arg[:2] == "0X") {
		digits, base = arg[2:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil || n < least || n > most {
		r.refuse()
		return 0, false
	}
	return n, true
}

// required is number for one that has to be there.
func (r *reader) required(least, most uint64) uint64 {
	n, given := r.number(least, most)
	if !given {
		r.refuse()
	}
	return n
}

// boolean returns the next argument: true for T, false for anything else, or what
// holds where it is not specified.
func (r *reader) boolean(otherwise bool) bool {
	arg := r.next()
	if unspecified(arg) {
		return otherwise
	}
	return strings.HasPrefix(arg, "T") || strings.HasPrefix(arg, "t")
}

// address returns the next argument, a host. Whether it is one the rules of the
// reference API say; here only what other tools take is told apart.
func (r *reader) address() string {
	arg := r.text()
	_, err := netip.ParseAddrPort(arg)
	switch {
	case strings.Contains(arg, "://"), strings.Contains(arg, "@"):
		r.refuseFor("URLs and user names are not accepted")
	case err == nil, strings.Count(arg, ":") == 1:
		r.refuseFor("it contains a port")
	}
	return arg
}

// isnsServer returns the next argument, an iSNS server with its TCP port where that is
// given; none: it is not specified. The registry refuses that where it is needed.
func (r *reader) isnsServer() (p initiator.Portal) {
	arg := r.text()
	if arg == "" {
		return p
	}
	if strings.Contains(arg, "://") || strings.Contains(arg, "@") {
		r.refuseFor("URLs and user names are not accepted")
		return p
	}
	p, err := initiator.ParsePortal(arg, isnsPort)
	if err != nil { // the registry refuses it, with the code of the reference API
		p = initiator.Portal{Address: arg, Port: isnsPort}
	}
	return p
}

// isnsPort is the TCP port of iSNS servers (RFC 4171, section 2.9).
const isnsPort = 3205

// tcpPort returns the next argument, a TCP port.
func (r *reader) tcpPort() uint16 {
	n, given := r.number(1, 65535)
	if !given {
		return pdu.DefaultPort
	}
	return uint16(n)
}

// portal returns the next two arguments.
func (r *reader) portal() initiator.Portal {
	return initiator.Portal{Address: r.address(), Port: r.tcpPort()}
}

// windowsInstance is the name that Windows gives its one initiator in software.
const windowsInstance = `Root\ISCSIPRT\0000_0`

// instance returns the next argument, an initiator instance; empty: any. The one
// of Windows means the one that is built in here.
func (r *reader) instance() string {
	name := r.text()
	if strings.EqualFold(name, windowsInstance) {
		return ports.Host
	}
	return name
}

// initiatorPort returns the next argument, the number of an initiator port.
func (r *reader) initiatorPort() ports.Number {
	n, given := r.number(0, 1<<32-1)
	if !given {
		return ports.All
	}
	return ports.N(uint32(n))
}

// key returns the next two to four arguments.
func (r *reader) key() initiator.Key {
	k := initiator.Key{Portal: r.portal()}
	k.Instance, k.Port = r.instance(), r.initiatorPort()
	return k
}

// The types of identities of IKE (IKE_IDENTIFICATION_PAYLOAD_TYPE).
const (
	idIPv4     = 1
	idFQDN     = 2
	idUserFQDN = 3
	idIPv6     = 5
)

// identity returns the next two arguments, an identity of IKE with its type. A
// type and an identity that do not go together are refused.
func (r *reader) identity() string {
	kind := r.required(idIPv4, idIPv6)
	if kind == 4 {
		r.refuse()
	}
	id := r.text()
	addr, err := netip.ParseAddr(id)
	literal := err == nil
	user, host, at := strings.Cut(id, "@")
	switch {
	case r.err != nil:
	case kind == idIPv4 && !(literal && addr.Is4()):
		r.refuseFor("type 1 is an IPv4 address")
	case kind == idIPv6 && !(literal && addr.Is6() && addr.Zone() == ""):
		r.refuseFor("type 5 is an IPv6 address")
	case kind == idFQDN && (id == "" || literal || at || strings.EqualFold(id, ipsec.GroupID)):
		r.refuseFor("type 2 is a domain name")
	case kind == idUserFQDN && (!at || user == "" || host == ""):
		r.refuseFor("type 3 is user@domain")
	}
	return id
}

// ip returns the next argument, the address of another host; invalid: it is not
// specified.
func (r *reader) ip() netip.Addr {
	arg := r.text()
	if arg == "" {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(unbracketed(arg))
	if err != nil {
		r.refuse()
	}
	return addr.Unmap()
}

// unbracketed returns an address without the brackets that some write around
// IPv6.
func unbracketed(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, "["), "]") }

// secret returns the next argument, a secret or where one is.
func (r *reader) secret() Secret {
	arg := r.next()
	return Secret{Given: !unspecified(arg), text: arg}
}
