package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// endlessKinds are lists that never end, by name: each appends its record i.
var endlessKinds = map[string]func(b []byte, i int) []byte{
	// Each target has a name of its own, and the address of all.
	"names": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:storage.disk%09d\x00TargetAddress=192.0.2.10:3260,1\x00", i)
	},
	// So has each here, and says nothing more: the most targets for the bytes.
	"bare": func(b []byte, i int) []byte { return fmt.Appendf(b, "TargetName=iqn.2026-11.a:%x\x00", i) },
	// Each has an address of its own, too.
	"own": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:storage.disk%09d\x00TargetAddress=10.%d.%d.%d:3260,1\x00", i, i>>16&255, i>>8&255, i&255)
	},
	// Each has as many addresses as a target may have, that no other has.
	"addresses": func(b []byte, i int) []byte {
		b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:storage.disk%09d\x00", i)
		for j := range 1024 {
			n := i<<10 + j
			b = fmt.Appendf(b, "TargetAddress=10.%d.%d.%d:%d,1\x00", n>>16&255, n>>8&255, n&255, 3260+n>>24&1023)
		}
		return b
	},
	// Each has those of two lists of addresses, in turn: much to print of little.
	"shared": func(b []byte, i int) []byte {
		b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:storage.disk%09d\x00", i)
		for j := range 1024 {
			b = fmt.Appendf(b, "TargetAddress=10.0.%d.%d,1\x00", i&1<<2|j>>8, j&255)
		}
		return b
	},
	// Each has one that is a host name, as long as it may be.
	"hosts": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%09d\x00TargetAddress=host%09d%s:3260,1\x00", i, i, strings.Repeat(".a234567890123456789", 12))
	},
	// Each has an alias, as long as it may be, of what JSON has to escape.
	"alias": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%09d\x00TargetAlias=%09d%s\x00TargetAddress=192.0.2.10:3260,1\x00", i, i, strings.Repeat("\x01", 246))
	},
	// Two names come again and again, each time with another address.
	"repeated": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%d\x00TargetAddress=10.%d.%d.%d:%d,1\x00", i&1, i>>17&255, i>>9&255, i>>1&255, 3260+i>>25)
	},
	// Two names come again and again.
	"same": func(b []byte, i int) []byte {
		return fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%d\x00TargetAddress=192.0.2.10:3260,1\x00", i&1)
	},
	// One name comes again and again.
	"one": func(b []byte, i int) []byte {
		return append(b, "TargetName=iqn.2026-11.com.example:disk\x00TargetAddress=192.0.2.10:3260,1\x00"...)
	},
	// No names at all.
	"keys": func(b []byte, i int) []byte { return fmt.Appendf(b, "Key%09d=value\x00", i) },
	// Values as long as they may be: of keys that mean nothing, of names and addresses
	// that are none, and of addresses that have zeros before the number of the port.
	"long": func(b []byte, i int) []byte {
		b = fmt.Appendf(b, "X-a=%09d%s\x00TargetName=iqn.2026-11.com.example:disk%09d\x00TargetAddress=", i, strings.Repeat("b", 8100), i)
		b = append(append(b, strings.Repeat("1", 8180)...), "\x00TargetAddress=192.0.2.10:"...)
		b = fmt.Appendf(b, "%s3260,1\x00TargetName=", strings.Repeat("0", 8100))
		return append(append(b, strings.Repeat("n", 8180)...), 0)
	},
	// Most addresses come twice within a target, so that little is kept of what is read.
	"pins": func(b []byte, i int) []byte {
		b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%09d\x00", i)
		for j := range 64 {
			n := j % 9
			if j == 63 {
				n = i
			}
			b = fmt.Appendf(b, "TargetAddress=host%09d%s:3260,1\x00", n, strings.Repeat(".a234567890123456789", 12))
		}
		return b
	},
}

// serveEndless is a target whose answer never ends.
func serveEndless(args []string) error {
	record := endlessKinds[args[0]]
	return serveBy(func(c net.Conn) {
		n := 0
		var text []byte
		answer(c, func() (pdu.Text, bool) {
			// Records that are cut are in the next part.
			text = append(text[:0], text[min(len(text), maxText):]...)
			for len(text) < maxText {
				text = record(text, n)
				n++
			}
			return text[:maxText], false
		})
	})
}

// endless asks a portal that never ends its answer, for what that costs.
func (s *settings) endless() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Printf("\na portal that sends for ever, --timeout %s; peak MiB, seconds past the timeout, and seconds of CPU, the most of %d rounds\n", s.timeout, s.pairs)
	type client struct {
		name string
		args []string
	}
	scan := func(name, format string, more ...string) client {
		return client{name, append(append([]string{s.command, "scan", "--timeout", s.timeout.String(), "-o", format, "--tcp-port", "PORT"}, more...), "127.0.0.1")}
	}
	registry := func(verb string) client {
		return client{verb, []string{s.command, "portal", verb, "--registry", filepath.Join(s.dir, "registry.db"), "--timeout", s.timeout.String(), "-o", "json", "127.0.0.1:PORT"}}
	}
	clients := []client{
		scan("json", "json"), scan("table", "table"), scan("jsonl", "jsonl"), scan("iscsiadm", "iscsiadm"),
		scan("json, behind a silent one", "json", "127.0.0.1:SILENT"), scan("table, behind one", "table", "127.0.0.1:SILENT"),
		scan("table, each port", "table", "--initiator-port", "each"), scan("iscsiadm, each port", "iscsiadm", "--initiator-port", "each"),
		registry("add"), registry("refresh"),
	}
	for _, c := range clients {
		fmt.Fprintf(w, "\t%s", c.name)
	}
	fmt.Fprintln(w, "\t")
	for _, kind := range slices.Sorted(maps.Keys(endlessKinds)) {
		if s.kind != usualKind && s.kind != kind {
			continue
		}
		port, silent, stop, err := s.startTarget(nil, "be-the-endless-target", kind)
		if err != nil {
			return err
		}
		fmt.Fprint(w, kind)
		for _, c := range clients {
			args := slices.Clone(c.args)
			for i := range args {
				args[i] = strings.NewReplacer("PORT", port, "SILENT", silent).Replace(args[i])
			}
			var peak, late, cpu float64
			for range s.pairs {
				f, err := measure(s.placed(args, false), 0, 1, 3)
				if err != nil {
					stop()
					return err
				}
				peak, late, cpu = max(peak, f.peak), max(late, f.wall-s.timeout.Seconds()), max(cpu, f.cpu)
			}
			fmt.Fprintf(w, "\t%.0f %+.1f %.1f", peak, late, cpu)
		}
		stop()
		fmt.Fprintln(w, "\t")
	}
	return w.Flush()
}
