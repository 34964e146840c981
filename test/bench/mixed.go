package main

import (
	"fmt"
	"net/netip"
	"os"
	"text/tabwriter"
)

// mixedFlags are discover's, so that what is compared is not a rate.
const mixedFlags = "--rate 0 --connect-timeout 3s"

// mixed asks a list of addresses that live, a list of silent ones, and both in one
// list, in turn: what is silent must not hold up what answers.
func (s *settings) mixed() error {
	if s.portals < 1 || s.portals >= 1<<15 {
		return fmt.Errorf("-portals %d is not from 1 to %d", s.portals, 1<<15-1)
	}
	var living, quiet, both []netip.Addr
	for i := range s.portals {
		living, quiet = append(living, address(2*i+2)), append(quiet, address(2*i+3))
		both = append(both, living[i], quiet[i])
	}
	flags := s.swept.flags
	if flags == "" {
		flags = mixedFlags
	}
	var all []sweeper
	for _, list := range []struct {
		name        string
		asked, want []netip.Addr
	}{
		{fmt.Sprintf("%d that answer", s.portals), living, living},
		{fmt.Sprintf("%d silent ones", s.portals), quiet, nil},
		{"both in one list, in turn", both, living},
	} {
		path, err := s.addressFile(fmt.Sprintf("list%d", len(all)), list.asked)
		if err != nil {
			return err
		}
		all = append(all, s.discover(list.name, list.want, flags, "@"+path))
	}
	return s.inLab(living, beSilent, func(l *lab) error {
		results := make([][]figures, len(all))
		for range s.pairs {
			for i, c := range all {
				f, _, err := l.sweep(s, c)
				if err != nil {
					return err
				}
				results[i] = append(results[i], f)
			}
		}
		printMixed(flags, all, results)
		return nil
	})
}

// printMixed prints medians, and those of the ratios of the mixed list to its parts
// in the same round.
func printMixed(flags string, all []sweeper, results [][]figures) {
	living, quiet, both := results[0], results[1], results[2]
	fmt.Printf("\ndiscover scan -o jsonl %s, median of %d alternating rounds\n", flags, len(both))
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tseconds\tCPU seconds\tpeak MiB\tfound\t")
	for i, c := range all {
		f := results[i]
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.1f\t%d\t\n", c.name,
			median(f, func(i int) float64 { return f[i].wall }),
			median(f, func(i int) float64 { return f[i].cpu }),
			median(f, func(i int) float64 { return f[i].peak }), len(c.want))
	}
	t.Flush()
	fmt.Printf("the mixed list took %.2f of the sum of its parts, and %.2f of the larger part\n",
		median(both, func(i int) float64 { return both[i].wall / (living[i].wall + quiet[i].wall) }),
		median(both, func(i int) float64 { return both[i].wall / max(living[i].wall, quiet[i].wall) }))
}
