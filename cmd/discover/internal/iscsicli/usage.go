package iscsicli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
)

// Usage returns the arguments of the verb and their values, in lines; or what to use in its
// place.
func (v *Verb) Usage() string {
	const head = "Usage: discover iscsicli "
	var b strings.Builder
	if v.Instead != "" {
		write(&b, v.Name+" is not supported: "+v.Instead, 0)
		return b.String()
	}
	write(&b, head+v.Name+" "+v.arguments(), len(head))
	width := 0
	for _, p := range v.params {
		width = max(width, len(p.name))
	}
	if width > 0 {
		b.WriteByte('\n')
	}
	for _, p := range v.params {
		write(&b, fmt.Sprintf("  %-*s  %s", width, p.name, p.values), width+4)
	}
	return b.String()
}

// arguments returns the names of the arguments; what may be left out is in
// brackets.
func (v *Verb) arguments() string {
	var b strings.Builder
	brackets := 0
	for i, p := range v.params {
		open := v.repeat > 0 && i == len(v.params)-v.repeat
		for _, n := range v.least {
			open = open || i == n
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		if open {
			b.WriteByte('[')
			brackets++
		}
		b.WriteString(p.name)
	}
	b.WriteString(strings.Repeat("]", brackets))
	if v.repeat > 0 {
		b.WriteString("...")
	}
	return b.String()
}

// write writes a line; where it is too long, it goes on at a column.
func write(b *strings.Builder, line string, at int) {
	lead := line[:min(at, len(line))]
	b.WriteString(lead)
	column.Write(b, len(lead), line[len(lead):])
}

// takesText says how many arguments the verb takes.
func (v *Verb) takesText() string {
	if v.repeat > 0 {
		return fmt.Sprintf("it takes %d arguments, plus %d for each mapping", len(v.params)-v.repeat, v.repeat)
	}
	numbers := make([]string, len(v.least), len(v.least)+1)
	for i, n := range v.least {
		numbers[i] = strconv.Itoa(n)
	}
	last := len(v.params)
	switch numbers = append(numbers, strconv.Itoa(last)); {
	case last == 0:
		return "it takes no arguments"
	case len(numbers) == 1 && last == 1:
		return "it takes 1 argument"
	}
	head, tail := strings.Join(numbers[:len(numbers)-1], ", "), numbers[len(numbers)-1]
	if head == "" {
		return "it takes " + tail + " arguments"
	}
	if tail == "1" {
		return "it takes " + head + " or 1 argument"
	}
	return "it takes " + head + " or " + tail + " arguments"
}

// count returns how many arguments there are, in words.
func count(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}
