package reference

import (
	"slices"
	"strings"
	"testing"
)

// isHint reports whether a function of the initiator or of its package hint makes hints.
func isHint(name string) bool {
	return strings.HasSuffix(name, "Hint") || slices.Contains([]string{"hint", "IPsec", "ofNegotiation", "ofIdentity"}, name)
}

// A hintWord says when a hint is printed.
type hintWord struct {
	text, when string
}

// hintWords are the hints, by stage, in the order of the code.
var hintWords = []hintWord{
	{"check the host name", "`resolve`: the name server does not know the name"},
	{"check the name servers of this host, or give the address of the portal", "`resolve`: no name server answered, or one with an error"},
	{"check the name servers of this host, or give the address of the server", "`resolve`: likewise, of an iSNS server"},
	{"did you mean …? An IPv6 address with a port is written in brackets", "An IPv6 address without brackets ends in what looks like a TCP port"},

	{"nothing listens there: check the address and the TCP port", "`connect`: connection refused. The host is there; the target service is not running, or listens at another address or port"},
	{"check the route and the firewalls in between", "`connect`: no answer within the time. A firewall drops the packets, the address is nobody's, or the way back is missing (`ip route get`, `discover port list PORTAL`)"},
	{"nothing came back under IPsec: check the log of the peer, whether its kernel has ESP, and its firewall", "`connect`: no answer within the time, after keys were agreed on or where the kernel protects the path. Without ESP in its kernel, strongSwan agrees on keys and then deletes them"},
	{"check the route", "`connect`: no route to the network or host"},
	{"this host does not have the source address, or no free TCP port on it", "`connect`: the address of `--source` was removed, or thousands of connections from it are in TIME_WAIT"},
	{"the source address cannot reach this portal: give another one, or none (--source)", "`connect`: invalid argument, such as from a loopback address"},
	{"too many files are open: raise ulimit -n, or ask fewer portals at once (--parallel)", "`connect`: the limit of open files of the process or of the system is reached"},

	{"it answers like …: check the TCP port", "`login`: another service listens at this port, such as an HTTP or SSH server"},
	{"something listens there, but it does not speak iSCSI or is overloaded", "`login`: the connection was accepted, and no answer came in time"},
	{"what listens there does not speak iSCSI: check the TCP port", "`login`: the first bytes are of no iSCSI message, and of no protocol that discover knows"},
	{"see the exchange with --trace, or record it for the vendor of the target with --capture", "`login` or `discover`: a message breaks the protocol, or the status objects to the form of the login (0x0205, 0x0207, 0x0208, 0x020a, 0x020b)"},
	{"some targets close the connection if CHAP is not set up for discovery (--chap-secret), or if they do not know the initiator name (--initiator-name)", "`login`: the target closed the connection, and CHAP was given"},
	{"some targets close the connection if they want CHAP (--chap-user, --chap-secret), do not know the initiator name (--initiator-name), or have nothing to list", "`login`: the target closed the connection, and no CHAP was given"},

	{"the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)", "`login`: 0x0201, and no CHAP was given"},
	{"check the CHAP name and secret (--chap-user, --chap-secret)…, and whether CHAP is set up for discovery at the portal", "`login`: 0x0201 or 0x0200, and CHAP was given. The secret for discovery is often another than that for volumes"},
	{", the algorithms (--chap-algorithms)", "Within the hint above: the target chose no algorithm"},
	{", the algorithm, which was … (--chap-algorithms)", "Within the hint above: the target chose this one; some compute SHA-256 or SHA3-256 wrongly"},
	{"check the CHAP name and secret (--chap-user, --chap-secret), and whether CHAP is set up for discovery at the portal", "`login`: refused, and again with MD5 alone"},
	{" (LIO chooses CHAP even if it is not set up)", "Added for `--chap-policy preferred`: such a target can be asked without CHAP"},
	{"check the CHAP name and secret (--chap-user, --chap-secret); if they are right, the algorithm may be at fault…: try MD5 alone (--chap-algorithms md5)", "`login`: refused after an algorithm that some targets compute wrongly"},
	{"check the CHAP name and secret (--chap-user, --chap-secret)", "`login`: the target rejected the proof"},
	{"; LIO misreads a CHAP name that begins with 0x or 0b: use another name", "`login`: added where the CHAP name begins like this"},
	{"check which CHAP algorithms the portal supports (--chap-algorithms)", "`login`: no algorithm in common"},
	{"the portal did answer the first try: try again later", "`login`: the second login, with MD5 alone, got no answer"},
	{"check whether mutual CHAP is set up for discovery at the portal", "`login`: `--target-secret` was given, and the target sent no proof"},
	{"check the name with which the target authenticates (--target-user)", "`login`: the target proves another name"},
	{"check the secret with which the target authenticates (--target-secret)", "`login`: the proof of the target is wrong. Or this is another target than you think: it does not have the secret"},
	{"the portal does not use CHAP for discovery: ask it without CHAP, or let it choose (--chap-policy preferred)", "`login`: `--chap-secret` was given, and the target chose no CHAP"},
	{"the portal does not use CHAP for discovery: ask it without CHAP", "`login`: likewise with `--target-secret`, which needs CHAP"},
	{"the portal accepts neither CHAP nor None: ask it without CHAP", "`login`: `--chap-policy preferred`, and the target chose neither"},

	{"some targets refuse like this if they want CHAP (--chap-user, --chap-secret), or if they do not know the initiator name (--initiator-name)", "`login`: 0x0200, and no CHAP was given"},
	{"the portal does not serve initiator …: check under which name it knows this host (--initiator-name)", "`login`: 0x0202 or 0x0203"},
	{"earlier versions of discover sent the initiator name in lower case: if the portal knows it like that, give --initiator-name …", "`login`: added where the name has capital letters"},
	{"try again later", "`login`: 0x0300, 0x0301 or 0x0302"},
	{"the portal offers no discovery: ask another portal of the array", "`login`: 0x0204 or 0x0209"},
	{"the portal has no place for another session of initiator …: check whether other hosts use this name (--initiator-name)", "`login`: 0x0206"},

	{"to follow it, give --redirect same-host or --redirect any", "`login`: the portal redirects, and `--redirect none` was given"},
	{"if that host may have the secrets, give --redirect any", "`login`: the portal redirects to another host, and mutual CHAP was asked for"},
	{"the host that we were redirected to wants CHAP, but credentials are sent to the first host only: if this host may have them, give --redirect any", "`login`: 0x0201 of the host that the login was redirected to"},

	{"the portal does not support this digest: prefer it instead of requiring it (--header-digest prefer-crc32c)", "`login`: `--header-digest crc32c` was given"},
	{"the portal does not support this digest: prefer it instead of requiring it (--data-digest prefer-crc32c)", "`login`: `--data-digest crc32c` was given"},

	{"the portal does not answer SendTargets: check that discovery is enabled there, or ask another portal of the array", "`discover`: the target refuses in words"},
	{"the warnings say what is wrong with each name; without --strict-names, harmless names are listed", "`discover`: all targets were left out, with `--strict-names`"},
	{"the warnings say what is wrong with each name", "`discover`: all targets were left out: their names are harmful"},
	{"see the whole answer with --trace", "`discover`: the answer is text without a target"},
	{"… bytes of the list arrived: if it stopped there, the cause may be an MTU mismatch on the path; a long list needs more time (--timeout)", "`discover`: the list began, and no more came in time. Compare the MTU of all interfaces and switches on the path"},
	{"the login worked, but 0 bytes of the list arrived: the cause may be an MTU mismatch on the path, or an overloaded portal", "`discover`: small packets come through and the list does not"},
	{"the login worked, and … bytes of the list arrived: try again; see what the portal does with --trace", "`discover`: the target closed the connection before the list was complete: it restarted, or failed at this list"},
	{"raise the limit if you trust the portal with it", "`discover`: the answer is larger than a [bound](limits.md#bounds)"},
	{"raise the limit if you trust the portal with it (--max-text)", "`discover`: likewise, of its text"},
	{"raise the limit if you trust the portal with it (--max-targets)", "`discover`: likewise, of its targets"},
	{"ask this portal again when the others are done", "`discover`: results of other portals that wait took the [memory](limits.md#bounds)"},

	{"the server answers only initiators that are registered with it: register this one (--register), or have the administrator of the server do it", "iSNS: the server does not know this initiator"},
	{"the server does not allow this initiator name to ask", "iSNS: the server refuses the name"},
	{"raise the limit if you trust the server with it (--max-targets), or have its administrator put this initiator into a discovery domain with fewer targets", "iSNS: the answer has more targets than the [bounds](limits.md#bounds) allow, or takes more memory"},
	{"is it an iSNS server that listens there?", "iSNS: what came is no message of iSNS"},

	{"give the key (--ipsec-psk), or store it (discover ipsec psk set)", "`secure`: no preshared key for this peer"},
	{"give the gateway (--ipsec-outer), or store it (discover ipsec tunnel set); where the portal ends the tunnel itself, its own address is the gateway", "`secure`: tunnel mode without a gateway"},
	{"discover can negotiate by itself (--ipsec-enforcer userspace)", "`secure`: the enforcer that was asked for is not there, or cannot do aggressive mode"},
	{"check that IKE runs there, and the firewalls in between", "`secure`: the peer does not answer IKE"},
	{"; a peer that only speaks IKE version 2 may not answer version 1 (--ipsec-ike 2)", "`secure`: added where IKEv1 was tried"},
	{"offer what the peer accepts (--ipsec-proposals; legacy adds what old targets have), and check by which identity it knows this host (--ipsec-id)", "`secure`: no proposal for IKE was accepted"},
	{"offer what the peer accepts (--ipsec-proposals), and check the mode and pfs (--ipsec)", "`secure`: no proposal for ESP was accepted"},
	{"check the key (--ipsec-psk, or discover ipsec psk)", "`secure`: the ends have different keys, or seem to"},
	{"check the key (--ipsec-psk, or discover ipsec psk) and the identities (--ipsec-id, --ipsec-peer-id)", "`secure`: the peer refuses the key or the identity"},
	{"if it is the right peer, …", "`secure`: the peer has another identity; one of the next two follows"},
	{"give --ipsec-peer-id …", "`secure`: the identity that the peer has"},
	{"give its identity (--ipsec-peer-id)", "`secure`: the identity cannot be written in a flag as it is"},
	{"check the mode (--ipsec transport or --ipsec tunnel), and what the peer protects for this host", "`secure`: no agreement on the traffic or the mode"},
	{"give --ipsec-ike 2", "`secure`: the peer only speaks IKEv2"},
	{"give --ipsec-ike 1", "`secure`: the peer only speaks IKEv1"},
	{"have the kernel protect the connection (--ipsec-enforcer strongswan)", "`secure`: the peer cannot have ESP within UDP"},

	{"restore it, or set the secrets again that are sealed with it", "Registry: the key file is missing"},
	{"run chmod 600 on it, and find out who had access", "Registry: others can read the key file"},
	{"move it away, and find out who put it there", "Registry: the key file belongs to another user"},
	{"make the owner of the registry its owner", "Registry: the key file does not belong to the owner of the registry"},
}

// hints is the section about hints.
func hints(t *testing.T) string {
	all := allHints(t)
	var b strings.Builder
	b.WriteString("| hint | when |\n| --- | --- |\n")
	for _, h := range hintWords {
		if !slices.Contains(all, h.text) {
			t.Errorf("there are words for the hint %q, which is not in the code", h.text)
		}
		b.WriteString(row(strings.TrimLeft(h.text, " ,;"), h.when))
	}
	for _, text := range all {
		if !slices.ContainsFunc(hintWords, func(h hintWord) bool { return h.text == text }) {
			t.Errorf("the hint %q has no words", text)
		}
	}
	return b.String()
}
