package serve

import (
	"net/http"
	"time"
)

// WriteTimeout is how long a client may take for a piece of an answer. One that stops
// reading is cut off.
const WriteTimeout = 20 * time.Second

// A patient writes answers that may be long in time, in pieces that may not.
type patient struct {
	http.ResponseWriter
	deadlines *http.ResponseController
}

// Write writes a piece.
func (p *patient) Write(b []byte) (int, error) {
	_ = p.deadlines.SetWriteDeadline(time.Now().Add(WriteTimeout)) // a connection that has none is a test's
	return p.ResponseWriter.Write(b)
}

// FlushError sends what was written, for http.ResponseController.
func (p *patient) FlushError() error {
	_ = p.deadlines.SetWriteDeadline(time.Now().Add(WriteTimeout))
	return p.deadlines.Flush()
}

// Unwrap returns the writer below, for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
