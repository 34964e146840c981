package manual

// Root is the manual of discover, where no verb is named.
const Root = `discover asks iSCSI target portals which targets they offer (SendTargets), and logs out
when it has the answer. It needs no privileges, daemon or kernel module, not even for
IPsec.

Results go to standard output, everything else to standard error. discover scan
stores nothing; discover portal and discover target work on a registry, a file that
stores portals and the targets that they reported.

discover VERB -h prints the most important part of a verb's help on one screen, and
discover help VERB all of it.

Exit status:
  0  every portal answered
  1  no portal answered, or the operation failed
  2  the command line was not understood; nothing was sent or stored
  3  some portals did not answer, or something is missing from the answer

Examples:
  discover scan 192.0.2.10
  discover scan -o json storage1.example storage2.example:3261
  discover scan --chap-user host1 --chap-secret file:secret 192.0.2.10
  discover portal add 192.0.2.10
  discover target list --refresh`

// Scan is the manual of discover scan.
const Scan = `discover scan logs in to each portal with a discovery session, asks for its
targets (SendTargets), and logs out. It stores nothing. Only with --instance or
--initiator-port does it read the registry; the policies, keys, gateways and default
flags that discover ipsec stores there then apply. Without these flags they do not.

PORTAL is one of:
  HOST, HOST:PORT                a host name; its addresses are tried in order
  192.0.2.10, 192.0.2.10:3261    an IPv4 address
  2001:db8::10, [2001:db8::10]:3261, fe80::10%eth0
                                 an IPv6 address; a link-local one needs its zone
  192.0.2.0/24, 2001:db8::/120   a block, without its network and broadcast address
  192.0.2.10-192.0.2.20          a range
  192.0.2.10:3260,1              as -o iscsiadm prints it; the tag is ignored
  @FILE, -                       a file, or standard input, with one of the above
                                 or a line of -o iscsiadm on each line; # starts a
                                 comment

With --initiator-port each, scan asks from every port of this host and shows which
ports see which targets; a session that fails counts as a portal that did not
answer.

In blocks and ranges, addresses that cannot be connected to are counted, not listed.
With --open only portals that speak iSCSI are listed, also of those that are given
one by one. A summary says what the others are: silent, refusing, another server.
With --isns SERVER, an iSNS server is asked first, and then the portals that it
names; what differs between the server and the portals comes at the end. The guide
isns says which portals are left out.

One run takes at most 1048576 addresses. What is given more than once is asked once,
and reported at each place.

Where the command line names a block or range, a connection may take 3 s, in which
Linux sends a SYN twice, a login 5 s, and at most 2000 connections are begun per
second; --connect-timeout, --login-timeout and --rate change that. Otherwise there
is only --timeout, and no limit of the rate. Portals next to each other are asked at
different times; results come in the order of the command line, except with -o
jsonl.

With --probe, scan also tries the addresses that targets advertise, from the source
address that the portal was asked from: at most 256 in a run, each once, never an
address of this host. Each is tried under the IPsec plan that applies to it or not
at all. Other hosts get no credentials unless --redirect any is given. --family,
--within and --reachable select the addresses to show; --rewrite and --via-portal
replace addresses that are hidden by NAT.

REF says where a secret is: file:PATH, env:NAME, cred:NAME (a credential of a
systemd unit), fd:N (an open file descriptor) or prompt (typed at the terminal).
A line break at the end of a file is not part of the secret. The secret itself is
not accepted on the command line, where others could read it.

Exit status: 0 if every portal answered, 1 if none did, 2 if the command line was
not understood and nothing was sent, 3 if some portals did not answer. An
interrupted scan prints what it has; a second interrupt ends it at once.

Examples:
  discover scan 192.0.2.10 [2001:db8::10]:3260
  discover scan --open 192.0.2.0/24
  discover scan --rate 500 --connect-timeout 1s 10.0.0.0/16
  discover scan -o iscsiadm --source 192.0.2.2 @portals.txt
  discover scan --initiator-port each 192.0.2.10
  discover scan --probe --family 4 192.0.2.10
  discover scan --rewrite 10.0.0.0/24=192.0.2.0/24 192.0.2.10
  discover scan --chap-user host1 --chap-secret env:CHAP_SECRET \
      --target-secret file:/etc/discover/target 192.0.2.10
  discover scan -o jsonl 192.0.2.0/24 | jq -r 'select(.type=="target").name'`

