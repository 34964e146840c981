package netns

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/test/targets/need"
)

var errShared = errors.New("netns: there is more than a loopback interface; is another test in here?")

// systemRules are the priorities of the rules that every namespace has.
var systemRules = []int{0, 32766, 32767}

// Own returns the namespace that Isolate made for this program: what the
// program itself sees, in all its threads. It holds nothing but a loopback
// interface, and at the end of the test that is so again: interfaces, rules and
// addresses that the test put there are removed. One test has it at a time.
func Own(t testing.TB) *Namespace {
	t.Helper()
	need.Root(t)
	if !Isolated() {
		need.Missing(t, "a network namespace of the program's own", "run the tests where namespaces may be made")
	}
	file, err := os.Open(threadFile)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := netlink.NewHandleAt(vnetns.NsHandle(file.Fd()))
	if err != nil {
		t.Fatalf("netns: netlink: %v", err)
	}
	n := &Namespace{file: file, netlink: handle}
	t.Cleanup(n.close)
	if links, err := n.netlink.LinkList(); err != nil || len(links) != 1 {
		t.Fatal(errors.Join(err, errShared))
	}
	t.Cleanup(func() {
		if err := n.clear(); err != nil {
			t.Errorf("netns: clear: %v", err)
		}
	})
	return n
}

// clear removes what does not belong to an empty namespace.
func (n *Namespace) clear() error {
	links, err := n.netlink.LinkList()
	for _, link := range links {
		if link.Attrs().Name == loopback {
			err = errors.Join(err, n.clearAddresses(link))
		} else if n.netlink.LinkDel(link) != nil {
			// Perhaps it went with its other end, which was here, too.
			if _, there := n.netlink.LinkByIndex(link.Attrs().Index); there == nil {
				err = errors.Join(err, errors.New(link.Attrs().Name+" cannot be removed"))
			}
		}
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		rules, listErr := n.netlink.RuleList(family)
		err = errors.Join(err, listErr)
		for _, r := range rules {
			if slices.Contains(systemRules, r.Priority) {
				continue
			}
			rule := netlink.NewRule()
			rule.Family, rule.Priority = family, r.Priority
			err = errors.Join(err, n.netlink.RuleDel(rule))
		}
	}
	return err
}

// clearAddresses removes all addresses of an interface that are not loopback
// addresses.
func (n *Namespace) clearAddresses(link netlink.Link) error {
	addrs, err := n.netlink.AddrList(link, unix.AF_UNSPEC)
	for _, a := range addrs {
		if !a.IP.IsLoopback() {
			err = errors.Join(err, n.netlink.AddrDel(link, &a))
		}
	}
	return err
}
