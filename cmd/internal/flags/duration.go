package flags

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// A duration is a length of time.
type duration struct{ value *time.Duration }

// NewDuration returns the value of a flag that is a length of time.
func NewDuration(value *time.Duration) *duration { return &duration{value} }

func (d *duration) String() string { return "" }

func (d *duration) Type() string { return "DURATION" }

func (d *duration) Set(s string) error {
	v, err := ParseDuration(s)
	switch {
	case errors.Is(err, errMinutes):
		return err
	case err != nil || v <= 0:
		return errors.New("expected a time above zero, such as 500ms, 15 (seconds), 2m, 1h30m or 30d")
	}
	*d.value = v
	return nil
}

// An age is a length of time by which is decided what is deleted: without a unit, 30 may be
// meant as days.
type age struct{ duration }

// NewAge returns the value of a flag that is a length of time with its unit.
func NewAge(value *time.Duration) *age { return &age{duration{value}} }

func (a *age) Set(s string) error {
	if s != "" && isDecimal(s) {
		return errors.New("its unit is missing, such as 30d, 12h or 90m")
	}
	return a.duration.Set(s)
}

// errMinutes is a unit that has two readings.
var errMinutes = errors.New("the unit M can mean minutes or months: write m for minutes, or d for days")

// errDuration is text that is no length of time.
var errDuration = errors.New("not a length of time")

// ParseDuration reads a length of time: as in Go, or with days and weeks, such as 30d or
// 1w2d12h, or a number of seconds. Units may be in upper case, but for M.
func ParseDuration(s string) (time.Duration, error) {
	if v, err := strconv.ParseFloat(s, 64); err == nil && isDecimal(s) {
		return seconds(v)
	}
	total, rest := time.Duration(0), strings.TrimPrefix(s, "+")
	for rest != "" {
		after := strings.TrimLeft(rest, "0123456789.")
		number := rest[:len(rest)-len(after)]
		next := strings.IndexAny(after, "0123456789.")
		if next < 0 {
			next = len(after)
		}
		unit := after[:next]
		switch {
		case unit == "M":
			return 0, errMinutes
		case unit == "", unit == "Ms": // as in 1h0; and Ms can mean megaseconds
			return 0, errDuration
		}
		v, err := times(number, strings.ToLower(unit))
		if err != nil || total > math.MaxInt64-v {
			return 0, errDuration
		}
		total, rest = total+v, after[next:]
	}
	if s == "" {
		return 0, errDuration
	}
	return total, nil
}

// times returns a number of units.
func times(number, unit string) (time.Duration, error) {
	hours := 0.0
	switch unit {
	case "d":
		hours = 24
	case "w":
		hours = 7 * 24
	default:
		return time.ParseDuration(number + unit)
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, errDuration
	}
	return seconds(v * hours * 3600)
}

// seconds returns a number of seconds, if it is not too large.
func seconds(n float64) (time.Duration, error) {
	if n >= math.MaxInt64/float64(time.Second) {
		return 0, errDuration
	}
	return time.Duration(n * float64(time.Second)), nil
}

// isDecimal reports digits with at most a decimal point: not 1e3, 0x10 or Inf.
func isDecimal(s string) bool { return strings.Trim(s, "0123456789.") == "" }