// Watch is the manual of discover watch.
const Watch = `discover watch asks portals again and again, and reports what changes. Without PORTAL,
it watches the portals of the registry and updates what the registry knows of them;
portals may be added and removed meanwhile. With PORTAL, it asks these portals as
scan does, and stores nothing. PORTAL is a host name or an address, as in scan;
@FILE and - are taken, blocks and ranges are not.

Each portal is asked once in an interval (--every), at a time of its own. A portal
that fails is asked after 2, 4, 8 and then 10 intervals, until it answers. A portal
is never asked twice at once from one port.

On a terminal, watch shows the state of all portals, the worst first, and updates it
in place. Elsewhere, and with -o jsonl, each event is one line:
  snapshot            the state of a portal; once for each, at the beginning
  target-appeared, target-vanished, target-changed
                      the difference between two successful answers of a
                      portal; target-changed is about addresses, portal groups
                      and the alias
  portal-failed       the first failure after a success, or another cause
  portal-recovered    the first success after a failure
  portal-added, portal-removed
                      an entry of the registry was added or removed
  path-lost           a target is no longer seen from one port, but still from
                      another
  path-found          it is seen from that port again
  auth-changed, redirect-changed, source-changed
                      the portal uses another CHAP method, redirects elsewhere, or
                      routing selects another source address
  registry-failed, registry-recovered
                      the registry cannot be read or written, or can be again

A failed answer causes no other event than portal-failed. A target counts as
vanished when two answers in a row do not have it (--hold-vanished), since targets
have moments of empty lists while they are configured.

At SIGHUP, the registry is read again at once. SIGINT and SIGTERM end the watch.

Exit status: 0 when it was ended or, with --once-changed, at the first change; 1 if
the registry cannot be opened or nothing can be written; 2 if the command line was
not understood.

Examples:
  discover watch
  discover watch --every 10s --now 192.0.2.10
  discover watch -o jsonl --for target-vanished,portal-failed | my-program
  discover watch --once-changed --for target-appeared 192.0.2.10`

// Man is the manual of discover man.
const Man = `discover man prints the man page of a verb, or without VERB that of discover. With
guide NAME it prints a guide; discover help guide lists them. The word guide may be
left out before a name that is not that of a verb. Pages have the same text as the
help.

With --dir it writes all pages to files: discover.1, discover-scan.1,
discover-portal-add.1 and so on for the verbs, and discover-systemd.7 and so on for
the guides. If the name of the folder is man1, the guides are written to the folder
man7 beside it, where man looks for them, otherwise to the same folder. Older files
of the same names are replaced, and folders are created if they do not exist.

Examples:
  discover man scan | man -l -
  discover man guide systemd | man -l -
  discover man --dir /usr/local/share/man/man1`

// Completion is the manual of discover completion.
const Completion = `discover completion prints a script with which a shell completes verbs, flags, their
values and arguments: what the registry knows (portals, targets, instances, policies),
addresses and port numbers of this host, words of a list after a comma, files after
file: and @, names of environment variables after env: and of credentials after cred:.
No secret is read. What would be refused, such as a flag that was given already, is
not offered. SHELL is bash, zsh, fish or powershell.

bash 3.2 or newer (the package bash-completion is not needed), in ~/.bashrc:

  eval "$(discover completion bash)"

zsh, in ~/.zshrc, after compinit:

  source <(discover completion zsh)

fish, in ~/.config/fish/config.fish:

  discover completion fish | source

powershell 5.1 or newer, in the file that $PROFILE names:

  discover completion powershell | Out-String | Invoke-Expression

For all users, write the script to a file instead, which bash (if bash-completion is
installed), zsh and fish read:

  /usr/share/bash-completion/completions/discover
  /usr/local/share/zsh/site-functions/_discover
  /usr/share/fish/vendor_completions.d/discover.fish

With Homebrew, these files are:

  $(brew --prefix)/etc/bash_completion.d/discover
  $(brew --prefix)/share/zsh/site-functions/_discover
  $(brew --prefix)/share/fish/vendor_completions.d/discover.fish

Write such a file again after an update of discover. A line in ~/.bashrc or the like
asks the installed version each time.

Examples:
  source <(discover completion bash)
  discover completion zsh > "${fpath[1]}/_discover"
  discover completion fish > ~/.config/fish/completions/discover.fish
  discover completion powershell | Out-String | Invoke-Expression`
