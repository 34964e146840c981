package manual

// Portal is the manual of discover portal.
const Portal = `discover portal stores portals in the registry, with their source ports and login
options, and asks them for their targets.`

// PortalAdd is the manual of discover portal add.
const PortalAdd = `discover portal add stores portals in the registry and asks them for their
targets, many at once. PORTAL is as for scan, also @FILE and -, but no block or
range; all portals get the same options. The key of an entry is its portal,
instance and initiator port. Adding an entry with the same key again replaces
all its options (options that are not given get their defaults), asks the portal
again, and prints a warning; portal set changes single options. An entry that is
not valid is not stored; a portal that does not answer is stored all the same.

For file: and cred: secrets, the registry stores the reference, and the secret
is read at each use. For env:, fd: and prompt, the secret is read once and
stored, sealed with the key of the registry.

--probe, --reachable, --family, --within, --rewrite and --via-portal affect only
the output: the registry keeps the addresses as targets advertise them.

Exit status: 0 if every portal answered, 1 if none did, 3 if some did not.

Examples:
  discover portal add 192.0.2.10
  discover portal add 192.0.2.10 192.0.2.11 @portals.txt
  discover portal add --instance host --initiator-port 1 192.0.2.10
  discover portal add --chap-user host1 --chap-secret file:secret 192.0.2.10`

// PortalList is the manual of discover portal list.
const PortalList = `discover portal list shows the portals of the registry, and the result of the
last time that each was asked: all, or those that PORTAL names. PORTAL is a
portal, a block or a range, as for scan, also @FILE and -; without a TCP port,
it means entries of every port. On a terminal, long texts are cut to its width;
portal show and a list that goes to a file or a pipe have them whole.

Exit status: 1 if PORTAL names no entry and nothing is listed, 3 if only some
do. Flags that select no entry give an empty list and exit status 0.

Examples:
  discover portal list
  discover portal list --failed
  discover portal list 192.0.2.0/24 --instance host`

// PortalShow is the manual of discover portal show.
const PortalShow = `discover portal show shows all that is stored and known of portals of the
registry: the key, the options that are not the defaults (of a secret, where it
is or that it is set), the last result in full, and the targets that the portal
reported. Options have the names of the flags of portal add and portal set.
PORTAL is as for portal list. If a portal has several entries, all are shown.

Exit status: as that of portal list.

Examples:
  discover portal show 192.0.2.10
  discover portal show --instance host -o json 192.0.2.10`

// PortalSet is the manual of discover portal set.
const PortalSet = `discover portal set changes single options of an entry of the registry and asks
its portal again. Options that are not given stay as they are, secrets included;
with --unset, options get their defaults again. The changed entry must be one
that portal add would store, and IPsec flags that were stored before count as
they do there: a portal that was asked under IPsec is asked in clear text only
after --ipsec off. To change the key (portal, instance, initiator port), add
another entry and remove this one.

If a secret of the entry is sealed in the registry, the key of the registry is
needed.

Examples:
  discover portal set 192.0.2.10 --header-digest crc32c
  discover portal set 192.0.2.10 --chap-secret file:new-secret --dry-run
  discover portal set 192.0.2.10 --unset chap-user,chap-secret`

// PortalRemove is the manual of discover portal remove.
const PortalRemove = `discover portal remove removes entries from the registry: those with these
portals, and this instance and initiator port, as discover portal list shows
them. @FILE and - are taken as for scan. A portal that has no such entry is
named, with similar entries, and the others are removed. Targets that an entry
found stay in the list, marked as stale, until they are pruned.

Exit status: 0 if all were removed, 1 if none was, 3 if some were not.

Examples:
  discover portal remove 192.0.2.10
  discover portal remove --dry-run @portals.txt
  discover portal remove --instance host --initiator-port 1 192.0.2.10`

// PortalRefresh is the manual of discover portal refresh.
const PortalRefresh = `discover portal refresh asks portals again, all portals of the registry or those
that are named, and updates the list of targets. Each is asked with the options
that are stored with it, and once more after a temporary failure. A portal that is
not in the registry is asked without options and not added; its targets are marked
as unlisted. --probe, --reachable, --family, --within, --rewrite and --via-portal
affect only the output, not what is stored.

Examples:
  discover portal refresh
  discover portal refresh -o json 192.0.2.10 192.0.2.11
  discover portal refresh --source 192.0.2.2 192.0.2.10`

// Target is the manual of discover target.
const Target = `discover target shows and changes the list of known targets: those that portals
reported (with the portal, when it reported them first and last, and since when
they are missing), and those that were configured by hand.`

