package name_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// TestValidateName: the forms of RFC 7143, section 4.2.7, and what real arrays
// make of them.
func TestValidateName(t *testing.T) {
	t.Parallel()
	const iqn = "iqn.2026-11.com.example"
	tests := []struct {
		name string
		bad  string // why; empty: it is good
	}{
		{name: iqn},
		{name: iqn + ":disk1"},
		{name: iqn + ":storage:diskarrays-sn-a8675309"},
		{name: iqn + ":"},
		{name: "iqn.2000-01.com.synology:DiskStation.Target-1.0123456789"},
		{name: "iqn.1992-08.com.netapp:sn.135098765:vs_3"},
		{name: "IQN.2026-11.COM.EXAMPLE:DISK"},
		{name: iqn + ":Größe"},
		{name: iqn + ":GRÖẞE"},
		{name: iqn + ":ディスク"},
		{name: iqn + ":磁盘1"},
		{name: iqn + ":диск"},
		{name: iqn + ":디스크"},
		{name: iqn + ":café"},
		{name: "eui.02004567A425678D"},
		{name: "eui.02004567a425678d"},
		{name: "naa.52004567BA64678D"},
		{name: "naa.62004567BA64678D0123456789ABCDEF"},
		{name: "NAA.52004567ba64678d"},
		{name: iqn + ":" + strings.Repeat("a", 223-len(iqn)-1)},

		{name: iqn + ":" + strings.Repeat("a", 224-len(iqn)-1), bad: "more than 223 bytes"},
		{name: iqn + ":" + strings.Repeat("ä", 100), bad: "more than 223 bytes"},
		{name: "", bad: "an empty name"},
		{name: "iqn", bad: "an iSCSI name starts with iqn., eui. or naa."},
		{name: "iqn.", bad: "yyyy-mm"},
		{name: "disk1", bad: "an iSCSI name starts with iqn., eui. or naa."},
		{name: "../../etc/passwd", bad: "neither a letter nor a digit"},
		{name: " " + iqn, bad: "neither a letter nor a digit"},
		{name: "iqn.26-11.com.example:a", bad: "yyyy-mm"},
		{name: "iqn.2026-1.com.example:a", bad: "yyyy-mm"},
		{name: "iqn.2026-00.com.example:a", bad: "the month is not 01 to 12"},
		{name: "iqn.2026-13.com.example:a", bad: "the month is not 01 to 12"},
		{name: "iqn.٢٠٢٦-11.com.example:a", bad: "yyyy-mm"},
		{name: "iqn.2026-11:a", bad: "yyyy-mm"},
		{name: "iqn.2026-11.:a", bad: "the domain name is missing"},
		{name: "eui.02004567A425678", bad: "16 hexadecimal digits"},
		{name: "eui.02004567A425678D0", bad: "16 hexadecimal digits"},
		{name: "eui.02004567A425678G", bad: "16 hexadecimal digits"},
		{name: "eui.0x004567A425678D", bad: "16 hexadecimal digits"},
		{name: "naa.52004567BA64678", bad: "16 or 32 hexadecimal digits"},
		{name: "naa.52004567BA64678D0", bad: "16 or 32 hexadecimal digits"},
		{name: "eui.02004567\x11425678D", bad: "a character that is not allowed"}, // would be a digit but for one bit
		{name: "naa.62004567BA6\x13678D", bad: "a character that is not allowed"},
		{name: iqn + ":a b", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":a\n", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":a/b", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":a,b", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":\x1b[2J", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":\x7f", bad: "it contains a character that is not allowed in iSCSI names"},
		{name: iqn + ":\xff", bad: "not UTF-8"},
		{name: iqn + ":ä\xc3", bad: "not UTF-8"},
		{name: iqn + ":\xed\xa0\x80", bad: "not UTF-8"}, // a surrogate
		{name: iqn + ":\xc0\xae", bad: "not UTF-8"},     // an overlong full stop
		{name: iqn + ":a\u0301", bad: "not normalised"}, // a accent, in two
		{name: iqn + ":\u0301"},                                         // an accent alone stays what it is
		{name: iqn + ":ä\u0323", bad: "not normalised"},                 // marks out of order
		{name: iqn + ":ﬁle", bad: "not normalised"},                     // a ligature
		{name: iqn + ":ｄｉｓｋ", bad: "not normalised"},                    // full width
		{name: iqn + ":disk²", bad: "not normalised"},                   // a superscript
		{name: iqn + ":ä b", bad: "a character that is not allowed"},    // ASCII behind the rest
		{name: iqn + ":ä/b", bad: "a character that is not allowed"},    //
		{name: iqn + ":דיסק", bad: "from right to left"},                //
		{name: iqn + ":قرص", bad: "from right to left"},                 //
		{name: iqn + ":a\u202eb", bad: "a character that"},              // an override
		{name: iqn + ":a\u200bb", bad: "a character that"},              // nothing to be seen
		{name: iqn + ":\u3002", bad: "a character that is not allowed"}, // the ideographic full stop
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.40q", tt.name), func(t *testing.T) {
			t.Parallel()
			err := name.Validate(tt.name)
			if tt.bad == "" {
				if err != nil {
					t.Errorf("got %v, want it to be good", err)
				}
				return
			}
			var config *isdsc.Error
			if !errors.As(err, &config) || !strings.Contains(config.Reason, tt.bad) || config.Code != isdsc.InvalidISCSIName {
				t.Fatalf("got %v, want %s", err, tt.bad)
			}
			if i := strings.IndexFunc(strings.ReplaceAll(err.Error(), "…", ""), func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
				t.Errorf("not fit to be shown: %q", err)
			}
		})
	}
}

