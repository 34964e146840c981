package main

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// swept says what a network that is swept is like, and what its sweep is allowed.
type swept struct {
	addresses, alive int
	others           string
	flags            string        // more of discover's
	rate             float64       // new connections a second
	connect, login   time.Duration // limits
	sessions         int           // at once
	patience         time.Duration // with a contender
}

// sweptFlags defines the flags of comparisons of networks.
func (s *settings) sweptFlags() {
	w := &s.swept
	flag.IntVar(&w.addresses, "addresses", 4096, "addresses of the network, a power of 2 from 8 to 65536")
	flag.IntVar(&w.alive, "alive", 40, "those of them where a target is")
	flag.StringVar(&w.others, "others", "silent", "what the other addresses are: "+strings.Join(slices.Sorted(maps.Keys(verdicts)), ", "))
	flag.StringVar(&w.flags, "flags", "", "flags of discover in comparisons of networks; in that of a mixed list, instead of \""+mixedFlags+"\"")
	flag.Float64Var(&w.rate, "rate", 2000, "connections a second that the ideal and the peers begin")
	flag.DurationVar(&w.connect, "connect", 3*time.Second, "how long the ideal and the peers wait for a silent address")
	flag.DurationVar(&w.login, "login", 5*time.Second, "how long the ideal waits for an address that accepts and says nothing")
	flag.IntVar(&w.sessions, "sessions", 64, "such addresses that the ideal waits for at once")
	flag.DurationVar(&w.patience, "patience", 5*time.Minute, "how long a contender of a network may take; who takes longer takes no part in later rounds")
}

// check refuses networks that there are not.
func (w *swept) check() error {
	switch {
	case verdicts[w.others] == nil:
		return fmt.Errorf("there are no -others %q", w.others)
	case w.addresses < 8 || w.addresses > 1<<16 || bits.OnesCount(uint(w.addresses)) != 1:
		return fmt.Errorf("-addresses %d is no power of 2 from 8 to 65536", w.addresses)
	case w.alive < 1 || w.alive > w.addresses/2:
		return fmt.Errorf("-alive %d is not from 1 to half of the addresses", w.alive)
	}
	return nil
}

// block is the network: all of it is within space.
func (w *swept) block() netip.Prefix {
	return netip.PrefixFrom(space.Addr(), 32-bits.TrailingZeros(uint(w.addresses)))
}

// living returns the addresses where a target is, spread evenly. Those that have a
// meaning of their own in a network, the first and the last, are not among them.
func (w *swept) living() (all []netip.Addr) {
	if w.others == beLive {
		for i := 1; i < w.addresses-1; i++ {
			all = append(all, address(i))
		}
		return all
	}
	for i := range w.alive {
		all = append(all, address((2*i+1)*w.addresses/(2*w.alive)))
	}
	return all
}

// open returns the addresses that accept connections.
func (w *swept) open() []netip.Addr {
	if w.others != beMute {
		return w.living()
	}
	all := make([]netip.Addr, w.addresses)
	for i := range all {
		all[i] = address(i)
	}
	return all
}

// ideal is what a sweep takes that is as fast as its limits let it be, and what it
// consists of. What answers is done in no time.
func (w *swept) ideal() (seconds float64, why string) {
	begin := float64(w.addresses) / w.rate
	switch w.others {
	case beSilent:
		return begin + w.connect.Seconds(), "addresses / rate + connect timeout"
	case beMute:
		turns := math.Ceil(float64(w.addresses-w.alive) / float64(w.sessions))
		return max(begin+w.login.Seconds(), turns*w.login.Seconds()), fmt.Sprintf("addresses / rate + login timeout, but no less than %.0f times the login timeout", turns)
	default:
		return begin, "addresses / rate"
	}
}
