package fleetverbs

const manualFleet = `discover fleet shows what the hosts of a fleet see: which hosts see the same at which
portal, which see less than their peers, which are silent. Each host of the fleet runs
discoverd --fleet NAME --etcd URL. The portal, policy and login verbs say what all
hosts are to ask, and how.

It is a program of its own, discover-fleet, which discover runs.

--fleet and --etcd may be in the environment: DISCOVER_FLEET, DISCOVER_ETCD.

Guide: discover help guide fleet.

Exit status: 0; 1 if etcd does not answer or refuses; 2 if the command line was not
understood; 3 if a list of targets could not be read, or a part was not there or was not
asked. A key that is foreign, damaged or of a newer version is no failure: it is left
out, and discover fleet diff shows it.

Examples:
  discover fleet diff --fleet prod --etcd https://etcd1.example:2379
  discover fleet paths 192.0.2.10
  discover fleet targets --host db7
  discover fleet portal add 192.0.2.10`

const manualScan = `discover fleet scan has the hosts of the fleet ask addresses together: each is given
some of them at a time, and what a host had when it fails is given to another. Each
address is asked by one host at a time. BLOCK is an address, ADDRESS/BITS, FIRST-LAST,
@FILE or -, as of discover scan.

Only hosts take part whose discoverd has --fleet-scan-allow, and only in what that
allows. Each asks as its own registry says: IPsec policies and keys, initiator ports,
bounds. Nothing is stored. The host that leads the fleet gives out the addresses.

Results come as hosts complete them, each with the host that asked. Ctrl-C ends the
scan on all hosts.

Exit status: 0 if any portal answered; 1 if none did, or the scan could not begin; 3 if
some failed, or some addresses were asked by nobody.

Examples:
  discover fleet scan 10.20.0.0/16
  discover fleet scan -o jsonl --tcp-port 3260 --tcp-port 860 192.0.2.0/24
  discover fleet scan --ipsec transport --open 192.0.2.0/24`

const manualHosts = `discover fleet hosts lists the hosts of the fleet, those first that need somebody: those
that published what is not true, then silent ones, whose lease in etcd has ended.

Examples:
  discover fleet hosts
  discover fleet hosts -o json`

const manualPaths = `discover fleet paths lists portals, and of each portal the groups of hosts that see the
same: the same targets with the same addresses, or the same failure. With --host it
shows what one host sees.

Examples:
  discover fleet paths
  discover fleet paths --host db7
  discover fleet paths -o json 192.0.2.10`

const manualTargets = `discover fleet targets lists the targets that hosts see, of all portals or those that
are named. HOSTS is how many see a target, of those that have one of its portals.

The lists come from the host that leads the fleet: without one, new lists are missing,
which is said on standard error.

Exit status: 3 if a list could not be read, and 1 if none could.

Examples:
  discover fleet targets
  discover fleet targets --host db7 192.0.2.10`

const manualDiff = `discover fleet diff says what in the fleet is not as it should be:

  portal-gone      all hosts that have the portal fail: look at the portal
  portal-failing   some hosts fail: look at them
  targets-fewer    hosts see a part of what more hosts see at the same portal
  portal-missing   hosts do not have a portal of the fleet's configuration
  host-silent      the host's lease has ended
  host-twice       several hosts have one name, and all but one publish nothing
  initiator-twice  several hosts log in with one initiator name
  answer-lie       a host published a list that is not what it said
  key-unreadable   a key in etcd is foreign, damaged or of a newer version
  answer-unread    a list of targets is not in etcd (yet)

Hosts that merely see other targets, as those of another access group do, are no
difference.

Exit status: 0, also if there are differences; with --exit-code 1 if there is one.

Examples:
  discover fleet diff
  discover fleet diff --exit-code -o json`

const manualWatch = `discover fleet watch prints what changes in the fleet: hosts that appear, fall silent
and come back, portals that fail for the first host, for half of the hosts and for
all, hosts that see fewer targets than before. It ends by an interrupt (Ctrl-C).

While etcd does not answer it waits; what changed meanwhile is printed then.

Examples:
  discover fleet watch
  discover fleet watch -o jsonl`

const manualForget = `discover fleet forget drops hosts that are silent and will not come back, so that
discover fleet diff and hosts show them no longer; the leader does that by itself after
30 days. A host that is not silent is left. One that comes back later appears as new.

Exit status: 3 if some of the hosts are not silent or not known, and 1 if none is.

Examples:
  discover fleet forget db7
  discover fleet forget --dry-run db7 db8`

const manualPortal = `discover fleet portal says which portals hosts are to ask. Each host adds them to its
registry, marked as the fleet's, and removes them with their record. An entry that a
host has of its own stays as it is: the local registry wins.`

const manualPortalAdd = `discover fleet portal add has hosts ask portals: all hosts, or with --hosts those whose
name matches a pattern. A portal that is there already gets the options given now.

Security flags can make IPsec stronger than a host's own settings say, and never
weaker.

Examples:
  discover fleet portal add 192.0.2.10 192.0.2.11
  discover fleet portal add --hosts 'rack1-*' --login gold 192.0.2.10
  discover fleet portal add --dry-run -o json 192.0.2.10`

const manualPortalList = `discover fleet portal list lists the portals that hosts are to ask.`

const manualPortalRemove = `discover fleet portal remove has hosts ask portals no longer. Each host removes the
entry from its registry, if the fleet made it.

Exit status: 3 if some of the portals are not there, and 1 if none is.`

const manualPolicy = `discover fleet policy keeps IPsec policies of the fleet. They make IPsec stronger than
the settings of a host say, and never weaker.`

const manualPolicyAdd = `discover fleet policy add has hosts ask matching portals under IPsec. SELECTOR is as in
discover ipsec policy: an address, a block, or tag=N.

Examples:
  discover fleet policy add --ipsec transport,pfs 192.0.2.0/24
  discover fleet policy add --ipsec transport --hosts 'edge-*' 198.51.100.0/24`

const manualPolicyList = `discover fleet policy list lists the IPsec policies of the fleet.`

const manualPolicyRemove = `discover fleet policy remove removes policies: hosts go back to what their own settings
say.

Exit status: 3 if some of the policies are not there, and 1 if none is.`

const manualLogin = `discover fleet login keeps login templates: the options with which hosts log in at
portals of the fleet. A template never has a secret, but the name under which each
host has it: cred:NAME, a credential of its service manager.`

const manualLoginAdd = `discover fleet login add adds a login template, or changes the one of that name.

Examples:
  discover fleet login add gold --chap-user fleet --chap-secret cred:gold`

const manualLoginList = `discover fleet login list lists the login templates of the fleet.`

const manualLoginRemove = `discover fleet login remove removes login templates. Portals that name one keep on
each host the options that they have.

Exit status: 3 if some of the templates are not there, and 1 if none is.`
