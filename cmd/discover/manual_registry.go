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
