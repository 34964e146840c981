package sweep

import (
	"io"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// parse understands arguments; files and standard input are what the map says.
func parse(args []string, files map[string]string) (*Portals, error) {
	return ParsePortals(args, 3260, &machine.Env{
		Stdin: strings.NewReader(files["-"]),
		Open: func(path string) (io.ReadCloser, error) {
			s, ok := files[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return io.NopCloser(strings.NewReader(s)), nil
		},
	})
}

func TestPortals(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"-":       "192.0.2.1\n",
		"portals": "\ufeff# storage\r\n192.0.2.10\r\n\n  [2001:db8::10]:3261  # the other\r\n192.0.2.16/30\nhost",
	}
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"name", []string{"storage1.example"}, []string{"storage1.example:3260"}},
		{"name with port", []string{"storage1:3261"}, []string{"storage1:3261"}},
		{"IPv4", []string{"192.0.2.10"}, []string{"192.0.2.10:3260"}},
		{"IPv4 with port", []string{"192.0.2.10:3261"}, []string{"192.0.2.10:3261"}},
		{"IPv6", []string{"2001:db8::10"}, []string{"[2001:db8::10]:3260"}},
		{"IPv6 in brackets", []string{"[2001:db8::10]"}, []string{"[2001:db8::10]:3260"}},
		{"IPv6 with port", []string{"[2001:db8::10]:3261"}, []string{"[2001:db8::10]:3261"}},
		{"zone", []string{"fe80::1%eth0"}, []string{"[fe80::1%eth0]:3260"}},
		{"a name with a hyphen", []string{"storage-1"}, []string{"storage-1:3260"}},
		{"block", []string{"192.0.2.8/30"}, []string{"192.0.2.9:3260", "192.0.2.10:3260"}},
		{"block by one of its addresses", []string{"192.0.2.10/30"}, []string{"192.0.2.9:3260", "192.0.2.10:3260"}},
		{"block of two", []string{"192.0.2.8/31"}, []string{"192.0.2.8:3260", "192.0.2.9:3260"}},
		{"block of one", []string{"192.0.2.8/32"}, []string{"192.0.2.8:3260"}},
		{"IPv6 block", []string{"2001:db8::/126"}, []string{"[2001:db8::1]:3260", "[2001:db8::2]:3260", "[2001:db8::3]:3260"}},
		{"IPv6 block of two", []string{"2001:db8::/127"}, []string{"[2001:db8::]:3260", "[2001:db8::1]:3260"}},
		{"IPv6 block of one", []string{"2001:db8::8/128"}, []string{"[2001:db8::8]:3260"}},
		{"range", []string{"192.0.2.254-192.0.3.1"}, []string{"192.0.2.254:3260", "192.0.2.255:3260", "192.0.3.0:3260", "192.0.3.1:3260"}},
		{"range of one", []string{"192.0.2.8-192.0.2.8"}, []string{"192.0.2.8:3260"}},
		{"IPv6 range over a carry", []string{"2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::"}, []string{"[2001:db8::ffff:ffff:ffff:ffff]:3260", "[2001:db8:0:1::]:3260"}},
		{"standard input", []string{"-"}, []string{"192.0.2.1:3260"}},
		{"file", []string{"@portals"}, []string{"192.0.2.10:3260", "[2001:db8::10]:3261", "192.0.2.17:3260", "192.0.2.18:3260", "host:3260"}},
		{"several", []string{"a", "192.0.2.8/31", "b"}, []string{"a:3260", "192.0.2.8:3260", "192.0.2.9:3260", "b:3260"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := parse(tt.args, files)
			if err != nil {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, listed(p, 0)); diff != "" {
				t.Errorf("portals differ (- want, + got):\n%s", diff)
			}
			if p.Count != len(tt.want) {
				t.Errorf("got a count of %d, want %d", p.Count, len(tt.want))
			}
			for i := range p.Count {
				if diff := cmp.Diff(tt.want[i:], listed(p, i)); diff != "" {
					t.Errorf("portals from %d on differ (- want, + got):\n%s", i, diff)
				}
			}
		})
	}
}

