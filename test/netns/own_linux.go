package netns

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

var errShared = errors.New("netns: there is the end of a cable; is another test in here?")

// systemRules are the priorities of the rules that every namespace has.
var systemRules = []int{0, 32766, 32767}

// Own returns the namespace that Isolate made for this program: what the
// program itself sees, in all its threads. It holds a loopback interface, and
// what else the kernel puts into each, and at the end of the test that is so
// again: interfaces, rules and addresses that the test put there are removed. One
// test has it at a time.
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
	links, err := n.netlink.LinkList()
	if err != nil {
		t.Fatalf("netns: %v", err)
	}
	kernels := make(map[int]bool)
	for _, link := range links {
		if link.Type() == "veth" {
			t.Fatal(errShared)
		}
		kernels[link.Attrs().Index] = true
	}
	t.Cleanup(func() {
		if err := n.clear(kernels); err != nil {
			t.Errorf("netns: clear: %v", err)
		}
	})
	return n
}

// clear removes what does not belong to an empty namespace, in which the kernel
// has put some interfaces.
func (n *Namespace) clear(kernels map[int]bool) error {
	links, err := n.netlink.LinkList()
	for _, link := range links {
		if link.Attrs().Name == loopback {
			err = errors.Join(err, n.clearAddresses(link))
		} else if !kernels[link.Attrs().Index] && n.netlink.LinkDel(link) != nil {
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
