package scene

import "strings"

// OwnNames are names of ours, and what becomes of them.
var OwnNames = []struct {
	Name, Own string
	Unusual   bool // sent with a warning, and refused where names are strict
	Harmful   bool // refused in any case
}{
	{Name: "plain", Own: "iqn.2026-11.com.example:host1"},
	{Name: "upper case", Own: "iqn.1998-01.com.vmware:ESX01-ABC"},
	{Name: "all in upper case", Own: "IQN.1998-01.COM.VMWARE:ESX01"},
	{Name: "eui", Own: "eui.0123456789ABCDEF"},
	{Name: "Unicode", Own: "iqn.2026-11.com.example:Höst"},
	{Name: "Talos", Own: "iqn.2017.11.dev.talos:4b1f2a", Unusual: true},
	{Name: "no date", Own: "iqn.com.example", Unusual: true},
	{Name: "no prefix", Own: "host1", Unusual: true},
	{Name: "one character", Own: "x", Unusual: true},
	{Name: "begins with a digit", Own: "1.example", Unusual: true},
	{Name: "eui of 12 digits", Own: "eui.0123456789ab", Unusual: true},
	{Name: "unusual and as long as may be", Own: strings.Repeat("h", 223), Unusual: true},
	{Name: "nothing", Own: "", Harmful: true},
	{Name: "too long", Own: "iqn.2026-11.com.example:" + strings.Repeat("h", 200), Harmful: true},
	{Name: "unusual and too long", Own: strings.Repeat("h", 224), Harmful: true},
	{Name: "a blank", Own: "iqn.2026-11.com.example:a b", Harmful: true},
	{Name: "a slash", Own: "a/b", Harmful: true},
	{Name: "a semicolon", Own: "a;b", Harmful: true},
	{Name: "dots", Own: "..", Harmful: true},
	{Name: "a flag", Own: "-x", Harmful: true},
	{Name: "a NUL", Own: "iqn.2026-11.com.example:a\x00SessionType=Normal", Harmful: true},
	{Name: "a line end", Own: "host1\n", Harmful: true},
	{Name: "not UTF-8", Own: "host\xff", Harmful: true},
	{Name: "turns the direction", Own: "host\u202e", Harmful: true},
}
