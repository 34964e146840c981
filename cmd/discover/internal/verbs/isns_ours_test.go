package verbs

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestISNSOurs: no login goes to an address of this host, or to one that is of no single host,
// in none of its forms, also where nothing limits the addresses.
func TestISNSOurs(t *testing.T) {
	t.Parallel()
	for at, why := range map[string]string{
		"255.255.255.255:3260":    "portal 255.255.255.255:3260 is not asked",
		"[::ffff:127.0.0.1]:3260": "portal 127.0.0.1:3260 is not asked",
		"[::127.0.0.1]:3260":      "portal 127.0.0.1:3260 is not asked",
		"127.1.2.3:3260":          "portal 127.1.2.3:3260 is not asked",
		"[::ffff:192.0.2.254]:22": "portal 192.0.2.254:22 is not asked: the address is one of this host",
		"[::192.0.2.254]:22":      "portal 192.0.2.254:22 is not asked: the address is one of this host",
		"[::ffff:192.0.2.255]:22": "portal 192.0.2.255:22 is not asked: the address is the broadcast",
		"[::1]:3260":              "portal [::1]:3260 is not asked",
		"[ff02::1]:3260":          "portal [ff02::1]:3260 is not asked",
		"[fe80::1]:3260":          "portal [fe80::1]:3260 is not asked",
		"0.0.0.0:3260":            "stands for all addresses",
		"[::ffff:0.0.0.0]:3260":   "stands for all addresses",
		"[::ffff:224.0.0.1]:3260": "portal 224.0.0.1:3260 is not asked",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: one(at)})
			r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5")
			if r.status != exit.OK || !strings.Contains(r.stderr, why) || len(l.Dials()) != 0 {
				t.Errorf("%s: got %+v and dials %v, want %s", at, r, l.Dials(), why)
			}
		})
	}
}

// TestISNSBlind: where the addresses of this host cannot be read, no portal is asked that might
// be at one of them, unless it is given.
func TestISNSBlind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.unlisted = errors.New("netlink: operation not permitted")
		l.isns(t, isnstest.Config{Database: one("192.0.2.10:3260")})
		r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5")
		const why = "portal 192.0.2.10:3260 is not asked: it may be one of this host, whose addresses cannot be read (netlink: operation not permitted); give the portal itself"
		if r.status != exit.OK || !strings.Contains(r.stderr, why) || len(l.Dials()) != 0 {
			t.Errorf("got %+v and dials %v, want %s", r, l.Dials(), why)
		}
		if r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5", "192.0.2.10"); r.status != exit.Failed || len(l.Dials()) != 1 {
			t.Errorf("got %+v and dials %v, want one", r, l.Dials())
		}
	})
}
