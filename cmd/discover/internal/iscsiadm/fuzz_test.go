package iscsiadm

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse: whatever the arguments, a line is understood or refused in words. What is
// understood of our modes has no control characters, and no message repeats a value of -v
// or what a terminal would obey.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"-m discovery -t st -p 192.0.2.10", "-mdiscoverydb -tst -p[2001:db8::10]:3260,1 -lDS", "--mod=discoverydb --ty st -o new -n a -v b -P 1",
		"-Z --bogus=x -m node -T y", "-k 0", "-m", "--", "-m discovery -p fe80::1%eth0 -I a -I b -W", "--v=x", "-m iface -v\x1b[2J",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"), uint8(3), uint8(0))
	}
	const secret = "Kx7-secret-q9Zw"
	f.Fuzz(func(t *testing.T, line string, at, how uint8) {
		args := strings.Split(line, "\x00")
		if strings.Contains(line, secret) || len(args) > 64 {
			return
		}
		given := [][]string{{"-v", secret}, {"-v" + secret}, {"--value", secret}, {"--val=" + secret}, {"--vlaue=" + secret}, {"--v=" + secret}}[how%6]
		i := int(at) % (len(args) + 1)
		args = append(append(append([]string(nil), args[:i]...), given...), args[i:]...)

		c, err := Parse(args)
		if err == nil {
			judgeCall(t, c)
			err = c.Check()
			if err == nil && c.Mode.Ours() {
				err = c.CheckRecord(at%2 == 0)
			}
			if err == nil {
				return
			}
		}
		var usage *UsageError
		if !errors.As(err, &usage) || usage.Status() == ExitOK || usage.Text == "" {
			t.Fatalf("got %#v", err)
		}
		for _, said := range usage.Lines() {
			if strings.ContainsFunc(said, unicode.IsControl) {
				t.Errorf("control characters in %q", said)
			}
			if strings.Contains(said, secret) {
				t.Errorf("it tells the secret: %q", said)
			}
		}
	})
}

// judgeCall holds what was understood against the rules for it.
func judgeCall(t *testing.T, c *Call) {
	t.Helper()
	values := append([]string{c.Portal.Address, c.Target}, c.Ifaces...)
	for _, p := range c.Params {
		values = append(values, p.Name, p.Value)
	}
	for _, v := range values {
		if strings.ContainsFunc(v, unicode.IsControl) {
			t.Errorf("control characters in %q", v)
		}
	}
	if (c.Portal.Address == "") != (c.Portal.Port == 0) || c.Print < -1 {
		t.Errorf("%+v", c)
	}
}
