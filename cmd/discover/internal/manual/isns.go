package manual

// ISNS is the manual of discover isns.
const ISNS = `discover isns asks iSNS servers (Internet Storage Name Service, RFC 4171), at which
targets register themselves: which targets there are, and at which portals. The
servers of the registry are stored like portals, and what they name is in discover
target list. No portal is asked: discover scan --isns SERVER does both.

SERVER is HOST or HOST:PORT; the usual TCP port is 3205. A server tells each
initiator name only of targets that share a discovery domain with it.

A server may say of a portal that it needs IPsec (its portal security bitmap). That
can make IPsec stricter than the settings of this host say, and never weaker.

Guide: discover help guide isns.`

// ISNSAdd is the manual of discover isns add.
const ISNSAdd = `discover isns add stores iSNS servers in the registry and asks each at once. A server
that does not answer stays stored. A server that is stored already gets the options
given now, and is asked again. With --source ADDRESS it is stored with the number of
the port with that address.

A server is asked by the name of discover initiator set-name, of the instance or of
the port, else by the default name. With --register, a server that answers only
initiators it knows is told our name for the time of the question: this writes to
the server.

Examples:
  discover isns add 192.0.2.5
  discover isns add --source 192.0.2.2 isns1.example isns2.example:3206
  discover isns add --dry-run -o json 192.0.2.5`

// ISNSList is the manual of discover isns list.
const ISNSList = `discover isns list lists the iSNS servers of the registry, with how each was asked
last.`

// ISNSRefresh is the manual of discover isns refresh.
const ISNSRefresh = `discover isns refresh asks iSNS servers of the registry again, all or those that are
named. An answer takes the place of what the server said before: targets that it does
not name any more are missing since now. An answer that fails or is not complete
makes no target missing.

Examples:
  discover isns refresh
  discover isns refresh -o json 192.0.2.5`

// ISNSRemove is the manual of discover isns remove.
const ISNSRemove = `discover isns remove removes iSNS servers from the registry, and with them what they
said of the IPsec of portals. The targets that they named stay in discover target
list, marked as stale, until discover target prune.`

// ISNSQuery is the manual of discover isns query.
const ISNSQuery = `discover isns query asks iSNS servers which targets they name, with their portals,
portal groups, security bitmaps and discovery domains, and stores nothing. It needs no
registry, and reads it only with --instance or --initiator-port.

The server sees the name of --initiator-name, by default the one of discover scan. A
server that names no targets may know that name in no discovery domain.

With -o iscsiadm there is one line for each portal of each target, as
iscsiadm -m discovery -t isns prints them.

Examples:
  discover isns query 192.0.2.5
  discover isns query --initiator-name iqn.2026-11.com.example:host1 192.0.2.5
  discover isns query -o json --register isns1.example:3206`