func listed(p *Portals, from int) []string {
	var list []string
	for portal := range p.From(from) {
		list = append(list, portal.String())
	}
	return list
}

func TestBadPortals(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"empty":   "# nothing\n\n",
		"bad":     "192.0.2.10\n192.0.2.300\n",
		"long":    "192.0.2.10\n" + strings.Repeat("x", maxLine+1) + "\n",
		"two":     "192.0.2.10 192.0.2.11\n",
		"million": strings.Repeat("h\n", maxAddresses) + "i\n",

		"utf16":        inUTF16("192.0.2.10\r\n", false, true),
		"utf16-be":     inUTF16("# storage\n192.0.2.10\n", true, true),
		"utf16-bare":   inUTF16("h\n", false, false),
		"utf16-long":   inUTF16(strings.Repeat("192.0.2.10\n", maxLine), false, false),
		"utf16-be-end": inUTF16("192.0.2.10", true, false),
	}
	const range_ = "expected a range as FIRST-LAST, such as 192.0.2.10-192.0.2.20; for its TCP port use --tcp-port N"
	const block = "expected a block as ADDRESS/BITS, such as 192.0.2.0/24 or 2001:db8::/120; for its TCP port use --tcp-port N"
	const many = "with this argument there are more than 1048576 addresses; use several runs"
	for _, tt := range []struct{ name, arg, want string }{
		{"no address", "192.0.2.300", `portal "192.0.2.300": not an IPv4 address`},
		{"port 0", "host:0", `portal "host:0": a TCP port is a number from 1 to 65535`},
		{"no port", "host:", `portal "host:": no port after ':'`},
		{"nothing", "", `portal "": no host`},
		{"no host name", "ho st", `portal "ho st": there is a space in it: give each portal alone`},
		{"control characters", "h\x1b[2J\n", `portal "h\x1b[2J\n": not a host name: only letters, digits, '-' and '_'`},
		{"half a range", "192.0.2.10-20", `portal "192.0.2.10-20": ` + range_},
		{"range with port", "192.0.2.10-192.0.2.20:3260", `portal "192.0.2.10-192.0.2.20:3260": ` + range_},
		{"range backwards", "192.0.2.20-192.0.2.10", `portal "192.0.2.20-192.0.2.10": the range ends before it begins`},
		{"range across families", "192.0.2.20-2001:db8::", `portal "192.0.2.20-2001:db8::": one end of the range is IPv4 and the other IPv6`},
		{"range with zone", "fe80::1%a-fe80::2%b", `portal "fe80::1%a-fe80::2%b": addresses with a zone cannot form a range: give them one by one`},
		{"block with port", "192.0.2.0/24:3260", `portal "192.0.2.0/24:3260": ` + block},
		{"block of a name", "host/24", `portal "host/24": ` + block},
		{"block too wide", "192.0.2.0/33", `portal "192.0.2.0/33": ` + block},
		{"block with zone", "fe80::%eth0/120", `portal "fe80::%eth0/120": addresses with a zone cannot form a range: give them one by one`},
		{"multicast", "224.0.0.0/24", `portal "224.0.0.0/24": multicast addresses are not the addresses of hosts`},
		{"block too large", "10.0.0.0/11", `portal "10.0.0.0/11": ` + many},
		{"all of IPv4", "0.0.0.0/0", `portal "0.0.0.0/0": ` + many},
		{"all of IPv6", "::/0", `portal "::/0": ` + many},
		{"range too large", "10.0.0.0-10.16.0.0", `portal "10.0.0.0-10.16.0.0": ` + many},
		{"range beyond 64 bits", "2001:db8::-2001:db9::", `portal "2001:db8::-2001:db9::": ` + many},
		{"no file", "@nowhere", "@nowhere: cannot open it: file does not exist"},
		{"no name of a file", "@", "@ must be followed by the name of a file with portals"},
		{"empty file", "@empty", "empty: it contains no portal; expected one portal per line"},
		{"empty standard input", "-", "standard input: it contains no portal; expected one portal per line"},
		{"bad line", "@bad", "bad: line 2: not an IPv4 address"},
		{"long line", "@long", "long: line 2: more than 4096 bytes"},
		{"two on a line", "@two", "two: line 1: expected one portal per line; only the name of a target may follow it, as in the lines HOST:PORT,TAG NAME of -o iscsiadm"},
		{"UTF-16", "@utf16", "utf16: the file is UTF-16: save it as UTF-8"},
		{"UTF-16, big end first", "@utf16-be", "utf16-be: the file is UTF-16: save it as UTF-8"},
		{"UTF-16 without a mark", "@utf16-bare", "utf16-bare: the file is UTF-16: save it as UTF-8"},
		{"UTF-16, a long file", "@utf16-long", "utf16-long: the file is UTF-16: save it as UTF-8"},
		{"UTF-16, big end first, without a mark", "@utf16-be-end", "utf16-be-end: the file is UTF-16: save it as UTF-8"},
		{"too many lines", "@million", "million: line 1048577: " + many},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse([]string{tt.arg}, files)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Somebody may paste what another tool takes, password and all.
func TestPortalIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"iscsi://user%hunter2hunter2@host/iqn.x/1", "user:hunter2hunter2@host"} {
		_, err := parse([]string{"host", arg}, nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "argument 2 is not a portal") {
			t.Errorf("got %v, want an error without the argument", err)
		}
	}
}

