package manual

// IPsec is the manual of discover ipsec.
const IPsec = `discover ipsec shows and sets what decides about IPsec. The first of these that
says anything decides:

  1  what exists: a policy of discover ipsec policy, or of the system
  2  the flags of the portal (--ipsec, --security-flags)
  3  flags that the portal, or the identity of its key, was given before
  4  the default

A portal that is to be asked under IPsec is asked under IPsec or not at all.
Policies, keys, gateways and the default are in the registry: they hold for the
verbs that read it. discover scan reads it with --instance or --initiator-port;
without these flags none of them hold for a scan.`

// IPsecExplain is the manual of discover ipsec explain.
const IPsecExplain = `discover ipsec explain says under which IPsec a portal would be asked right now,
where that comes from, what exists between this host and the portal, and who
would see to it. Nothing is sent to the portal, and nothing is set up.

A portal of the registry is explained as it was added; with flags, as if it were
added with these. A name is looked up, and each of its addresses explained.

What the system has can be seen with CAP_NET_ADMIN only; without, it is unknown.

Exit status: 1 where the portal would not be asked at all.

Examples:
  discover ipsec explain 192.0.2.10
  discover ipsec explain --ipsec tunnel,pfs --ipsec-outer 203.0.113.1 192.0.2.10`

// IPsecDefault is the manual of discover ipsec default.
const IPsecDefault = `discover ipsec default shows the flags of portals for which nothing else is
defined, or sets them: a list as for --ipsec, or a bitmap. 0x00: none any more.

Examples:
  discover ipsec default
  discover ipsec default transport,main
  discover ipsec default 0x00`

// IPsecPolicy is the manual of discover ipsec policy.
const IPsecPolicy = `discover ipsec policy keeps an administrator's rules: under which IPsec portals
are asked, or that they are asked without, whatever their flags say. They hold
where the registry is read: discover scan does so with --instance or
--initiator-port only.`

// IPsecPolicyAdd is the manual of discover ipsec policy add.
const IPsecPolicyAdd = `discover ipsec policy add adds a rule, or replaces the one with the same selector
and says so. To replace a rule that asks for IPsec by off, give --replace.
SELECTOR is one of:

  192.0.2.10:3260        a portal
  192.0.2.10             an address, with all its TCP ports
  192.0.2.0/24           a block
  fe80::10%eth0          a link-local address on one link; without a zone, on all
  tag=1                  the portals that are known to be in a portal group with
                         that tag. Such a rule asks for IPsec, and never says off:
                         any portal can list another one under any tag

Where several fit, the portal goes before the smaller block before the larger one
before the group. LIST is as for --ipsec (off: without IPsec), or a bitmap as for
--security-flags.

Examples:
  discover ipsec policy add 192.0.2.0/24 transport,main,pfs
  discover ipsec policy add 192.0.2.10:3260 off`

// IPsecPolicyList is the manual of discover ipsec policy list.
const IPsecPolicyList = `discover ipsec policy list shows the rules.`

// IPsecPolicyRemove is the manual of discover ipsec policy remove.
const IPsecPolicyRemove = `discover ipsec policy remove removes a rule, by its selector.`

// IPsecPSK is the manual of discover ipsec psk.
const IPsecPSK = `discover ipsec psk keeps the preshared keys of IKE. No key is ever shown.`

// IPsecPSKSet is the manual of discover ipsec psk set.
const IPsecPSKSet = `discover ipsec psk set stores the preshared key of a peer, or replaces it. ID is
its identity in IKE: an address, a domain name or user@domain; or the word group,
for all peers that have no key of their own. In tunnel mode the peer is the
gateway.

The key is used for the portal of that address or name, and for portals with
--ipsec-peer-id ID: so a user@domain takes that flag. Where no key is for the peer,
one whose ID is the identity of this host counts: that of --ipsec-id, else the
source address.

A key by file: or cred: is stored as the reference, and read at each use; one by
env:, fd: or prompt is read once, and sealed by the key of the registry.

With --ipsec or --security-flags, portals of that identity that are given no
flags are asked under these. A key that is set again without them keeps the flags
that it had; --security-flags 0x00 drops them.

With --instance, and --initiator-port, the key is for connections from there; it
goes before one of the same identity for all ports.

Examples:
  discover ipsec psk set group file:/etc/discover/psk
  discover ipsec psk set --ipsec transport,pfs 192.0.2.10 prompt`

// IPsecPSKList is the manual of discover ipsec psk list.
const IPsecPSKList = `discover ipsec psk list shows for whom there are preshared keys, and where they
are kept.`

// IPsecPSKRemove is the manual of discover ipsec psk remove.
const IPsecPSKRemove = `discover ipsec psk remove forgets the preshared key of an identity, and the flags
that came with it.`

// IPsecTunnel is the manual of discover ipsec tunnel.
const IPsecTunnel = `discover ipsec tunnel keeps the gateways of tunnel mode: the outer address by
which a destination is reached.`

// IPsecTunnelSet is the manual of discover ipsec tunnel set.
const IPsecTunnelSet = `discover ipsec tunnel set stores the gateway by which a destination is reached in
tunnel mode. Both are addresses, of one family. A portal that ends the tunnel itself
is its own gateway. With --instance, and --initiator-port, it is for
connections from there, and goes before one for all ports.

Examples:
  discover ipsec tunnel set 192.0.2.10 203.0.113.1`

// IPsecTunnelList is the manual of discover ipsec tunnel list.
const IPsecTunnelList = `discover ipsec tunnel list shows the gateways.`

// IPsecTunnelRemove is the manual of discover ipsec tunnel remove.
const IPsecTunnelRemove = `discover ipsec tunnel remove forgets the gateway of a destination.`

// IPsecCleanup is the manual of discover ipsec cleanup.
const IPsecCleanup = `discover ipsec cleanup takes out of charon, the IKE daemon of strongSwan, what
discoveries left there that could not do it themselves: connections, preshared
keys and security associations. What the host has in charon otherwise stays.

OWNER says what is known of the process that it belongs to:

  alive    it is running; that stays
  gone     it is no more
  expired  it cannot be seen from here, and its lease of an hour is over
  unknown  it cannot be seen from here: it is in another container, or /proc
           hides it; that stays, unless --all is given

Each discovery under IPsec takes out what is gone or expired as well, before its
first connection, and says so. A discovery that is running loses its connection
by --all where it is unknown.

Exit status: 3 where some could not be taken out, 1 where none could.

Examples:
  discover ipsec cleanup --dry-run
  discover ipsec cleanup --all`
