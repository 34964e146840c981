package iscsicli

import "slices"

// What arguments are called, and the values that they have.
var (
	addressParam  = param{"Address", "an IP address or a host name, without the TCP port"}
	portParam     = param{"Port", "TCP port, 1 to 65535; * 3260"}
	hbaParam      = param{"HBA", "an initiator instance (see ListInitiators); * any"}
	scopeParam    = param{"Initiator", "an initiator instance (see ListInitiators); * all"}
	initPortParam = param{"InitiatorPort", "number of a port of the instance; * all: routing decides"}
	flagsParam    = param{"SecurityFlags", "sum of 1 (valid), 2 (IKE/IPsec), 4 (main mode), 8 (aggressive mode), 16 (PFS), 32 (transport mode), 64 (tunnel mode); * 0"}
	nameParam     = param{"TargetName", "iSCSI name of the target"}
	persistParam  = param{"Persist", "T (or *): store it; anything else: only for this command"}
	idTypeParam   = param{"IdType", "1 IPv4 address, 2 domain name, 3 user@domain, 5 IPv6 address"}
	idParam       = param{"Id", "identity of the peer in IKE, of that type"}
	keyParam      = param{"Key", secretValues}
	isnsParam     = param{"Address", "HOST or HOST:PORT of an iSNS server; TCP port 3205 without one"}

	keyParams = []param{addressParam, portParam, hbaParam, initPortParam}
)

// verbs are all of the tool's, first those that are here.
var verbs = slices.Concat(portalVerbs, targetVerbs, isnsVerbs, initiatorVerbs, securityVerbs, elsewhere)

var portalVerbs = []*Verb{
	{
		Name: "AddTargetPortal", Short: "store a portal, and ask it",
		params: slices.Concat(keyParams, []param{flagsParam}, loginParams),
		least:  []int{2}, parse: (*reader).addTargetPortal,
	},
	{
		Name: "QAddTargetPortal", Short: "the same at TCP port 3260, from any initiator",
		params: []param{addressParam, {"User", "CHAP name; - empty; * our iSCSI name"}, {"Secret", secretValues}},
		least:  []int{1}, parse: (*reader).qAddTargetPortal,
	},
	{
		Name: "RemoveTargetPortal", Short: "remove a stored portal, the one with these values",
		params: keyParams, least: []int{2, 3},
		parse: func(r *reader) Request { return RemoveTargetPortal{r.key()} },
	},
	{
		Name: "RefreshTargetPortal", Short: "ask a portal again; if it is not stored, it is not added",
		params: keyParams, least: []int{2, 3},
		parse: func(r *reader) Request { return RefreshTargetPortal{r.key()} },
	},
	{
		Name: "ListTargetPortals", Short: "list the stored portals",
		parse: func(*reader) Request { return ListTargetPortals{} },
	},
}

var targetVerbs = []*Verb{
	{
		Name: "ListTargets", Short: "list the known targets",
		params: []param{{"ForceUpdate", "T: ask all portals first; anything else: do not"}},
		least:  []int{0}, parse: (*reader).listTargets,
	},
	{
		Name: "TargetInfo", Short: "show how a target was found, or what was found",
		params: []param{nameParam, {"DiscoveryMechanism", "one of the mechanisms that TargetInfo lists; * lists them"}},
		least:  []int{1}, parse: (*reader).targetInfo,
	},
	{
		Name: "AddTarget", Short: "configure a target by hand",
		params: slices.Concat([]param{
			nameParam,
			{"TargetAlias", "a label; * none"},
			{"PortalAddress", addressParam.values + "; * none"},
			{"PortalPort", portParam.values},
			{"TargetFlags", "sum of 2 (hide until it is found) and 4 (merge with what is known); * 0"},
			persistParam,
		}, loginParams, []param{
			{"MappingCount", "number of mappings that follow; * 0"},
			{"TargetLun", "LUN at the target: a 64-bit number"},
			{"OsBus", "a 32-bit number"}, {"OsTarget", "a 32-bit number"}, {"OsLun", "a 32-bit number"},
		}),
		repeat: 4, parse: (*reader).addTarget,
	},
	{
		Name: "QAddTarget", Short: "the same, with defaults",
		params: []param{nameParam, {"PortalAddress", addressParam.values + "; * none"}},
		parse:  (*reader).qAddTarget,
	},
	{
		Name: "RemoveTarget", Short: "remove a target that was configured by hand",
		params: []param{nameParam},
		parse:  func(r *reader) Request { return RemoveTarget{r.text()} },
	},
}

