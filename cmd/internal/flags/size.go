package flags

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A size is a number of bytes above zero.
type size struct{ value *int64 }

func (n *size) String() string { return "" }

func (n *size) Type() string { return "BYTES" }

func (n *size) Set(s string) error {
	v, err := parseSize(s)
	if err != nil {
		return err
	}
	*n.value = v
	return nil
}

// parseSize reads a number of bytes, as it is or with KiB, MiB, GiB or TiB. M and MB are
// refused: they mean 1,000,000 bytes to one tool and 1,048,576 to another.
func parseSize(s string) (int64, error) {
	after := strings.TrimLeft(s, "0123456789")
	n, err := strconv.ParseInt(s[:len(s)-len(after)], 10, 64)
	unit := strings.ToLower(strings.TrimSpace(after))
	shift, known := shifts()[strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")]
	switch {
	case err != nil, !known, unit == "ib", unit == "i":
		return 0, errSize
	case shift > 0 && !strings.Contains(unit, "i"):
		return 0, fmt.Errorf("%s can mean powers of 1000 or of 1024: write %siB for powers of 1024, or the number of bytes", strings.TrimSpace(after), strings.ToUpper(unit[:1]))
	case n < 1 || n > math.MaxInt64>>shift:
		return 0, errSize
	}
	return n << shift, nil
}

// shifts returns the powers of two of the units.
func shifts() map[string]int {
	return map[string]int{"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
}

// errSize is text that is no number of bytes.
var errSize = errors.New("expected a number of bytes from 1 to 9223372036854775807, such as 67108864 or 64MiB")
