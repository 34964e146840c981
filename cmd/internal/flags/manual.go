package flags

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/column"
)

// flagColumn is where the manual of a flag begins.
const flagColumn = 28

// WriteGroup writes the manual of a group of flags, if it has any to show.
func WriteGroup(b *strings.Builder, g Group) {
	if !g.Set.HasAvailableFlags() {
		return
	}
	b.WriteString("\n" + g.Title + ":\n")
	g.Set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		left := "  --" + f.Name
		if f.Shorthand != "" {
			left = "  -" + f.Shorthand + ", --" + f.Name
		}
		switch {
		case f.NoOptDefVal == "":
			left += " " + f.Value.Type()
		case f.Value.Type() != "bool":
			left += "[=" + f.Value.Type() + "]"
		}
		if len(left) > flagColumn-2 {
			left += "\n" + strings.Repeat(" ", flagColumn)
		} else {
			left += strings.Repeat(" ", flagColumn-len(left))
		}
		b.WriteString(left)
		column.Write(b, flagColumn, f.Usage)
	})
}
