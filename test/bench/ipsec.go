package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

// ipsec measures IPsec within the process, by benchmarks of its own package, and what the
// start of the command costs more than that of -before.
func (s *settings) ipsec() error {
	bench := exec.Command("go", "test", "-run", "^$", "-bench", ".", "-benchtime", "3s", "github.com/go-iscsi/discovery/pkg/ipsec/userspace")
	bench.Stderr = os.Stderr
	out, err := bench.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	fmt.Println("\nIPsec within the process, medians; x is the ratio to what is beside it in the same run")
	if err := printBenchmarks(os.Stdout, out); err != nil || s.before == "" {
		return err
	}
	return s.startBefore()
}

// printBenchmarks prints the results of go test -bench as a table, in which each benchmark
// has the columns of its own measures.
func printBenchmarks(w io.Writer, out []byte) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for line := range bytes.Lines(out) {
		f := strings.Fields(string(line))
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		own := slices.Contains(f, "x-plain") // the time of a whole round says nothing then
		fmt.Fprintf(table, "%s\t%s rounds", strings.TrimPrefix(f[0], "Benchmark"), f[1])
		for i := 2; i+1 < len(f); i += 2 {
			if !own || f[i+1] != "ns/op" {
				fmt.Fprintf(table, "\t%s %s", f[i], f[i+1])
			}
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// startBefore compares the start of the command with that of another build of it.
func (s *settings) startBefore() error {
	var size [2]int64
	for i, path := range []string{s.before, s.command} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		size[i] = info.Size()
	}
	quick := *s
	quick.pairs *= 40 // they are short
	l := workload{
		name: "start", unit: "run", targets: -1, units: 1,
		all: []contender{
			{name: "discover version, before", args: []string{s.before, "version"}},
			{name: "discover version", args: []string{s.command, "version"}},
		},
	}
	all, err := l.run(&quick)
	if err != nil {
		return err
	}
	more := median(all[0], func(i int) float64 { return all[1][i].cpu - all[0][i].cpu })
	fmt.Printf("it takes %.2f ms of CPU more (median of the pairs); %.2f MB instead of %.2f\n", more*1e3, float64(size[1])/1e6, float64(size[0])/1e6)
	return nil
}
