package windows

// manualText is the manual of the verb: the tool's own verbs are in its table.
func manualText() string {
	return `discover iscsicli has the discovery verbs of Windows' iscsicli, with the same order of
arguments, and uses the same registry as discover portal, target, instance, initiator
and ipsec. The case of verbs does not matter:

` + verbTable() + `
VERB /? and help VERB print the arguments of a verb, /? and help the verbs. An
argument that begins with * is not specified (a warning says so where more stands
behind it), and an empty one is refused; - is an empty user name or password; numbers are decimal or begin with
0x. An argument that begins with - stands behind --.

A secret's place takes a REF as everywhere else: file:PATH, env:NAME, cred:NAME,
fd:N or prompt. The secret itself is taken only with --allow-literal-secrets;
behind 0x it is in hexadecimal digits. CHAP secrets have 12 to 16 bytes, as on
Windows, also those of portals that were added elsewhere.

Each answer ends with the status as a sentence and its code. Exit status: 0 done,
1 failed, 2 not understood (the usage says what would be right; nothing was sent
or stored), 3 some portals did not answer.

Examples:
  discover iscsicli AddTargetPortal 192.0.2.10 3260
  discover iscsicli AddTargetPortal 192.0.2.10 3260 host 0 0 0 1 1 '*' '*' '*' \
      host1 file:/etc/discover/secret 1
  discover iscsicli ListTargets T`
}
