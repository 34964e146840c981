package manual

// Portal is the manual of discover portal.
const Portal = `discover portal keeps portals in the registry, with the way to reach them and
their login options, and asks them for their targets.`

// PortalAdd is the manual of discover portal add.
const PortalAdd = `discover portal add stores a portal in the registry and asks it for its targets.
An entry is known by instance, initiator port and portal; to add the same again
replaces all its options, also by the defaults of those that are not given, asks
again, and warns. What the rules refuse is not stored; a portal that does not
answer stays stored.

Secrets by file: and cred: are stored as references and read at each use; those
by env:, fd: and prompt are read once, and sealed by the key of the registry.

What --probe, --reachable, --family, --within, --rewrite and --via-portal change is
what is shown: the registry keeps the addresses that targets advertise.

Examples:
  discover portal add 192.0.2.10
  discover portal add --instance host --initiator-port 1 192.0.2.10
  discover portal add --chap-user host1 --chap-secret file:secret 192.0.2.10`

// PortalList is the manual of discover portal list.
const PortalList = `discover portal list shows the portals of the registry, and how it went when
each was asked last.`

// PortalRemove is the manual of discover portal remove.
const PortalRemove = `discover portal remove takes an entry out of the registry: the one of this
instance, initiator port and portal, as discover portal list shows them. The
targets that it found stay in the list, marked as stale, until they are pruned.

Examples:
  discover portal remove 192.0.2.10
  discover portal remove --instance host --initiator-port 1 192.0.2.10`

// PortalRefresh is the manual of discover portal refresh.
const PortalRefresh = `discover portal refresh asks portals again and takes their answers into the list
of targets: all portals of the registry, or those that are named. Each is asked
with the options that it was added with, and once more where it failed with what
may pass. A portal that is not in the registry is asked without options, and not
added: its targets are marked as unlisted. What --probe, --reachable, --family,
--within, --rewrite and --via-portal change is what is shown, and not what is
stored.

Examples:
  discover portal refresh
  discover portal refresh -o json 192.0.2.10 192.0.2.11
  discover portal refresh --source 192.0.2.2 192.0.2.10`

// Target is the manual of discover target.
const Target = `discover target shows the targets that are known: those that the portals of the
registry have shown, by which portal, when first and last, and since when they
are missing; and those that were configured by hand.`

// TargetList is the manual of discover target list.
const TargetList = `discover target list shows the targets that are known, and how each was found. A
portal that answers and leaves a target out makes it missing; nothing is ever
forgotten but by discover target prune. Times are in UTC.

With -o iscsiadm it prints a line for each address, without targets that are
missing.

Exit status: with --refresh 1 where no portal answered, 3 where some did not; 3
where records of the registry are damaged, which are named with what to do. The
list is printed all the same, also after Ctrl-C.

Examples:
  discover target list
  discover target list --refresh --timeout 2s
  discover target list -o iscsiadm`

// TargetAdd is the manual of discover target add.
const TargetAdd = `discover target add configures a target by hand, for what no portal shows.
Nothing is sent. To add the same name again replaces what was there, unless
--merge is given.

Examples:
  discover target add iqn.2026-11.com.example:disk1 --address 192.0.2.10:3260,1`

// TargetRemove is the manual of discover target remove.
const TargetRemove = `discover target remove removes a target that was configured by hand, and records
of that name that are damaged. What portals have shown under the same name stays.`

// TargetPrune is the manual of discover target prune.
const TargetPrune = `discover target prune forgets targets that their portal no longer shows, and those
whose portal is not in the registry. What was configured by hand stays.

Examples:
  discover target prune --dry-run
  discover target prune --missing-for 720h`

// Instance is the manual of discover instance.
const Instance = `discover instance names sets of addresses of this host. Each is an initiator of
its own: with its own ports, which discover port list shows, and, where wanted,
its own iSCSI name. The instance host is built in, and has all addresses.`

// InstanceList is the manual of discover instance list.
const InstanceList = `discover instance list shows the initiator instances, in the order in which they
are tried where none is asked for.`

// InstanceAdd is the manual of discover instance add.
const InstanceAdd = `discover instance add adds an initiator instance. Where there is one of that name
it changes it: what is given takes the place of what was there, and the rest stays.
With --replace the rest is dropped, the node name too.

Examples:
  discover instance add san --interface eth1 --interface eth2
  discover instance add backup --address 192.0.2.2 \
      --node-name iqn.2026-11.com.example:backup`

// InstanceRemove is the manual of discover instance remove.
const InstanceRemove = `discover instance remove removes an initiator instance. One that portals of the
registry use stays. The numbers of its ports stay with their addresses, for the case
that it is added again.`

// Initiator is the manual of discover initiator.
const Initiator = `discover initiator shows and sets who we are: the iSCSI name that we log in with,
and the secret by which targets prove themselves to us.`

// InitiatorShow is the manual of discover initiator show.
const InitiatorShow = `discover initiator show shows our iSCSI name and where it comes from, and whether
there is a secret by which targets prove themselves.`

// InitiatorSetName is the manual of discover initiator set-name.
const InitiatorSetName = `discover initiator set-name stores the iSCSI name that we log in with, for all
instances that have none of their own; without IQN, the default holds again.`

// InitiatorSetSecret is the manual of discover initiator set-chap-secret.
const InitiatorSetSecret = `discover initiator set-chap-secret stores the secret by which targets prove
themselves to us (mutual CHAP), for portals that were added with --target-user
and without --target-secret; without REF there is none any more. A secret below
12 bytes is good under IPsec, or for portals that were added with --short-secrets,
and warned of.

Examples:
  discover initiator set-chap-secret file:/etc/discover/targets
  discover initiator set-chap-secret prompt`

// Port is the manual of discover port.
const Port = `discover port shows the initiator ports: the addresses of this host from which
portals can be asked, by instance and number.`

// PortList is the manual of discover port list.
const PortList = `discover port list shows the initiator ports. With PORTAL it shows the one that
routing picks for it now; of several instances those that would be tried, in
order. Nothing is sent to the portal.

A number belongs to its address for ever as soon as a portal of the registry is
asked from a named instance; until then it is the one that would be given.

Examples:
  discover port list
  discover port list 192.0.2.10`
