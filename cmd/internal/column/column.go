// Package column writes text in lines that are not too long, and measures it as a terminal
// does.
package column

import "strings"

// LineLength is how long a line may be.
const LineLength = 80

// Write writes words in lines, and ends the last. The first goes on where it is,
// which is at the column; the others begin there.
func Write(b *strings.Builder, column int, words string) {
	at := column
	for i, word := range strings.Fields(words) {
		switch {
		case i == 0:
		case at+1+Width(word) > LineLength:
			b.WriteString("\n" + strings.Repeat(" ", column))
			at = column
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += Width(word)
	}
	b.WriteByte('\n')
}