var initiatorVerbs = []*Verb{
	{
		Name: "ListInitiators", Short: "list the initiator instances",
		parse: func(*reader) Request { return ListInitiators{} },
	},
	{
		Name: "NodeName", Short: "set our iSCSI name",
		params: []param{{"Name", "iSCSI name; * the default"}},
		parse:  func(r *reader) Request { return NodeName{r.text()} },
	},
	{
		Name: "CHAPSecret", Short: "set the secret with which targets authenticate to us",
		params: []param{{"Secret", secretValues + "; * removes it"}},
		parse:  (*reader).chapSecret,
	},
	{
		Name: "Ping", Short: "test whether a portal can be reached",
		params: []param{
			{"Initiator", "an initiator instance (see ListInitiators); * any"}, addressParam,
			{"Count", "1 to 65535 times, a second apart; * 4"},
			{"Size", "0 to 65535; no effect"},
			{"Timeout", "1 to 3600000 milliseconds each time; * as --timeout"},
		},
		least: []int{2, 3, 4}, parse: (*reader).ping,
	},
}

var isnsVerbs = []*Verb{
	{
		Name: "AddiSNSServer", Short: "store an iSNS server, and ask it",
		params: []param{isnsParam},
		parse:  func(r *reader) Request { return AddiSNSServer{r.isnsServer()} },
	},
	{
		Name: "RemoveiSNSServer", Short: "remove a stored iSNS server; its targets stay",
		params: []param{isnsParam},
		parse:  func(r *reader) Request { return RemoveiSNSServer{r.isnsServer()} },
	},
	{
		Name: "RefreshiSNSServer", Short: "ask an iSNS server again, or all",
		params: []param{{"Address", isnsParam.values + "; * all"}},
		parse:  func(r *reader) Request { return RefreshiSNSServer{r.isnsServer()} },
	},
	{
		Name: "ListiSNSServers", Short: "list the stored iSNS servers",
		parse: func(*reader) Request { return ListiSNSServers{} },
	},
}

var securityVerbs = []*Verb{
	{
		Name: "GroupKey", Short: "set the preshared key of peers that have none of their own",
		params: []param{keyParam, persistParam},
		parse:  (*reader).groupKey,
	},
	{
		Name: "PSKey", Short: "set the preshared key of a peer",
		params: []param{scopeParam, initPortParam, flagsParam, idTypeParam, idParam, keyParam, persistParam},
		parse:  (*reader).psKey,
	},
	{
		Name: "GetPSKey", Short: "show the security flags that are stored with a preshared key",
		params: []param{scopeParam, initPortParam, idTypeParam, idParam},
		parse:  (*reader).getPSKey,
	},
	{
		Name: "TunnelAddr", Short: "set the gateway to a destination in tunnel mode",
		params: []param{
			scopeParam, initPortParam,
			{"Destination", "IP address of the portal"},
			{"Tunnel", "IP address of the gateway; * removes it"},
			persistParam,
		},
		parse: (*reader).tunnelAddr,
	},
}

// What to use in the place of verbs that are not here.
const (
	useLogin    = "discover finds targets but does not log in to them; on Linux, open-iscsi does: iscsiadm -m node -T TARGET -p PORTAL --login"
	useLogout   = "discover has no sessions; on Linux, open-iscsi has: iscsiadm -m node -T TARGET --logout"
	useSession  = "discover has no sessions; on Linux, open-iscsi lists its own: iscsiadm -m session -P 3"
	useNodes    = "discover has no persistent logins to targets; on Linux, open-iscsi has: iscsiadm -m node"
	useDevice   = "discover has no devices; on Linux, use lsblk, sg3-utils and /etc/fstab"
	useFirewall = "discover opens no firewall: it connects to iSNS servers itself, and needs TCP to port 3205 of the server alone"
)

// elsewhere are the tool's verbs that are not here.
var elsewhere = slices.Concat(
	instead(useLogin, "LoginTarget", "QLoginTarget", "AddConnection", "QAddConnection"),
	instead(useLogout, "LogoutTarget", "RemoveConnection"),
	instead(useSession, "SessionList", "ReportTargetMappings"),
	instead(useNodes, "PersistentLoginTarget", "ListPersistentTargets", "RemovePersistentTarget"),
	instead(useDevice, "ScsiInquiry", "ReadCapacity", "ReportLUNs", "BindPersistentVolumes", "BindPersistentDevices",
		"ReportPersistentDevices", "AddPersistentDevice", "RemovePersistentDevice", "ClearPersistentDevices"),
	instead(useFirewall, "FirewallExemptiSNSServer"),
)

func instead(use string, names ...string) (list []*Verb) {
	for _, name := range names {
		list = append(list, &Verb{Name: name, Instead: use})
	}
	return list
}
