package initiator_test

import (
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// stressAddresses is the variable in the environment of a process of TestStress that has
// few descriptors: the seed of its one round, and the addresses of the portals, which are
// those of another process.
const stressAddresses = "DISCOVER_TEST_STRESS_ADDRESSES"

// stressDescriptors is a round of a process that may open few files.
func stressDescriptors(t *testing.T, seed uint64) {
	place := &fewFiles{stressPlace: &stressLoopback{t: t}}
	newStressRound(stressRand(seed), place)
	text := strconv.FormatUint(seed, 10)
	for _, a := range place.stressPlace.(*stressLoopback).addresses {
		text += " " + a.String()
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestStress$", "-test.count=1")
	child.Env = append(os.Environ(), stressAddresses+"="+text)
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// fewFiles is the place of a round with few descriptors.
type fewFiles struct{ stressPlace }

func (fewFiles) few() bool { return true }

// A recorded place has the portals of another process.
type recorded struct {
	t         *testing.T
	addresses []string
}

func (*recorded) real() bool { return true }

func (*recorded) few() bool { return true }

func (r *recorded) next() netip.AddrPort {
	addr, err := netip.ParseAddrPort(r.addresses[0])
	if err != nil {
		r.t.Fatal(err)
	}
	r.addresses = r.addresses[1:]
	return addr
}

func (r *recorded) serve(iscsitest.Handler) netip.AddrPort { return r.next() }

func (r *recorded) refuses(uint16) netip.AddrPort { return r.next() }

func (r *recorded) silent() netip.AddrPort { return r.next() }

func (r *recorded) late(iscsitest.Handler) (netip.AddrPort, func()) { return r.next(), func() {} }

// stressChild is the round of the process with few descriptors.
func stressChild(t *testing.T) {
	mayHang(t)
	fields := strings.Fields(os.Getenv(stressAddresses))
	seed, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	rng := stressRand(seed)
	r := newStressRound(rng, &recorded{t: t, addresses: fields[1:]})
	leavesNothing(t, func() {
		defer limitFiles(t, uint64(2+rng.IntN(6)))()
		r.run(t)
	})
}

// limitFiles lets the process open so many more files, until undo is called.
func limitFiles(t *testing.T, more uint64) (undo func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull) // the lowest number that is free
	if err != nil {
		t.Fatal(err)
	}
	lowest := uint64(f.Fd())
	f.Close()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: lowest + more, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
}
