package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	if len(os.Args) > 1 {
		// This program is its own target, and its own floor.
		switch os.Args[1] {
		case "be-the-target":
			exit(serve(os.Args[2:]))
		case "be-the-floor":
			exit(floor(os.Args[2:]))
		}
	}
	pairs := flag.Int("pairs", 5, "pairs of runs, of which the median counts")
	portals := flag.Int("portals", 10000, "portals of a sweep, at most 65534")
	parallel := flag.Int("parallel", 256, "portals at once")
	targets := flag.Int("targets", 1000000, "targets of the long list")
	flag.Parse()
	exit(bench(*pairs, *portals, *parallel, *targets))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A workload is one comparison.
type workload struct {
	name    string
	targets int // of each portal
	units   int // portals or targets, for the rate
	floor   []string
	ours    []string
}

func bench(pairs, portals, parallel, targets int) error {
	dir, err := os.MkdirTemp("", "discover-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	command := filepath.Join(dir, "discover")
	build := exec.Command("go", "build", "-o", command, "github.com/go-iscsi/discovery/cmd/discover")
	if build.Stderr = os.Stderr; build.Run() != nil {
		return fmt.Errorf("the command does not build")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "portals")
	if err := writePortals(list, portals); err != nil {
		return err
	}
	p := strconv.Itoa(parallel)
	loads := []workload{
		{
			name: fmt.Sprintf("sweep: %d portals of 4 targets, %d at once", portals, parallel), targets: 4, units: portals,
			floor: []string{self, "be-the-floor", list, p},
			ours:  []string{command, "scan", "@" + list, "--parallel", p, "-o", "jsonl", "--tcp-port"},
		},
		{
			name: fmt.Sprintf("one portal of %d targets", targets), targets: targets, units: targets,
			floor: []string{self, "be-the-floor", "127.0.0.1", "1"},
			ours:  []string{command, "scan", "127.0.0.1", "-o", "iscsiadm", "--tcp-port"},
		},
	}
	for _, l := range loads {
		if err := l.run(self, pairs, os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

// writePortals writes a list of addresses within 127.0.0.0/8.
func writePortals(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(w, "127.1.%d.%d\n", (i+1)>>8, (i+1)&0xff)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// run measures the pairs and prints the table of a workload.
func (l *workload) run(self string, pairs int, out io.Writer) error {
	target := exec.Command(self, "be-the-target", strconv.Itoa(l.targets))
	target.Stderr = os.Stderr
	ready, err := target.StdoutPipe()
	if err != nil {
		return err
	}
	if err := target.Start(); err != nil {
		return err
	}
	defer func() {
		_ = target.Process.Kill()
		_ = target.Wait()
	}()
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the canned target did not start: %w", err)
	}
	port := strings.TrimSpace(line)
	var floors, ours []figures
	for i := range pairs + 1 { // the first pair warms up
		a, err := measure(append(slices.Clone(l.floor), port))
		if err != nil {
			return err
		}
		b, err := measure(append(slices.Clone(l.ours), port))
		if err != nil {
			return err
		}
		if i > 0 {
			floors, ours = append(floors, a), append(ours, b)
		}
	}
	l.print(out, floors, ours)
	return nil
}

// print prints medians, and the medians of the ratios of the pairs.
func (l *workload) print(out io.Writer, floors, ours []figures) {
	fmt.Fprintf(out, "\n%s, median of %d alternating pairs\n", l.name, len(ours))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trate/s\tCPU µs each\tpeak MiB\t")
	row := func(name string, f []figures) {
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.1f\t\n", name,
			median(f, func(i int) float64 { return float64(l.units) / f[i].wall }),
			median(f, func(i int) float64 { return f[i].cpu * 1e6 / float64(l.units) }),
			median(f, func(i int) float64 { return f[i].peak }))
	}
	row("barest Go client", floors)
	row("discover scan", ours)
	fmt.Fprintf(w, "ratio\t%.2f\t%.2f\t\t\n",
		median(ours, func(i int) float64 { return floors[i].wall / ours[i].wall }),
		median(ours, func(i int) float64 { return ours[i].cpu / floors[i].cpu }))
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
