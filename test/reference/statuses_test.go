package reference

import (
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// statusWords are what a login status means for a discovery session, and what to do.
var statusWords = map[pdu.Status]string{
	pdu.StatusMovedTemporarily:    "The portal sends the login to another address. discover follows it on the same host only; `--redirect any` follows it to other hosts. A result shows this status only where the redirection was not followed",
	pdu.StatusMovedPermanently:    "As 0x0101, and for good: scan the new address, and replace the stored portal by it",
	pdu.StatusInitiatorError:      "The target refuses without a reason. Most often: the initiator name is not known (`--initiator-name`), or CHAP is wanted or wrong (`--chap-user`, `--chap-secret`). The target's log says which",
	pdu.StatusAuthFailure:         "CHAP is wanted and was not given, or name or secret are wrong, or the algorithm is not supported. Give `--chap-user` and `--chap-secret REF`; compare both with those for *discovery* at the array, which often differ from those for its volumes",
	pdu.StatusAuthorizationFailed: "The portal knows the initiator and does not serve it, or does not know it. Compare `initiator_name` of the result with the access list of the array, letter by letter; give the name that it knows with `--initiator-name`",
	pdu.StatusNotFound:            "Nothing here is for this initiator. As 0x0202: compare the names",
	pdu.StatusTargetRemoved:       "The target was removed, and no new address is known. Ask another portal of the array",
	pdu.StatusUnsupportedVersion:  "The target speaks no iSCSI version 0, the only one that there is. Record the session (`--capture`), and report it",
	pdu.StatusTooManyConnections:  "The target allows this initiator no more connections. Check whether other hosts, such as clones, use the same initiator name, and for sessions that hang",
	pdu.StatusMissingParameter:    "The target misses a key, mostly the initiator name or the session type. Record the session (`--capture`), and report it",
	pdu.StatusCannotInclude:       "The target cannot add the connection to a session. A discovery session has one: record it (`--capture`)",
	pdu.StatusSessionTypeUnknown:  "The portal does not do discovery. Ask another portal of the array (some have one address for it)",
	pdu.StatusNoSuchSession:       "The target looks for an earlier session. discover never continues one: record it (`--capture`)",
	pdu.StatusInvalidDuringLogin:  "The target received something that it does not allow in a login. Record the session (`--capture`), and report it",
	pdu.StatusTargetError:         "A fault within the target. Try again; look at the target's log",
	pdu.StatusServiceUnavailable:  "The target does not serve now: it starts, fails over, or discovery is off. Try again (`--retries`)",
	pdu.StatusOutOfResources:      "The target has no room for another session. Try again (`--retries`), or ask fewer portals at once (`--parallel`)",
}

// causeWords are what to do about keys that were not agreed on.
var causeWords = map[enforce.Cause]string{
	enforce.PeerSilent:       "Is there an IKE daemon at the peer, and are UDP 500 and 4500 open both ways? A peer that only speaks IKEv2 may be silent: `--ipsec-ike 2`",
	enforce.PeerStopped:      "Most often another preshared key: set the same key at both ends",
	enforce.NoIKEProposal:    "Compare the algorithms of phase 1 (IKE) with the peer's; `--ipsec-proposals legacy` adds what old targets have. Does the peer know this host's address or identity (`--ipsec-id`)?",
	enforce.NoESPProposal:    "Compare the algorithms of phase 2 (ESP), PFS and the mode (`--ipsec`) with the peer's",
	enforce.OtherKeySeems:    "Set the same preshared key at both ends. discover drops one line end at the end of a file with a key; does the peer?",
	enforce.OtherKey:         "Set the same preshared key at both ends. discover drops one line end at the end of a file with a key; does the peer?",
	enforce.KeyOrIdentity:    "Compare the key, and the identities that both ends use (`--ipsec-id`, `--ipsec-peer-id`)",
	enforce.OtherIdentity:    "If A is the right peer, give `--ipsec-peer-id A`. If not, something else answers at this address",
	enforce.AggressiveMode:   "Compare the key and the identities, and let the peer do aggressive mode; main mode (the default) is safer",
	enforce.TrafficSelectors: "The peer must protect TCP between its address and this host's, in the mode that was asked for: compare `--ipsec transport` or `--ipsec tunnel` with its configuration",
	enforce.PeerSpeaksIKEv1:  "Give `--ipsec-ike 1`",
	enforce.PeerSpeaksIKEv2:  "Give `--ipsec-ike 2`",
	enforce.NoNATTraversal:   "Use the kernel's IPsec: `--ipsec-enforcer strongswan` with a running strongSwan, as root",
	enforce.Phase2Silent:     "The peer took the key and then did not answer. Look at its log: most often it has no child or phase 2 for this host",
}
