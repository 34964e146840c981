package wording

import "testing"

// TestQuoted: an argument is repeated in an error, but not what may hold a password.
func TestQuoted(t *testing.T) {
	t.Parallel()
	const withheld = "[not repeated: it may hold a password]"
	for arg, want := range map[string]string{
		"host1": `"host1"`, "fe80::1%eth0": `"fe80::1%eth0"`, "user@host.example": `"user@host.example"`, "@file": `"@file"`,
		"user:password@host": withheld, "user%password@host": withheld, "iscsi://user:password@host/x": withheld, "iscsi://user%password@host": withheld,
	} {
		if got := Quoted(arg); got != want {
			t.Errorf("%s: got %s, want %s", arg, got, want)
		}
	}
}
