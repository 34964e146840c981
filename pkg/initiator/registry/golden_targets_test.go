package registry_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A found says which mechanism of which target.
type found struct{ target, mechanism string }

// A wantedMechanism is what is known of a target by one mechanism.
type wantedMechanism struct {
	registry.Mechanism
	record                      string // its key
	isMissing, notJudged, again bool   // again: it was seen more than once
}

// wantFound are the targets that portals have shown.
func wantFound(recent bool) map[found]wantedMechanism {
	const iqn = "iqn.2026-11.com.example:"
	one := []target.Address{address("192.0.2.10", 3260, 1)}
	two := append(one[:1:1], address("192.0.2.11", 3261, 2))
	all := make(map[found]wantedMechanism)
	add := func(target, portal string, tcp uint16, instance, number string, w wantedMechanism) {
		text := fmt.Sprintf("SendTargets:*%s %07d %s ", strings.ToLower(portal), tcp, instance)
		w.Portal.Instance = instance
		if number != "" {
			text += number + " "
			var n uint32
			_, _ = fmt.Sscan(number, &n)
			w.Portal.Port = ports.N(n)
		}
		if w.Portal.Portal = (initiator.Portal{Address: portal, Port: tcp}); portal == "2001:DB8:0::10" {
			text = strings.Replace(text, "2001:db8:0::10", "2001:db8::10", 1)
		}
		if w.Addresses == nil {
			w.Addresses = one
		}
		if w.record == "" {
			w.record = "target/" + strings.ToLower(iqn+target) + "/" + url.PathEscape(text)
		}
		all[found{iqn + target, text}] = w
	}
	for _, by := range [][2]string{{"", ""}, {"host", "1"}, {"lab/1", ""}} {
		add("disk1", "192.0.2.10", 3260, by[0], by[1], wantedMechanism{again: by[0] == ""})
		add("disk2", "192.0.2.10", 3260, by[0], by[1], wantedMechanism{Mechanism: registry.Mechanism{Addresses: two}})
	}
	add("Missing", "192.0.2.10", 3260, "", "", wantedMechanism{isMissing: true, Mechanism: registry.Mechanism{Alias: "First <disk>"}})
	unusable := wantedMechanism{Mechanism: registry.Mechanism{Addresses: []target.Address{
		address("127.0.0.1", 3260, 1), address("fe80::11", 3260, 1), address("224.0.0.1", 3260, 1), address("255.255.255.255", 3260, 1), address("192.0.2.11", 3261, 1),
	}}}
	if recent {
		for i, why := range []target.Unusable{target.LoopbackAddress, target.LinkLocalWithoutZone, target.MulticastAddress, target.BroadcastAddress} {
			unusable.Addresses[i].Unusable = why
		}
		unusable.At, unusable.notJudged = netip.MustParseAddrPort("192.0.2.11:3261"), true
	}
	add("disk11", "192.0.2.11", 3261, "", "", unusable)
	add("disk12", "192.0.2.12", 3260, "", "", wantedMechanism{notJudged: recent})
	add("disk13", "192.0.2.13", 3260, "", "", wantedMechanism{Mechanism: registry.Mechanism{Stale: true}})
	add("disk14", "192.0.2.14", 3260, "", "", wantedMechanism{Mechanism: registry.Mechanism{Stale: true, Unlisted: recent}})
	add("disk6", "2001:DB8:0::10", 3260, "", "", wantedMechanism{})
	numbers := []int{20, 21, 22, 23, 25, 27, 32}
	if recent {
		numbers = append(numbers, 28, 29, 30)
		add("disk31", "192.0.2.31", 3260, longInstance, "", wantedMechanism{again: true})
		add(longInstance, "192.0.2.31", 3260, longInstance, "", wantedMechanism{isMissing: true,
			record: "long/target/d5fd8e9d0f9f505959610027582f35b223114fefd463ff32e9801842a10b75d4/9b48ac9fd9d1d553dbd4ec3d713cdf726de71c57221765ed72c3465698bf0e64"})
	}
	for _, n := range numbers {
		add(fmt.Sprintf("disk%d", n), fmt.Sprintf("192.0.2.%d", n), 3260, "", "", wantedMechanism{})
	}
	add("disk20", "192.0.2.20", 3260, "San", "", wantedMechanism{})
	add("disk26", "192.0.2.26", 3260, "San", "0", wantedMechanism{})
	return all
}

func address(host string, port uint16, group int) target.Address {
	return target.Address{Host: host, Port: port, Group: group}
}

var wantStatic = []registry.StaticTarget{
	{Name: "iqn.2026-11.com.example:Static", Alias: "Rack<1>", Persist: true, Addresses: []target.Address{
		address("192.0.2.50", 3260, 3), address("2001:db8::50", 3261, target.NoGroup), address("storage.example", 3260, target.NoGroup),
	}},
	{Name: "iqn.2026-11.com.example:hidden", Flags: registry.HideStaticTarget, Persist: true},
	{Name: "iqn.2026-11.com.example:disk1", Alias: "merged", Flags: registry.MergeTargetInformation, Persist: true, Addresses: []target.Address{address("192.0.2.51", 3260, target.NoGroup)}},
	{Name: "eui.02004567a425678d", Alias: "Label", Flags: registry.HideStaticTarget, Persist: true, Addresses: []target.Address{address("192.0.2.52", 3260, target.NoGroup)}},
}
