package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// ISNSTracer returns a function that prints a line for each message that is exchanged with
// an iSNS server. It may be called from several goroutines.
func ISNSTracer(w io.Writer) func(isns.TraceEvent) {
	return func(e isns.TraceEvent) {
		from, to := e.Source.Addr().String(), e.Server.String()
		if !e.Sent {
			from, to = to, from
		}
		line := fmt.Sprintf("%s %s > %s: %s %s", e.Time.Format("15:04:05.000000"), from, to, e.Header.Function, strings.Join(describeISNS(&e), " "))
		_, _ = io.WriteString(w, terminal.Visible(line)+"\n")
	}
}

// describeISNS returns what is to be known of a message.
func describeISNS(e *isns.TraceEvent) (facts []string) {
	fact := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	fact("transaction=%d", e.Header.TransactionID)
	switch m := e.Request.(type) {
	case *isns.DevAttrQry:
		fact("source=%s key=%q wanted=%d", m.Source, tagNames(m.Key), len(m.Want))
	case *isns.DevGetNext:
		fact("source=%s key=%q wanted=%d", m.Source, tagNames(m.Key), len(m.Want))
	case *isns.DevAttrReg:
		fact("source=%s key=%q attributes=%d", m.Source, tagNames(m.Key), len(m.Operating))
	case *isns.DevDereg:
		fact("source=%s key=%q", m.Source, tagNames(m.Operating))
	}
	if e.Header.Function.IsResponse() {
		fact("status=%q", e.Status)
	}
	if !e.Sent {
		fact("attributes=%d", e.Attributes)
	}
	if e.PDUs > 1 {
		fact("PDUs=%d", e.PDUs)
	}
	fact("data=%d", e.Bytes)
	if !e.Complete {
		fact("incomplete")
	}
	return facts
}

// tagNames names attributes, with the values of those that are short numbers.
func tagNames(all []isns.Attribute) string {
	var names []string
	for i := range all {
		name := all[i].Tag.String()
		if n, err := all[i].Number(); err == nil && all[i].Tag == isns.TagNodeType {
			name += " " + isns.NodeType(n).String()
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
