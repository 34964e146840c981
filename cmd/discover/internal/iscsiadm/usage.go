package iscsiadm

import "fmt"

// A UsageError is a command line that iscsiadm refuses.
type UsageError struct {
	Text   string   // as iscsiadm says it, without "iscsiadm: "
	Bare   bool     // the text stands without "iscsiadm: "
	Before []string // lines that come before it, likewise; nil: none
	Exit   int      // the exit status; 0: ExitUsage
}

// Error is the text.
func (e *UsageError) Error() string { return e.Text }

// Status returns the exit status.
func (e *UsageError) Status() int {
	if e.Exit == 0 {
		return ExitUsage
	}
	return e.Exit
}

// Lines returns all that iscsiadm says of it, a line each.
func (e *UsageError) Lines() []string {
	var lines []string
	for _, line := range e.Before {
		lines = append(lines, "iscsiadm: "+line)
	}
	if e.Bare {
		return append(lines, e.Text)
	}
	return append(lines, "iscsiadm: "+e.Text)
}

// refuse makes a UsageError.
func refuse(format string, args ...any) error {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}