// TestProhibited: no character of the tables that RFC 3722 names passes. They
// are of RFC 3454: B.1 (mapped to nothing) and C.1.2 to C.9.
func TestProhibited(t *testing.T) {
	t.Parallel()
	ranges := [][2]rune{
		{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x1806, 0x1806}, {0x180b, 0x180d}, {0x200b, 0x200d}, {0x2060, 0x2060}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, // B.1
		{0x00a0, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200b}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, // C.1.2: spaces
		{0x0080, 0x009f}, {0x06dd, 0x06dd}, {0x070f, 0x070f}, {0x180e, 0x180e}, {0x2028, 0x2029}, {0x2060, 0x2063}, {0x206a, 0x206f}, {0xfff9, 0xfffc}, {0x1d173, 0x1d17a}, // C.2.2: control
		{0xe000, 0xf8ff}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd}, // C.3: private use
		{0xfdd0, 0xfdef}, {0xfffe, 0xffff}, {0x1fffe, 0x1ffff}, {0x10fffe, 0x10ffff}, // C.4: no characters
		{0xfff9, 0xfffd},                                     // C.6: not for plain text
		{0x2ff0, 0x2ffb},                                     // C.7: descriptions
		{0x0340, 0x0341}, {0x200e, 0x200f}, {0x202a, 0x202e}, // C.8: display
		{0xe0001, 0xe0001}, {0xe0020, 0xe007f}, // C.9: tags
		{0x3002, 0x3002}, {0x00, 0x2c}, {0x2f, 0x2f}, {0x3b, 0x40}, {0x5b, 0x5e}, {0x60, 0x60}, {0x7b, 0x7f}, // RFC 3722, without '_'
	}
	for _, r := range ranges {
		for c := r[0]; c <= r[1]; c++ {
			for _, iqn := range []string{"iqn.2026-11.com.example:" + string(c), "iqn.2026-11.com.example:ä" + string(c) + "b"} {
				if name.Validate(iqn) == nil {
					t.Errorf("U+%04X passes in %q", c, iqn)
				}
			}
		}
	}
}

// TestFoldName: names are the same where they differ in case alone.
func TestFoldName(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"iqn.2026-11.com.example:disk_1", "IQN.2026-11.com.Example:Disk_1"},
		{"eui.02004567a425678d", "EUI.02004567A425678D"},
		{"iqn.2026-11.com.example:größe", "iqn.2026-11.com.example:GRÖßE"},
		{"iqn.2026-11.com.example:диск", "iqn.2026-11.com.example:ДИСК"},
	} {
		for _, iqn := range same {
			if got := name.Fold(iqn); got != same[0] {
				t.Errorf("%q: got %q, want %q", iqn, got, same[0])
			}
		}
	}
	if name.Fold("iqn.2026-11.com.example:a") == name.Fold("iqn.2026-11.com.example:ä") {
		t.Error("an accent makes no difference")
	}
}
