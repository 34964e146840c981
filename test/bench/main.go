package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		// This program is its own target, and its own floors.
		be := map[string]func([]string) error{"be-the-target": serve, "be-the-mute-target": serveMute, "be-the-endless-target": serveEndless, "be-the-floor": floor, "be-the-epoll-floor": epoll, "be-the-walking-floor": walk, "be-the-scanner": rescan, "be-the-refresher": refreshAll}
		if f := be[os.Args[1]]; f != nil {
			exit(f(os.Args[2:]))
		}
	}
	var s settings
	flag.IntVar(&s.pairs, "pairs", 5, "rounds, of which the median counts")
	flag.IntVar(&s.portals, "portals", 10000, "portals of a sweep, at most 65534")
	flag.IntVar(&s.few, "few", 1000, "portals of it that slower peers are given")
	flag.IntVar(&s.parallel, "parallel", 256, "portals at once")
	flag.IntVar(&s.silent, "silent", 512, "silent portals among the others")
	flag.DurationVar(&s.timeout, "timeout", 2*time.Second, "how long a silent portal is waited for")
	flag.DurationVar(&s.every, "every", time.Minute, "the interval of a watch")
	flag.IntVar(&s.targets, "targets", 1000000, "targets of the long list")
	flag.IntVar(&s.listed, "listed", 5000, "portals of a registry that is refreshed, at most 65534")
	flag.IntVar(&s.long, "long", 100000, "targets of the long portal of such a registry")
	flag.BoolVar(&s.apart, "apart", false, "the target has the last processor for itself, and the others are for the clients (Linux, taskset)")
	flag.StringVar(&s.kind, "kind", usualKind, "what the targets of lists have: "+kindNames())
	flag.StringVar(&s.command, "command", "", "the discover to measure; empty: it is built")
	flag.StringVar(&s.before, "before", "", "a discover of before a change, whose start ipsec compares; empty: none is")
	flag.BoolVar(&s.iscsid, "iscsid", false, "an iscsid runs here, so that iscsiadm can be measured")
	s.sweptFlags()
	s.fleetFlags()
	only := flag.String("only", "", "the comparisons to make, of sweep, silent, list, start, guest, endless, network, mixed, refresh, ipsec, watch and fleet; empty: all but watch and fleet, which take several minutes")
	flag.Parse()
	exit(s.bench(strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// settings say how much there is to do, and where its parts are.
type settings struct {
	pairs, portals, few, parallel, silent, targets, listed, long int
	timeout, every                                               time.Duration
	kind                                                         string
	swept                                                        swept
	flocked                                                      flocked

	dir     string // for files
	self    string // this program
	command string // discover
	before  string // the same, of before a change; empty: there is none
	iscsid  bool   // iscsiadm can ask
	apart   bool   // the target has a processor for itself
}

// bench makes the comparisons.
func (s *settings) bench(only []string) (err error) {
	if _, known := recordKinds[s.kind]; !known && endlessKinds[s.kind] == nil {
		return fmt.Errorf("there is no -kind %q, but %s", s.kind, kindNames())
	}
	if s.dir, err = os.MkdirTemp("", "discover-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	s.cleanOnSignal()
	if s.self, err = os.Executable(); err != nil {
		return err
	}
	if s.command == "" {
		if s.command, err = s.build("discover", "github.com/go-iscsi/discovery/cmd/discover"); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		name string
		make func() error
	}{
		{"sweep", s.sweep}, {"silent", s.silence}, {"list", s.list}, {"start", s.start}, {"guest", s.guest}, {"endless", s.endless},
		{"network", s.network}, {"mixed", s.mixed}, {"refresh", s.refresh}, {"ipsec", s.ipsec}, {"watch", s.watch}, {"fleet", s.fleetOf},
	} {
		wanted := len(only) == 0 && c.name != "watch" && c.name != "fleet"
		for _, o := range only {
			wanted = wanted || o == c.name
		}
		if !wanted {
			continue
		}
		if err := c.make(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// cleanOnSignal has Ctrl-C leave nothing behind: our processes die with us, and the
// namespaces with them, but files have to be removed.
func (s *settings) cleanOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		os.RemoveAll(s.dir)
		os.Exit(130)
	}()
}

// build builds a program.
func (s *settings) build(name, what string) (string, error) {
	path := filepath.Join(s.dir, name)
	build := exec.Command("go", "build", "-trimpath", "-o", path, what)
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released; nothing is left to a dynamic linker
	if build.Stderr = os.Stderr; build.Run() != nil {
		return "", fmt.Errorf("%s does not build", name)
	}
	return path, nil
}
