package target

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// A plainCache reads what targets mostly send behind a name: one plain address and no
// more. That is an IPv4 literal in its one form, a TCP port and a portal group tag. The
// cache keeps a few literals, and what came behind them.
type plainCache struct {
	ends  []plainEnd
	last  int                    // index of the end that was found last
	hosts *[plainHosts]plainHost // each at a place that its address gives; nil: none came yet
}

// A plainEnd is what follows the literal of a plain address, up to its NUL.
type plainEnd struct {
	text  []byte
	port  uint16
	group int
}

type plainHost struct {
	ip   uint32 // 0: there is none
	host string
}

const (
	maxPlainEnd = 16 // bytes of the longest text that is taken for the end of a plain address
	plainEnds   = 4  // ends that are kept
	plainHosts  = 16 // literals that are kept
)

// parsePlain reads the plain address that t begins with into a, and returns how many bytes
// it has with its NUL; zero: t does not begin with one. What is plain, ParseAddress takes
// for an ordinary address, and reads as the same.
func (r *addressCache) parsePlain(a *Address, t []byte) (size int) {
	ip, n := readIPv4(t)
	if n == 0 {
		return 0
	}
	end := r.plain.end(t[n:])
	if end == nil {
		return 0
	}
	a.Host, a.Port, a.Group = r.plainHost(ip, t[:n]), end.port, end.group
	return n + len(end.text)
}

// plainBegin is what follows a name that has a plain tail.
const plainBegin = "\x00" + addressKey

// parsePlainTail reads what follows a name, up to the next name, if that is one plain address
// and no more. It appends the address and returns how many bytes it has read; zero:
// something else follows.
func (r *addressCache) parsePlainTail(to *[]Address, t []byte) (size int) {
	if !hasPrefix(t, plainBegin) {
		return 0
	}
	var a Address
	n := r.parsePlain(&a, t[len(plainBegin):])
	if size = len(plainBegin) + n; n == 0 || !hasPrefix(t[size:], nameKey) {
		return 0
	}
	*to = append(*to, a)
	return size + len(nameKey)
}

// plainHost returns an IPv4 literal as a string.
func (r *addressCache) plainHost(ip uint32, literal []byte) string {
	if r.plain.hosts == nil {
		r.plain.hosts = new([plainHosts]plainHost)
	}
	known := &r.plain.hosts[ip*0x9e3779b1>>28]
	if known.ip != ip {
		known.ip, known.host = ip, r.texts.intern(literal)
	}
	return known.host
}

// end returns the end that t begins with; nil: it is not that of a plain address.
func (p *plainCache) end(t []byte) *plainEnd {
	for range p.ends {
		if known := &p.ends[p.last]; bytes.HasPrefix(t, known.text) {
			return known
		}
		if p.last++; p.last == len(p.ends) {
			p.last = 0
		}
	}
	return p.learn(t)
}

// learn keeps the end that t begins with, and returns it; nil: it is not that of a plain
// address.
func (p *plainCache) learn(t []byte) *plainEnd {
	size := bytes.IndexByte(t[:min(len(t), maxPlainEnd)], 0)
	comma := bytes.IndexByte(t[:max(size, 0)], ',')
	if comma < 0 || t[0] != ':' {
		return nil
	}
	port, err := text.ParseDecimal(string(t[1:comma]))
	if err != nil || port == 0 {
		return nil
	}
	group, err := text.ParseDecimal(string(t[comma+1 : size]))
	if err != nil {
		return nil
	}
	if len(p.ends) < plainEnds {
		p.last = len(p.ends)
		p.ends = append(p.ends, plainEnd{})
	} else {
		p.last = (p.last + 1) % plainEnds
	}
	known := &p.ends[p.last]
	*known = plainEnd{append(known.text[:0], t[:size+1]...), port, int(group)}
	return known
}

// longestPlain has as many bytes as a plain address with its NUL can have.
const longestPlain = "223.255.255.255:65535,65535\x00"

// readIPv4 reads the IPv4 literal that t begins with, and returns how many bytes it has;
// zero: it is none in the form that netip writes, or its kind is not ordinary for certain.
func readIPv4(t []byte) (ip uint32, n int) {
	if len(t) < len(longestPlain) {
		return 0, 0
	}
	a := (*[len(longestPlain)]byte)(t)
	for i := 0; ; i++ {
		octet, next := readOctet(a, n)
		if octet > 255 {
			return 0, 0
		}
		ip = ip<<8 | octet
		if n = next; i == 3 {
			break
		}
		if a[n] != '.' {
			return 0, 0
		}
		n++
	}
	if first := ip >> 24; ip == 0 || first == 127 || first >= 224 {
		return 0, 0
	}
	return ip, n
}

// readOctet reads a number of at most three digits, without leading zeros, at an index of
// at most 12; over 255: there is none.
func readOctet(a *[len(longestPlain)]byte, n int) (octet uint32, next int) {
	octet = uint32(a[n] - '0')
	if octet > 9 {
		return 256, n
	}
	for n++; a[n]-'0' <= 9; n++ {
		if octet-1 > 98 { // a zero, or three digits
			return 256, n
		}
		octet = octet*10 + uint32(a[n]-'0')
	}
	return octet, n
}
