package windows

// manualText is the manual of the verb: the tool's own verbs are in its table.
func manualText() string {
	return `discover iscsicli has the discovery verbs of Windows' iscsicli, with the same order of
arguments, and uses the same registry as discover portal, target, instance, initiator
and ipsec. Upper and lower case of a verb do not matter. The verbs are:

` + verbTable() + `
discover iscsicli VERB /? prints the arguments of a verb (as does help VERB), and
discover iscsicli /? (or help) the verbs.

An argument that begins with * is not specified; if more follows the *, a warning says
so. An empty argument is refused. - stands for an empty user name or password. Numbers
are decimal or, with 0x before them, hexadecimal. An argument that begins with - must
follow --.

Where Windows' iscsicli takes a secret, discover takes a REF: file:PATH, env:NAME,
cred:NAME, fd:N or prompt. Only with --allow-literal-secrets does it take the secret
itself; one that begins with 0x is in hexadecimal digits. CHAP secrets have 12 to 16
bytes, as on Windows; this also holds for portals that were added with other verbs.

Each answer ends with the status as a sentence and its code.

Exit status: 0 done, 1 failed, 2 not understood (the usage says what would be right;
nothing was sent or stored), 3 some portals did not answer.

Examples:
  discover iscsicli AddTargetPortal 192.0.2.10 3260
  discover iscsicli AddTargetPortal 192.0.2.10 3260 host 0 0 0 1 1 '*' '*' '*' \
      host1 file:/etc/discover/secret 1
  discover iscsicli ListTargets T`
}
