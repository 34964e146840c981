package jsonitem

import "github.com/go-iscsi/discovery/pkg/ipsec"

// Flags are security flags in both ways to write them.
type Flags struct {
	SecurityFlags string `json:"security_flags"`
	IPsec         string `json:"ipsec"` // the list of --ipsec; empty: there is none for these
}

// NewFlags returns security flags in both ways to write them.
func NewFlags(f ipsec.Flags) Flags { return Flags{f.Hex(), FlagsList(f)} }

// FlagsList returns the list of --ipsec; empty: there is none.
func FlagsList(f ipsec.Flags) string {
	if s := f.String(); s != f.Hex() {
		return s
	}
	return ""
}
