package manual

// IPsec is the manual of discover ipsec.
const IPsec = `discover ipsec shows and sets what determines whether portals are asked under IPsec.
The first of these that is set decides:

  1  what exists: a policy of discover ipsec policy, or of the system
  2  the flags of the portal (--ipsec, --security-flags)
  3  flags that were stored earlier with the portal or with its preshared key
  4  the default flags (discover ipsec default)

A portal that needs IPsec is asked under IPsec or not at all.

Policies, keys, gateways and the default are in the registry and apply to the verbs
that read it. discover scan reads it only with --instance or --initiator-port;
without these flags, none of them apply to a scan.`

// IPsecExplain is the manual of discover ipsec explain.
const IPsecExplain = `discover ipsec explain shows whether a portal would be asked under IPsec now and
with which settings, where these come from, what already exists between this host
and the portal, which enforcer would set IPsec up, and why not the one that comes
before it. Nothing is sent to the portal, and nothing is set up.

A portal of the registry is explained with its stored options; with flags, as if it
were added with these flags. A host name is looked up, and each of its addresses is
explained.

Reading the system's IPsec policies needs CAP_NET_ADMIN; without it, they are shown
as unknown.

Exit status: 1 if the portal would not be asked at all.

Examples:
  discover ipsec explain 192.0.2.10
  discover ipsec explain --ipsec tunnel,pfs --ipsec-outer 203.0.113.1 192.0.2.10`

// IPsecDefault is the manual of discover ipsec default.
const IPsecDefault = `discover ipsec default shows or sets the IPsec flags of portals for which nothing
else is defined. It takes a list as for --ipsec, or a bitmap as for
--security-flags; 0x00 removes the default.

Examples:
  discover ipsec default
  discover ipsec default transport,main
  discover ipsec default 0x00`

// IPsecPolicy is the manual of discover ipsec policy.
const IPsecPolicy = `discover ipsec policy stores the administrator's rules: which portals are asked
under IPsec and how, and which without IPsec. Rules override the flags of a portal.
They apply to verbs that read the registry; discover scan reads it only with
--instance or --initiator-port.`

// IPsecPolicyAdd is the manual of discover ipsec policy add.
const IPsecPolicyAdd = `discover ipsec policy add adds a rule, or replaces the rule with the same selector
and says so. Replacing a rule that requires IPsec by off needs --replace. SELECTOR
is one of:

  192.0.2.10:3260        a portal
  192.0.2.10             an address, with all its TCP ports
  192.0.2.0/24           a block
  fe80::10%eth0          a link-local address on one link; without a zone, on all
  tag=1                  all portals known to be in a portal group with that tag.
                         Such a rule cannot say off, because any portal can list
                         another one under any tag

If several rules match, a rule for the portal comes first, then smaller blocks, then
larger blocks, then portal groups. LIST is a list as for --ipsec (off: without
IPsec), or a bitmap as for --security-flags.

Examples:
  discover ipsec policy add 192.0.2.0/24 transport,main,pfs
  discover ipsec policy add 192.0.2.10:3260 off`

// IPsecPolicyList is the manual of discover ipsec policy list.
const IPsecPolicyList = `discover ipsec policy list shows the rules.`

// IPsecPolicyRemove is the manual of discover ipsec policy remove.
const IPsecPolicyRemove = `discover ipsec policy remove removes the rule with this selector.`

// IPsecPSK is the manual of discover ipsec psk.
const IPsecPSK = `discover ipsec psk stores the preshared keys for IKE. Keys are never shown.`

// IPsecPSKSet is the manual of discover ipsec psk set.
const IPsecPSKSet = `discover ipsec psk set stores or replaces the preshared key of a peer. ID is the
peer's identity in IKE: an address, a domain name or user@domain; or the word group,
for all peers that have no key of their own. In tunnel mode, the peer is the
gateway.

The key is used for portals with that address or host name, and for portals with
--ipsec-peer-id ID (the only way to use the key of a user@domain). If there is no
key for the peer, a key whose ID is the identity of this host is used: that of
--ipsec-id, or else the source address.

For file: and cred: keys, the registry stores the reference, and the key is read at
each use. For env:, fd: and prompt, the key is read once and stored, sealed with the
key of the registry.

Flags given by --ipsec or --security-flags are stored with the key and apply to
portals of that identity that have no flags. A key that is set again without these
keeps its flags; --security-flags 0x00 removes them.

With --instance and --initiator-port, the key is only for connections from that
instance or port. It is preferred to a key of the same identity for all ports.

Examples:
  discover ipsec psk set group file:/etc/discover/psk
  discover ipsec psk set --ipsec transport,pfs 192.0.2.10 prompt`

// IPsecPSKList is the manual of discover ipsec psk list.
const IPsecPSKList = `discover ipsec psk list shows which identities have preshared keys, and where the
keys are kept.`

// IPsecPSKRemove is the manual of discover ipsec psk remove.
const IPsecPSKRemove = `discover ipsec psk remove removes the preshared key of an identity, and the flags
that were stored with it.`

// IPsecTunnel is the manual of discover ipsec tunnel.
const IPsecTunnel = `discover ipsec tunnel stores the gateways for tunnel mode: for each destination, the
outer address through which it is reached.`

// IPsecTunnelSet is the manual of discover ipsec tunnel set.
const IPsecTunnelSet = `discover ipsec tunnel set stores the gateway through which a destination is reached
in tunnel mode. Both are IP addresses of the same family. A portal that terminates
the tunnel itself is its own gateway. With --instance and --initiator-port, the
gateway is only for connections from that instance or port. It is preferred to a
gateway for all ports.

Examples:
  discover ipsec tunnel set 192.0.2.10 203.0.113.1`

// IPsecTunnelList is the manual of discover ipsec tunnel list.
const IPsecTunnelList = `discover ipsec tunnel list shows the gateways.`

// IPsecTunnelRemove is the manual of discover ipsec tunnel remove.
const IPsecTunnelRemove = `discover ipsec tunnel remove removes the gateway of a destination.`

// IPsecCleanup is the manual of discover ipsec cleanup.
const IPsecCleanup = `discover ipsec cleanup removes from charon, the IKE daemon of strongSwan, what
killed discoveries left there: connections, preshared keys and security
associations. What other programs have in charon stays.

OWNER is the state of the process that made the connection:

  alive    it is running; the connection stays
  gone     it has ended
  expired  it cannot be seen from here, and its lease of one hour has expired
  unknown  it cannot be seen from here, because it is in another container or
           /proc hides it; the connection stays unless --all is given

Each discovery under IPsec also removes what is gone or expired before its first
connection, and says so. If a running discovery is shown as unknown, --all ends its
connection.

Exit status: 3 if some could not be removed, 1 if none could.

Examples:
  discover ipsec cleanup --dry-run
  discover ipsec cleanup --all`
