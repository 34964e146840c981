package main

const portalManual = `discover portal keeps portals in the registry, with the way to reach them and
their login options, and asks them for their targets.`

const portalAddManual = `discover portal add stores a portal in the registry and asks it for its targets.
An entry is known by instance, initiator port and portal; to add the same again
replaces its options and asks again. What the rules refuse is not stored; a
portal that does not answer stays stored.

Secrets by file: and cred: are stored as references and read at each use; those
by env:, fd: and prompt are read once, and sealed by the key of the registry.

Examples:
  discover portal add 192.0.2.10
  discover portal add --instance host --initiator-port 1 192.0.2.10
  discover portal add --chap-user host1 --chap-secret file:secret 192.0.2.10`

const portalListManual = `discover portal list shows the portals of the registry, and how it went when
each was asked last.`

const portalRemoveManual = `discover portal remove takes an entry out of the registry: the one of this
instance, initiator port and portal, as discover portal list shows them. The
targets that it found stay in the list, marked as stale, until they are pruned.

Examples:
  discover portal remove 192.0.2.10
  discover portal remove --instance host --initiator-port 1 192.0.2.10`

const portalRefreshManual = `discover portal refresh asks portals again and takes their answers into the list
of targets: all portals of the registry, or those that are named. Each is asked
with the options that it was added with. A portal that is not in the registry is
asked without options, and not added.

Examples:
  discover portal refresh
  discover portal refresh -o json 192.0.2.10 192.0.2.11
  discover portal refresh --source 192.0.2.2 192.0.2.10`
