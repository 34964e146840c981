package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-iscsi/discovery/test/netns"
)

// A contender is a client that takes part in a comparison.
type contender struct {
	name  string
	args  []string // PORT in them is the target's TCP port, SILENT that of its silent portal
	units int      // that it is given; zero: as many as the others
}

// A workload is one comparison. Ratios are to its first contender.
type workload struct {
	name    string
	unit    string
	targets int // of each portal; negative: the contenders bring their own target
	units   int
	kind    string                  // of the targets; empty: as the settings say
	prepare func(port string) error // before the rounds; nil: nothing is to be
	all     []contender
}

// run measures in rounds, in which each contender has its turn, and prints the
// table. It returns the figures of each contender.
func (l *workload) run(s *settings) ([][]figures, error) {
	port, silent := "", ""
	if l.targets >= 0 {
		var stop func()
		var err error
		if port, silent, stop, err = s.startTarget(nil, "be-the-target", strconv.Itoa(l.targets), cmp.Or(l.kind, s.kind)); err != nil {
			return nil, err
		}
		defer stop()
	}
	if l.prepare != nil {
		if err := l.prepare(port); err != nil {
			return nil, err
		}
	}
	replace := strings.NewReplacer("PORT", port, "SILENT", silent)
	all := make([][]figures, len(l.all))
	for round := range s.pairs + 1 { // the first warms up
		for i, c := range l.all {
			args := slices.Clone(c.args)
			for j := range args {
				args[j] = replace.Replace(args[j])
			}
			f, err := measure(s.placed(args, false))
			if err != nil {
				return nil, err
			}
			if f.units = l.units; c.units > 0 {
				f.units = c.units
			}
			if round > 0 {
				all[i] = append(all[i], f)
			}
		}
	}
	l.print(os.Stdout, all)
	return all, nil
}

// startTarget starts a target in a namespace: this program, with these arguments.
func (s *settings) startTarget(where *netns.Namespace, args ...string) (port, silent string, stop func(), err error) {
	args = s.placed(append([]string{s.self}, args...), true)
	target := exec.Command(args[0], args[1:]...)
	target.Stderr = os.Stderr
	if _, err = target.StdinPipe(); err != nil { // which ends with us, and the target with it
		return "", "", nil, err
	}
	ready, err := target.StdoutPipe()
	if err != nil {
		return "", "", nil, err
	}
	process, err := where.Start(target)
	if err != nil {
		return "", "", nil, err
	}
	stop = process.Kill
	if _, err = fmt.Fscan(bufio.NewReader(ready), &port, &silent); err != nil {
		stop()
		return "", "", nil, fmt.Errorf("the canned target did not start: %w", err)
	}
	return port, silent, stop, nil
}

// placed makes a command one that runs on the processors that are the target's, or
// the clients'.
func (s *settings) placed(args []string, target bool) []string {
	last := runtime.NumCPU() - 1
	if !s.apart || last == 0 {
		return args
	}
	where := fmt.Sprintf("0-%d", last-1)
	if target {
		where = strconv.Itoa(last)
	}
	return append([]string{"taskset", "-c", where}, args...)
}

// print prints medians, and the medians of the ratios of each round.
func (l *workload) print(out io.Writer, all [][]figures) {
	fmt.Fprintf(out, "\n%s, median of %d alternating rounds\n", l.name, len(all[0]))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\t%ss/s\tCPU µs each\tpeak MiB\trate\tCPU\t\n", l.unit)
	for i, c := range l.all {
		f, base := all[i], all[0]
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.1f\t%.2f\t%.2f\t\n", c.name,
			median(f, func(i int) float64 { return f[i].rate() }),
			median(f, func(i int) float64 { return f[i].each() * 1e6 }),
			median(f, func(i int) float64 { return f[i].peak }),
			median(f, func(i int) float64 { return f[i].rate() / base[i].rate() }),
			median(f, func(i int) float64 { return f[i].each() / base[i].each() }))
	}
	w.Flush()
}

func median(f []figures, of func(int) float64) float64 {
	v := make([]float64, len(f))
	for i := range f {
		v[i] = of(i)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// rate is in units a second, each is the seconds of CPU that a unit took.
func (f *figures) rate() float64 { return float64(f.units) / f.wall }
func (f *figures) each() float64 { return f.cpu / float64(f.units) }
