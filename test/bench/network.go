package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
)

// network sweeps a network where most addresses have no target.
func (s *settings) network() error {
	w := &s.swept
	if err := w.check(); err != nil {
		return err
	}
	living := w.living()
	all := append([]sweeper{s.discover("discover scan -o jsonl "+w.flags, living, w.flags, w.block().String())}, s.sweepers()...)
	return s.inLab(living, w.others, func(l *lab) error {
		results := make([]sweepResult, len(all))
		for range s.pairs {
			for i, c := range all {
				if results[i].late {
					continue
				}
				f, n, err := l.sweep(s, c)
				if results[i].late = errors.Is(err, errPatience); err != nil && !results[i].late {
					return err
				}
				f.units = w.addresses
				results[i].all, results[i].found = append(results[i].all, f), append(results[i].found, n)
			}
		}
		w.print(os.Stdout, all, results)
		return nil
	})
}

// A sweepResult is what the rounds of a sweeper were.
type sweepResult struct {
	all   []figures
	found []int // in each
	late  bool  // patience with it has ended
}

// share says how many of what there is were found, in the worst round.
func (r *sweepResult) share(of int) string {
	if n := slices.Min(r.found); n < of {
		return fmt.Sprintf("%d of %d", n, of)
	}
	return "all"
}

// print prints medians beside the ideal.
func (w *swept) print(out io.Writer, all []sweeper, results []sweepResult) {
	ideal, why := w.ideal()
	fmt.Fprintf(out, "\na network of %d addresses, %d with 4 targets, the others %s; median of %d alternating rounds\n", w.addresses, len(w.living()), w.others, len(results[0].all))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tseconds\tto the ideal\tCPU µs an address\tpeak MiB\tfound\t")
	fmt.Fprintf(t, "ideal: %s\t%.2f\t1.00\t\t\t\t\n", why, ideal)
	for i, c := range all {
		f := results[i].all
		wall := median(f, func(i int) float64 { return f[i].wall })
		if results[i].late {
			fmt.Fprintf(t, "%s\t> %.0f\t> %.2f\t\t\t\t\n", c.name, wall, wall/ideal)
			continue
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.1f\t%.1f\t%s\t\n", c.name, wall, wall/ideal,
			median(f, func(i int) float64 { return f[i].each() * 1e6 }),
			median(f, func(i int) float64 { return f[i].peak }), results[i].share(len(c.want)))
	}
	t.Flush()
}
