// Package targettest has texts of answers to SendTargets for tests of what reads them:
// records that are like the one before, up to what ends that.
package targettest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// What package target keeps of a list, on which the texts depend.
const (
	Tails   = 8       // tails that it keeps
	TailLen = 1 << 10 // bytes of the longest
	Misses  = 32      // unknown tails in a row after which it looks for fewer
)

// Record returns a record of an answer.
func Record(name string, pairs ...string) string {
	return "TargetName=iqn.2026-11.com.example:" + name + "\x00" + strings.Join(append(pairs, ""), "\x00")
}

// Most is how many targets a reader of the texts should take.
const Most = 193

// Texts are texts in which records are like the one before, up to what ends that.
var Texts = func() map[string]string {
	const here, there = "TargetAddress=192.0.2.1:3260,1", "TargetAddress=192.0.2.2:3260,1"
	run := func(end string, pairs ...string) string {
		s := ""
		for i := range 12 {
			s += Record(fmt.Sprint("disk", i), pairs...)
		}
		return s + end
	}
	inTurn := func(n, kinds int, format string) string {
		s := ""
		for i := range n {
			s += Record(fmt.Sprintf("storage.disk%04d", i), fmt.Sprintf(format, i%kinds+1))
		}
		return s
	}
	turn := func(n, kinds int) string { return inTurn(n, kinds, "TargetAddress=192.0.2.%d:3260,1") }
	// A Parser keeps the tails of these, since it does not read them as a whole.
	linkLocal := func(n, kinds int) string { return inTurn(n, kinds, "TargetAddress=[fe80::%x]:3260,1") }
	return map[string]string{
		"two in turn":                            turn(20, 2) + run("", here),
		"some in turn":                           turn(3*Tails, Tails) + run("", here),
		"more in turn than are kept":             turn(3*Tails, Tails+1) + run("", there),
		"each another, then alike":               turn(Misses+40, 200) + turn(10, 1),
		"link-local, two in turn":                linkLocal(20, 2) + run("", here),
		"link-local, some in turn":               linkLocal(3*Tails, Tails) + run("", here),
		"link-local, more in turn than are kept": linkLocal(3*Tails, Tails+1) + run("", there),
		"link-local, each another, then alike":   linkLocal(Misses+40, 200) + linkLocal(10, 1),
		"each another":                           turn(40, 40) + run(""),
		"each another of IPv6":                   inTurn(40, 40, "TargetAddress=[2001:db8::%x]:3260,1"),
		"each another by name":                   inTurn(40, 40, "TargetAddress=array%d.example:3260,1"),
		"each another, twice":                    inTurn(40, 40, "TargetAddress=10.0.0.%[1]d:3260,1\x00TargetAddress=10.0.0.%[1]d:3260,1"),
		"each two others":                        inTurn(40, 40, "TargetAddress=10.0.0.%[1]d:3260,1\x00TargetAddress=10.0.1.%[1]d:3260,2"),
		"each another, and a bad one":            inTurn(20, 20, "TargetAddress=10.0.0.%[1]d:3260,1\x00TargetAddress=10.0.1.300,2"),
		"each another alias":                     inTurn(40, 40, "TargetAlias=disk %d\x00"+here),
		"each another alias behind the address":  inTurn(40, 40, here+"\x00TargetAlias=disk %d"),
		"each another long alias":                inTurn(4, 4, "TargetAlias=%0255d\x00"+here) + inTurn(4, 4, "TargetAlias=%0256d\x00"+there),
		"each another alias that is no UTF-8":    inTurn(4, 4, "TargetAlias=%d\xff\x00"+here),
		"the same address in turns of writing":   inTurn(40, 2, "TargetAddress=192.0.2.9:%05[1]d,1") + inTurn(40, 2, "TargetAddress=192.0.2.9:%[1]d,1"),
		"groups and ports in turn":               inTurn(40, 7, "TargetAddress=192.0.2.9:326%[1]d,%[1]d"),
		"as many addresses as are compared":      inTurn(6, 2, strings.Repeat(here+"\x00", 15)+"TargetAddress=192.0.2.%d:3260,1") + run("", there),
		"addresses of all kinds":                 inTurn(9, 3, "TargetAddress=127.0.0.%d:3260,1") + inTurn(9, 3, "TargetAddress=224.0.0.%d:3260,1") + inTurn(9, 1, "TargetAddress=0.0.0.0:3260,%d") + inTurn(9, 1, "TargetAddress=255.255.255.255:3260,%d") + inTurn(9, 3, "TargetAddress=240.0.0.%d:3260,1"),
		"a tail that is part of another":         run(Record("other", here, there)+run("", here), here) + run("", here, there),
		"no address in turn":                     Record("a") + Record("b", here) + Record("c") + Record("d", here) + Record("e") + Record("e") + Record("f", there) + Record("f") + Record("g"),
		"aliases in turn":                        Record("a", "TargetAlias=x", here) + Record("b", "TargetAlias=y", here) + Record("c", "TargetAlias=x", here) + Record("d", "TargetAlias=y", here) + Record("e", "TargetAlias=y", here) + Record("f", here),
		"many alike":                             turn(137, 1),
		"one address":                            run("", here),
		"two addresses":                          run("", here, there),
		"an address twice":                       run("", here, here),
		"no address":                             run(""),
		"an alias":                               run("", "TargetAlias=x", here),
		"own keys":                               run("", "X-com.example.rack=7", here),
		"NULs":                                   run("", here, "", ""),
		"a bad address":                          run("", here, "TargetAddress=x y"),
		"a key for an address":                   run("", "TargetAddress=TargetName="),
		"a bad alias":                            run("", here, "TargetAlias=\xff"),
		"an unknown key":                         run("", here, "Rack=7"),
		"a link-local address":                   run("", "TargetAddress=[fe80::1]:3260,1"),
		"another address":                        run(Record("other", there)+Record("last", there), here),
		"one address more":                       run(Record("other", here, there)+Record("last", here), here),
		"no address after some":                  run(Record("other")+Record("last", here), here),
		"an alias after none":                    run(Record("other", here, "TargetAlias=x")+Record("last", here), here),
		"the same name":                          run(Record("disk11", here)+Record("last", here), here),
		"the same name, another address":         run(Record("disk11", there)+Record("last", here)+Record("more", here), here),
		"the same name, folded":                  run(Record("DISK11", there)+Record("last", here)+Record("more", here), here),
		"the same name, no address":              run(Record("disk11")+Record("last", here), here),
		"an earlier name":                        run(Record("disk0", here)+Record("last", here), here),
		"upper case":                             run(Record("Disk", here)+Record("last", here)+Record("more", here), here),
		"beyond ASCII":                           run(Record("größe", here)+Record("last", here)+Record("more", here), here),
		"a bad name":                             run(Record("a b", here)+Record("last", here)+Record("more", here), here),
		"a long name":                            run(Record(strings.Repeat("x", 199), here)+Record(strings.Repeat("x", 200), here)+Record("last", here), here),
		"another form of name":                   run("TargetName=eui.02004567A425678D\x00"+here+"\x00"+Record("last", here), here),
		"a short name":                           "TargetName=iqn.2026-11.a\x00" + here + "\x00TargetName=iqn.2026-11.a\x00" + here + "\x00TargetName=iqn.2026-11.b\x00" + here + "\x00",
		"a name that is a prefix":                run(Record("disk", here)+Record("disk111", here), here),
		"no '='":                                 run("rubbish\x00"+Record("last", here), here),
		"no NUL at the end":                      run("TargetName=iqn.2026-11.com.example:last", here),
		"more than may be":                       turn(Most+1, 1),
		"more than may be, in turn":              turn(Most+1, 2),
		"as many as may be":                      turn(Most, 1),
	}
}()

