package exit

import "fmt"

// A UsageError is a command line that was not understood. Its text says what
// would be right, and never repeats what may be a secret.
type UsageError struct{ Text string }

// Error is the text.
func (e *UsageError) Error() string { return e.Text }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}
