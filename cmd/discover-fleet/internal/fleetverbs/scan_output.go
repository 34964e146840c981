package fleetverbs

import (
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	addresses "github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A scanOutput shows what hosts find, in the format of -o.
type scanOutput struct {
	w      io.Writer
	format string
	say    func(format string, args ...any)
	begun  bool
}

// show shows a finding.
func (o *scanOutput) show(host string, f *fleet.Finding) error {
	switch o.format {
	case render.FormatJSON:
		before := ",\n"
		if !o.begun {
			before = scanBegin + "\n"
		}
		o.begun = true
		return o.write(before, fleetview.NewJSONFinding(host, f).WithTargets(f), "")
	case render.FormatJSONL:
		for i := range f.Targets {
			line := struct {
				Type   string        `json:"type"`
				Portal jsonitem.Text `json:"portal"`
				Host   jsonitem.Text `json:"host"`
				fleetview.JSONFoundTarget
			}{"target", jsonitem.Text(f.Portal.String()), jsonitem.Text(host), fleetview.NewJSONFoundTarget(&f.Targets[i])}
			if err := o.write("", line, "\n"); err != nil {
				return err
			}
		}
		return o.write("", struct {
			Type string `json:"type"`
			fleetview.JSONFinding
		}{"portal", fleetview.NewJSONFinding(host, f)}, "\n")
	}
	if !f.Up {
		o.say("%s: %s", host, f.Message)
		return nil
	}
	_, err := io.WriteString(o.w, fleetview.FindingText(host, f))
	return err
}

// scanBegin begins the document of -o json.
const scanBegin = `{"version":1,"results":[`

// end shows the blocks and what it comes to.
func (o *scanOutput) end(blocks []*addresses.Block, sum *jsonScan) error {
	switch o.format {
	case render.FormatJSON:
		before := "\n],"
		if !o.begun {
			before = scanBegin + "],"
		}
		list := jsonitem.List[jsonitem.Block]{}
		for _, b := range blocks {
			list = append(list, jsonitem.NewBlock(b))
		}
		if err := o.write(before+`"blocks":`, list, ""); err != nil {
			return err
		}
		return o.write(`,"scan":`, sum, "}\n")
	case render.FormatJSONL:
		for _, b := range blocks {
			err := o.write("", struct {
				Type string `json:"type"`
				jsonitem.Block
			}{"block", jsonitem.NewBlock(b)}, "\n")
			if err != nil {
				return err
			}
		}
		return o.write("", struct {
			Type string `json:"type"`
			*jsonScan
		}{"fleet-scan", sum}, "\n")
	}
	if sum.Asked == 0 && sum.Error != "" && !sum.cancelled {
		return nil // the error says it
	}
	for _, b := range blocks {
		o.say("%s", b.Summary())
	}
	o.say("%s", sum.text())
	return nil
}

// write writes a value with something before and after it.
func (o *scanOutput) write(before string, v any, after string) error {
	b, err := jsonitem.Marshal(v)
	if err != nil {
		return err
	}
	for len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	_, err = o.w.Write(append(append([]byte(before), b...), after...))
	return err
}
