package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// naiveTargets is the list of targets in a result, made in the plainest way: each
// name once, in whatever case, with all its addresses.
func naiveTargets(t *testing.T, targets []target.Target) string {
	t.Helper()
	type address struct {
		Address jsonitem.Text `json:"address"`
		Port    uint16        `json:"port"`
		Group   *int          `json:"group"`
	}
	type tgt struct {
		Name      jsonitem.Text `json:"name"`
		Alias     jsonitem.Text `json:"alias"`
		Addresses []address     `json:"addresses"`
	}
	merged := []*target.Target{}
	for _, one := range targets {
		i := slices.IndexFunc(merged, func(m *target.Target) bool {
			return name.Fold(m.Name) == name.Fold(one.Name)
		})
		if i < 0 {
			merged = append(merged, &one)
			continue
		}
		m := merged[i]
		if m.Alias == "" {
			m.Alias = one.Alias
		}
		for _, a := range one.Addresses {
			if !slices.Contains(m.Addresses, a) {
				m.Addresses = append(slices.Clip(m.Addresses), a)
			}
		}
	}
	all := []tgt{}
	for _, m := range merged {
		one := tgt{Name: jsonitem.Text(m.Name), Alias: jsonitem.Text(m.Alias), Addresses: []address{}}
		for _, a := range m.Addresses {
			group := &a.Group
			if a.Group == target.NoGroup {
				group = nil
			}
			one.Addresses = append(one.Addresses, address{jsonitem.Text(a.Host), a.Port, group})
		}
		all = append(all, one)
	}
	text, err := jsonitem.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// TestJSONTargets: the document is what it would be if all were collected and made
// in the plainest way, whatever the targets and the batches in which they come.
func TestJSONTargets(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 2))
		var got strings.Builder
		o := NewJSONOutput(&got, &machine.InterfaceNames{List: machine.NoInterfaces}, 1<<30)
		want := `{"version":1,"results":[` + "\n"
		for index := range 3 {
			var all []target.Target
			b := &initiator.Batch{Index: index}
			for range r.IntN(300) {
				tgt := target.Target{Name: fmt.Sprintf([]string{"iqn.2026-11.com.example:disk%d", "iqn.2026-11.com.example:DISK%d", "iqn.2026-11.com.example:straße%d"}[r.IntN(3)], r.IntN(100))}
				if r.IntN(4) == 0 {
					tgt.Alias = []string{"", "an alias", "\x1b[2J\u202e\"\\\u00e4", strings.Repeat("\x01", 255)}[r.IntN(4)]
				}
				n := 1 + r.IntN(3)
				if r.IntN(15) == 0 {
					n = r.IntN(600) // of which the text is written in parts
				}
				for range n {
					tgt.Addresses = append(tgt.Addresses, target.Address{Host: fmt.Sprintf("192.0.%d.%d", r.IntN(8), r.IntN(256)), Port: uint16(3260 + r.IntN(2)), Group: r.IntN(3) - 1})
				}
				if len(all) > 0 && r.IntN(3) == 0 {
					tgt.Addresses = all[len(all)-1].Addresses
				}
				tgt.Addresses = slices.Clip(tgt.Addresses)
				all = append(all, tgt)
				if b.Add(&tgt); r.IntN(50) == 0 {
					if err := o.Targets(b); err != nil {
						t.Fatal(err)
					}
					b = &initiator.Batch{Index: index}
				}
			}
			result := &initiator.Result{Err: errors.New(`a trap: "targets":[] "targets":[`)}
			b.Result = result
			if err := o.Targets(b); err != nil {
				t.Fatal(err)
			}
			if err := o.Portal(result); err != nil {
				t.Fatal(err)
			}
			j := jsonitem.NewResult(result, o.Names)
			j.Targets = &jsonitem.TargetsPlace{}
			line, err := jsonitem.Marshal(j)
			if err != nil {
				t.Fatal(err)
			}
			if index > 0 {
				want += ",\n"
			}
			want += strings.Replace(strings.TrimSuffix(string(line), "\n"), `"targets":[]`, `"targets":`+naiveTargets(t, all), 1)
		}
		if err := o.End(nil); err != nil {
			t.Fatal(err)
		}
		if want += "\n]}\n"; got.String() != want {
			t.Fatalf("seed %d: the documents differ (-want +got):\n%.3000s", seed, cmp.Diff(want, got.String()))
		}
		if !json.Valid([]byte(got.String())) {
			t.Fatalf("seed %d: no document", seed)
		}
	}
}

// TestJSONPieces: a document is written in pieces, however long it is, so that it is
// never in memory as a whole; also where one target has very many addresses.
func TestJSONPieces(t *testing.T) {
	t.Parallel()
	largest, total := 0, 0
	w := writeFunc(func(p []byte) (int, error) {
		largest, total = max(largest, len(p)), total+len(p)
		return len(p), nil
	})
	o := NewJSONOutput(w, &machine.InterfaceNames{List: machine.NoInterfaces}, 1<<30)
	for i := range 2000 {
		var b initiator.Batch
		for k := range 100 {
			b.Add(&target.Target{
				Name:      fmt.Sprint("iqn.2026-11.com.example:disk", k*(i%2)),
				Addresses: []target.Address{{Host: fmt.Sprintf("10.0.%d.%d", i, k), Port: 3260, Group: 1}},
			})
		}
		if err := o.Targets(&b); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Portal(&initiator.Result{}); err != nil {
		t.Fatal(err)
	}
	if largest > 2*stream.MaxLines || total < 8<<20 {
		t.Errorf("%d bytes were written, at most %d at once; want more than %d, and at most %d at once", total, largest, 8<<20, 2*stream.MaxLines)
	}
}

type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }
