package isns

import "testing"

func TestExplore(t *testing.T) {
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	t.Log(d.admin("--register", "entity=e1", "target=iqn.2026-11.com.example:disk1,alias=one", "portal=192.0.2.20:3260", "pg,pgt=7", "portal=[2001:db8::20]:3261"))
	a := d.ask(d.as(hostName))
	for _, l := range lines(a) { t.Log(l) }
	t.Log(a.Warnings, a.Complete, a.Domains)
	t.Log(d.admin("--local", "--list", "nodes"))
	t.Log(d.admin("--local", "--list", "portals"))
	t.Log(d.admin("--local", "--list", "portal-groups"))
	t.Log(d.admin("--local", "--dd-register", "dd-name=red", "member-name=iqn.2026-11.com.example:disk1", "member-name="+hostName))
	t.Log(d.admin("--local", "--list", "dds"))
	t.Log(d.admin("--register", "help"))
	t.Log(d.admin("--dd-register", "help"))
	a = d.ask(d.as(hostName))
	for _, l := range lines(a) { t.Log(l) }
	t.Log(a.Warnings, a.Complete, a.Domains)
	d.restart()
	a = d.ask(d.as(hostName))
	for _, l := range lines(a) { t.Log(l) }
}
