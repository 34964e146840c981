package name_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// FuzzName: what passes as an iSCSI name is fit for any output, and folding it
// comes to an end.
func FuzzName(f *testing.F) {
	for _, s := range []string{
		"iqn.2026-11.com.example:disk1", "eui.02004567A425678D", "naa.62004567BA64678D0123456789ABCDEF", "IQN.2026-11.com.example:Größe",
		"iqn.2026-11.com.example:a\u0301", "iqn.2026-11.com.example:\u202e", "iqn.", "", "iqn.2026-11.:", "iqn.2026-11.com.example:İ", "iqn.2026-11.com.example:ϔ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := name.Fold(s)
		if utf8.ValidString(s) && name.Fold(folded) != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, name.Fold(folded))
		}
		err := name.Validate(s)
		if name.IsPlain([]byte(s)) && (err != nil || name.Fold(s) != s) {
			t.Errorf("%q is taken for a plain name: %v, folded %q", s, err, name.Fold(s))
		}
		if err != nil {
			if !printable(strings.ReplaceAll(err.Error(), "…", "")) {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(s) > name.MaxLen || !utf8.ValidString(s) || !norm.NFKC.IsNormalString(s) {
			t.Errorf("%q passes", s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsGraphic(r) || r == ' ' || r == '/' || r == ',' }) {
			t.Errorf("%q passes", s)
		}
	})
}

// printable reports a line of nothing but ASCII that can be seen.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
