package jsonitem

import (
	"encoding/json"
	"time"
)

// A Time is a time in UTC, to the millisecond; null: there was none.
type Time time.Time

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(time.Time(t).UTC().Truncate(time.Millisecond))
}

// ifAny returns a time, or nil where there is none.
func ifAny(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return (*Time)(&t)
}