func TestStandardInputOnce(t *testing.T) {
	t.Parallel()
	if _, err := parse([]string{"-", "-"}, map[string]string{"-": "h"}); err == nil {
		t.Error("got no error for the second -")
	}
}

// The largest block is the largest number of addresses, and costs nothing before
// its turn.
func TestLargestBlock(t *testing.T) {
	t.Parallel()
	p, err := parse([]string{"10.0.0.0/12", "a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count != maxAddresses || len(p.entries) != 3 {
		t.Errorf("got %d portals in %d entries, want %d in 3", p.Count, len(p.entries), maxAddresses)
	}
	if got, want := listed(p, maxAddresses-3), []string{"10.15.255.254:3260", "a:3260", "b:3260"}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := parse([]string{"10.0.0.0/12", "a", "b", "c"}, nil); err == nil {
		t.Error("got no error for one more")
	}
}

// FuzzPortal: no argument makes trouble, and what is taken is a portal each.
func FuzzPortal(f *testing.F) {
	for _, s := range []string{"host:1", "192.0.2.0/28", "192.0.2.1-192.0.2.9", "2001:db8::/120", "[fe80::1%eth0]:3260", "::ffff:1.2.3.4/127", "-", "@", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := &Portals{defaultPort: 3260}
		if err := p.add(s); err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("got an error of several lines: %q", err)
			}
			return
		}
		n := 0
		for portal := range p.All() {
			if n++; n > 16 {
				return
			}
			if portal.Port == 0 || portal.Address == "" {
				t.Errorf("got %v of %q", portal, s)
			}
		}
		if n != p.Count {
			t.Errorf("got %d portals of %q, want %d", n, s, p.Count)
		}
	})
}

func TestPlus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addr string
		n    uint64
		want string
	}{
		{"192.0.2.255", 1, "192.0.3.0"},
		{"2001:db8::ffff:ffff:ffff:ffff", 1, "2001:db8:0:1::"},
		{"::ffff:1.2.3.4", 1, "::ffff:1.2.3.5"},
	} {
		if got := plus(netip.MustParseAddr(tt.addr), tt.n); got != netip.MustParseAddr(tt.want) {
			t.Errorf("%s + %d: got %s, want %s", tt.addr, tt.n, got, tt.want)
		}
	}
}

// inUTF16 is a text as some editors save it: big or little end first, with a
// byte-order mark or without.
func inUTF16(s string, big, mark bool) string {
	if mark {
		s = "\ufeff" + s
	}
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(c>>8), byte(c))
		} else {
			b = append(b, byte(c), byte(c>>8))
		}
	}
	return string(b)
}