// TargetList is the manual of discover target list.
const TargetList = `discover target list shows the known targets, and how each was found: all, or
those with a NAME or with a name that a PATTERN matches as a whole. In a pattern, *
is any characters and ? is one; quote it, or the shell replaces it by file names.
Upper and lower case do not matter. A target is missing when its portal answers
without it. Only discover target prune deletes targets that portals reported. Times
are in UTC.

With --portal or --missing, only the selected ways in which a target was found are
shown. With -o iscsiadm, it prints one line per address, and no missing targets.

Exit status: 1 if a NAME or PATTERN matches no known target (or the portal of
--portal is unknown) and nothing is listed, 3 if only some do. With --refresh, 1
if no portal answered, and 3 if some did not; 3 also if records of the registry
are damaged (a message names each record and says what to do). The list is
printed in each of these cases, and also after Ctrl-C. Flags that select nothing
give an empty list and exit status 0.

Examples:
  discover target list
  discover target list 'iqn.2026-11.com.example:*' --portal 192.0.2.10
  discover target list --refresh --timeout 2s --missing
  discover target list -o iscsiadm`

// Paths is the manual of discover paths.
const Paths = `discover paths shows a matrix of the paths of this host, from what the registry
knows: a row for each initiator port, a column for each portal, grouped by array. An
array is portals that share a target, or that advertise each other's addresses. Each
cell has one character and a few words: all targets that are known at the portal,
fewer, failed and at which stage, not asked yet, or no route from that port. Without
--refresh, nothing is sent.

With TARGET, it shows the paths to that target: the initiator port, the portal that
shows the target to this port, and the portal group. Portals that are advertised,
but do not show the target, are listed with the reason.

A portal that was added without --initiator-port is in the row of the source address
that it was asked from last. To see all paths, add an entry for each port.

With -o svg, it prints a picture: one SVG document without scripts or external
references. In a locale that is not UTF-8, the table has letters instead of shapes.

Exit status: as that of discover target list.

Examples:
  discover paths
  discover paths --refresh
  discover paths iqn.2026-11.com.example:disk1
  discover paths -o svg > paths.svg`

// TargetAdd is the manual of discover target add.
const TargetAdd = `discover target add configures a target by hand, for example one that no portal
reports. Nothing is sent. Adding the same name again replaces the target, unless
--merge is given.

Examples:
  discover target add iqn.2026-11.com.example:disk1 --address 192.0.2.10:3260,1`

// TargetRemove is the manual of discover target remove.
const TargetRemove = `discover target remove removes a target that was configured by hand, and damaged
records of that name. What portals reported under the same name stays.`

// TargetPrune is the manual of discover target prune.
const TargetPrune = `discover target prune deletes targets that are missing from the last answer of their
portal, and targets whose portal is not in the registry. Targets that were
configured by hand stay. With --missing-for, it deletes only targets that have been
missing at least that long.

Examples:
  discover target prune --dry-run
  discover target prune --missing-for 720h`

// Instance is the manual of discover instance.
const Instance = `discover instance gives names to sets of addresses of this host. Each set is an
initiator instance: it has its own ports (see discover port list) and may have its
own iSCSI name. The instance host is built in and has all addresses.`

// InstanceList is the manual of discover instance list.
const InstanceList = `discover instance list shows the initiator instances, in the order in which they
are tried for portals that name none.`

// InstanceAdd is the manual of discover instance add.
const InstanceAdd = `discover instance add adds an initiator instance. If one of that name exists, the
given flags replace its values, and its other values stay. With --replace, all its
other values are dropped, including the node name.

Examples:
  discover instance add san --interface eth1 --interface eth2
  discover instance add backup --address 192.0.2.2 \
      --node-name iqn.2026-11.com.example:backup`

// InstanceRemove is the manual of discover instance remove.
const InstanceRemove = `discover instance remove removes an initiator instance, unless portals of the
registry use it. Its port numbers stay reserved for their addresses, so that they
are the same if the instance is added again.`

// Initiator is the manual of discover initiator.
const Initiator = `discover initiator shows and sets our identity: the iSCSI name that we log in with,
and the secret with which targets authenticate to us (mutual CHAP).`

// InitiatorShow is the manual of discover initiator show.
const InitiatorShow = `discover initiator show shows our iSCSI name, where it comes from, and whether a
secret is stored with which targets authenticate to us.`

// InitiatorSetName is the manual of discover initiator set-name.
const InitiatorSetName = `discover initiator set-name stores the iSCSI name that we log in with. It applies to
all instances that have no name of their own. Without IQN, the stored name is
removed, and the default applies again.`

// InitiatorSetSecret is the manual of discover initiator set-chap-secret.
const InitiatorSetSecret = `discover initiator set-chap-secret stores the secret with which targets authenticate
to us (mutual CHAP). It applies to portals that were added with --target-user and
without --target-secret. Without REF, the stored secret is removed. A secret shorter
than 12 bytes causes a warning: it is used only under IPsec, or for portals that
were added with --short-secrets.

Examples:
  discover initiator set-chap-secret file:/etc/discover/targets
  discover initiator set-chap-secret prompt`

// Port is the manual of discover port.
const Port = `discover port shows the initiator ports: the addresses of this host from which
portals can be asked, each with its instance and number.`

// PortList is the manual of discover port list.
const PortList = `discover port list shows the initiator ports. With PORTAL, it shows the port that
routing selects for that portal now; with several instances, the ports that would
be tried, in order. Nothing is sent to the portal.

Port numbers become permanent as soon as a portal of the registry is asked from a
named instance; the numbers shown before that are those that would be assigned.

Examples:
  discover port list
  discover port list 192.0.2.10`
