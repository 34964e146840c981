package manual

// Root is the manual of discover, where no verb is named.
const Root = `discover asks iSCSI target portals which targets are behind them. It needs no
privileges, no daemon and no kernel module, and logs out when it has the answer.

Examples:
  discover scan 192.0.2.10
  discover scan -o json storage1.example storage2.example:3261 [2001:db8::10]:3260
  discover scan --chap-user host1 --chap-secret file:/etc/discover/secret 192.0.2.10
  discover portal add 192.0.2.10
  discover target list --refresh`

// Scan is the manual of discover scan.
const Scan = `discover scan logs in to each portal with a discovery session, asks for its
targets (SendTargets), and logs out. It stores nothing. With --instance or
--initiator-port it reads the registry: its policies, keys, gateways and default of
discover ipsec hold then. Without these flags it does not read it, and none of them
hold.

PORTAL is one of:
  HOST, HOST:PORT                a name, all of whose addresses are tried in order
  192.0.2.10, 192.0.2.10:3261    an IPv4 address
  2001:db8::10, [2001:db8::10]:3261, fe80::10%eth0
                                 an IPv6 address, a link-local one with its zone
  192.0.2.0/24, 2001:db8::/120   a block; network and broadcast address left out
  192.0.2.10-192.0.2.20          a range
  @FILE, -                       the same from a file or from standard input,
                                 one a line; # begins a comment

With --initiator-port each it shows which ports of this host see which targets; a
session that fails counts as a portal that did not answer.

Of blocks and ranges, addresses that cannot be connected to are counted rather
than listed. All together may be 1048576 addresses.

With --probe it tries the addresses that targets advertise, from where the portal
was asked: at most 256 in a run, each once, never one of this host, under the
IPsec plan of each or not at all, and without credentials at other hosts unless
--redirect any is given. --family, --within and --reachable leave addresses out,
--rewrite and --via-portal replace those that NAT hides.

REF says where a secret is: file:PATH, env:NAME, cred:NAME (a credential of a
systemd unit), fd:N (an open file descriptor) or prompt (asked for at the
terminal). One line end at the end of a file is not part of the secret. The
secret itself is refused: others can see a command line.

Exit status: 0 every portal answered, 1 none did, 2 the command line was not
understood and nothing was sent, 3 some portals did not answer. An interrupted
scan prints what it has; a second interrupt ends it at once.

Examples:
  discover scan 192.0.2.10 [2001:db8::10]:3260
  discover scan --timeout 2s --parallel 256 192.0.2.0/24
  discover scan -o iscsiadm --source 192.0.2.2 @portals.txt
  discover scan --initiator-port each 192.0.2.10
  discover scan --probe --family 4 192.0.2.10
  discover scan --rewrite 10.0.0.0/24=192.0.2.0/24 192.0.2.10
  discover scan --chap-user host1 --chap-secret env:CHAP_SECRET \
      --target-secret file:/etc/discover/target 192.0.2.10
  discover scan -o jsonl 192.0.2.0/24 | jq -r 'select(.type=="target").name'`

// Completion is the manual of discover completion.
const Completion = `discover completion prints a script that teaches a shell to complete the
command's verbs and flags.

Examples:
  source <(discover completion bash)
  discover completion zsh > "${fpath[1]}/_discover"
  discover completion fish > ~/.config/fish/completions/discover.fish
  discover completion powershell | Out-String | Invoke-Expression`