// Walk hands on a text that comes in pieces.
func Walk(text []byte, size int, yield func(pdu.Text) error) error {
	var j pdu.Joiner
	for off := 0; off < len(text); off += size {
		for whole, err := range j.Add(text[off:min(off+size, len(text))]) {
			if err == nil {
				err = yield(whole)
				if bad := (*pdu.TextError)(nil); errors.As(err, &bad) {
					bad.Offset += j.Offset()
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return j.Close()
}

// Random returns a text of runs of records, mostly alike, with some that are
// not, or not well formed.
func Random(r *rand.Rand) (text []byte) {
	const here, there = "TargetAddress=192.0.2.1:3260,1\x00", "TargetAddress=192.0.2.2,1\x00"
	const example = "iqn.2026-11.com.example:"
	names := []string{
		example + "disk%d", example + "disk%04d", example + "DISK%d", "iqn.2026-11.com.exämple:%d", "eui.02004567A425678%d", "iqn.2026-13.com.example:%d",
		"iqn.2026-11.x%d", example + "%d" + strings.Repeat("y", 197), example + "a b%d",
	}
	tails := []string{
		here, there, here + there, "", "TargetAlias=x\x00" + here, here + "TargetAlias=y\x00", "TargetAddress=x y\x00", here + "TargetAddress=x y\x00", "X-a=b\x00" + here,
		"TargetAddress=[fe80::9]:3260\x00", here + "\x00\x00", "TargetAlias=\xff\x00" + here, "TargetAlias=\x00" + here, "X-a=" + strings.Repeat("b", TailLen+76) + "\x00" + here,
		"Rack=1\x00" + here, "TargetAddress=10.0.0.%[1]d:3260,1\x00", "TargetAddress=10.%[1]d.0.1:860,65535\x00TargetAddress=10.0.0.%[1]d:3260,1\x00", "TargetAlias=%[1]d\x00" + here,
		"TargetAddress=[2001:db8::%[1]x]:3260,1\x00", "TargetAddress=%[1]d.0.0.0:3260,1\x00", "TargetAddress=10.0.0.%03[1]d:3260,1\x00",
	}
	for range 1 + r.IntN(12) {
		name, tail, kinds := names[r.IntN(len(names))], tails[r.IntN(len(tails))], 1+r.IntN(4)
		for range 1 + r.IntN(150) {
			if r.IntN(3) == 0 {
				tail = tails[r.IntN(kinds)]
			}
			n := r.IntN(200)
			text = fmt.Appendf(text, "TargetName="+name+"\x00", n)
			if strings.Contains(tail, "%[1]") {
				text = fmt.Appendf(text, tail, n)
			} else {
				text = append(text, tail...)
			}
			if r.IntN(30) == 0 {
				text = append(text, tails[r.IntN(len(tails))]...)
			}
		}
	}
	if r.IntN(5) == 0 {
		text[r.IntN(len(text))] = byte(r.IntN(256))
	}
	return text
}
