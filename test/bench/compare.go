package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/go-iscsi/discovery/test/targets"
)

// installed returns the contenders whose program is there.
func installed(all ...contender) (there []contender) {
	for _, c := range all {
		if _, err := exec.LookPath(c.args[0]); err == nil {
			there = append(there, c)
		} else {
			fmt.Fprintf(os.Stderr, "bench: %s is not installed\n", c.args[0])
		}
	}
	return there
}

// file writes a list of portals.
func (s *settings) file(name string, portals int, others ...string) (string, error) {
	path := filepath.Join(s.dir, name)
	return path, writePortals(path, portals, others)
}

// sweep asks many portals.
func (s *settings) sweep() error {
	list, err := s.file("portals", s.portals)
	if err != nil {
		return err
	}
	few, err := s.file("few", s.few)
	if err != nil {
		return err
	}
	parallel := strconv.Itoa(s.parallel)
	l := workload{
		name: fmt.Sprintf("%d portals of 4 targets, %d at once", s.portals, s.parallel), unit: "portal", targets: 4, units: s.portals,
		all: []contender{
			{name: "barest Go client", args: []string{s.self, "be-the-floor", list, parallel, "PORT"}},
			{name: "discover scan -o jsonl", args: []string{s.command, "scan", "@" + list, "--parallel", parallel, "-o", "jsonl", "--tcp-port", "PORT"}},
		},
	}
	if runtime.GOOS == "linux" {
		l.all = append(l.all, contender{name: "raw epoll", args: []string{s.self, "be-the-epoll-floor", list, parallel, "PORT"}})
	}
	for _, c := range s.peers() {
		c.units = s.few
		switch c.args[0] {
		case "iscsiadm":
			c.name, c.args = fmt.Sprintf("xargs -P %s iscsiadm (%d portals)", parallel, s.few), []string{"xargs", "-a", few, "-P", parallel, "-I", "{}", "iscsiadm", "-m", "discovery", "-t", "sendtargets", "-p", "{}:PORT"}
		case "iscsi-ls":
			c.name, c.args = fmt.Sprintf("xargs -P %s iscsi-ls (%d portals)", parallel, s.few), []string{"xargs", "-a", few, "-P", parallel, "-I", "{}", "iscsi-ls", "iscsi://{}:PORT"}
		case "nmap":
			c.name, c.args = fmt.Sprintf("nmap --script iscsi-info (%d portals)", s.few), []string{"nmap", "-n", "-Pn", "-iL", few, "-p", "PORT", "--script", "+iscsi-info", "--min-hostgroup", parallel, "--min-parallelism", parallel}
		}
		l.all = append(l.all, c)
	}
	_, err = l.run(s)
	return err
}

// peers returns the other clients that take part in a sweep: iscsiadm alone where
// that can.
func (s *settings) peers() []contender {
	if s.iscsid {
		return installed(contender{args: []string{"iscsiadm"}})
	}
	return installed(contender{args: []string{"iscsi-ls"}}, contender{args: []string{"nmap"}})
}

// guest compares with iscsiadm, which wants a daemon, a kernel's module and root: so
// it is done by a benchmark of another package, in user-mode Linux.
func (s *settings) guest() error {
	if runtime.GOOS != "linux" || len(installed(contender{args: []string{"linux.uml"}}, contender{args: []string{"iscsiadm"}}, contender{args: []string{"iscsid"}})) < 3 || os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "bench: no comparison with iscsiadm: that takes Linux, root, and the packages user-mode-linux and open-iscsi")
		return nil
	}
	fmt.Println("\nin a guest, that is, user-mode Linux:")
	bench := exec.Command("go", "test", "-run", "^$", "-bench", "Guest", "-benchtime", "1x", "-v", "github.com/go-iscsi/discovery/test/lio")
	bench.Stdout, bench.Stderr = os.Stdout, os.Stderr
	return bench.Run()
}

// silence asks portals of which some do not answer.
func (s *settings) silence() error {
	without, err := s.file("without", s.portals)
	if err != nil {
		return err
	}
	others := make([]string, s.silent)
	for i := range others {
		others[i] = fmt.Sprintf("127.2.%d.%d:SILENT", i>>7, i&0x7f+1)
	}
	with, err := s.file("with", s.portals, others...)
	if err != nil {
		return err
	}
	scan := func(list string) []string {
		return []string{"sh", "-c", fmt.Sprintf(`sed "s/SILEN[T]/$1/" "$2" | "$3" scan - --parallel %d --timeout %s -o jsonl --tcp-port "$4" || [ $? = 3 ]`, s.parallel, s.timeout), "sh", "SILENT", list, s.command, "PORT"}
	}
	l := workload{
		name: fmt.Sprintf("%d portals, and %d silent ones among them", s.portals, s.silent), unit: "portal", targets: 4, units: s.portals,
		all: []contender{
			{name: "discover scan, without the silent ones", args: scan(without)},
			{name: "discover scan, with them", args: scan(with)},
		},
	}
	all, err := l.run(s)
	if err != nil {
		return err
	}
	allowed := math.Ceil(float64(s.silent)/float64(s.parallel)) * s.timeout.Seconds()
	more := median(all[0], func(i int) float64 { return all[1][i].wall - all[0][i].wall })
	fmt.Printf("the silent ones took %.2f s more; the bound is %.2f s\n", more, allowed)
	return nil
}

// list asks one portal that has many targets.
func (s *settings) list() error {
	scan := func(format string) contender {
		return contender{name: "discover scan -o " + format, args: []string{s.command, "scan", "127.0.0.1", "-o", format, "--tcp-port", "PORT"}}
	}
	l := workload{
		name: fmt.Sprintf("one portal of %d targets (%s)", s.targets, s.kind), unit: "target", targets: s.targets, units: s.targets,
		all: []contender{
			{name: "barest Go client", args: []string{s.self, "be-the-floor", "127.0.0.1", "1", "PORT"}},
			{name: "barest Go client that finds the targets", args: []string{s.self, "be-the-walking-floor", "127.0.0.1", "1", "PORT"}},
			scan("iscsiadm"), scan("jsonl"),
		},
	}
	_, err := l.run(s)
	return err
}

// start asks one portal of tgt, where that is installed: what counts is the start
// of the process.
func (s *settings) start() error {
	source := filepath.Join(s.dir, "empty.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return err
	}
	empty, err := s.build("empty", source)
	if err != nil {
		return err
	}
	asTest(func(b *testing.B) {
		portal := targets.StartTgt(b, targets.TgtConfig{}).Portals[0].String()
		l := workload{
			name: "one portal of tgt", unit: "run", targets: -1, units: 1,
			all: append([]contender{
				{name: "an empty Go program", args: []string{empty}},
				{name: "discover version", args: []string{s.command, "version"}},
				{name: "discover scan", args: []string{s.command, "scan", portal}},
			}, installed(contender{name: "iscsi-ls", args: []string{"iscsi-ls", "iscsi://" + portal}})...),
		}
		quick := *s
		quick.pairs *= 10 // they are short
		_, err = l.run(&quick)
	})
	return err
}

// asTest runs a function once, with what makes real targets and namespaces: both are made
// for tests, and a benchmark is the only one that a program can have.
func asTest(run func(*testing.B)) {
	begun := false
	testing.Init()
	testing.Benchmark(func(b *testing.B) {
		if begun {
			return
		}
		begun = true
		run(b)
	})
}
