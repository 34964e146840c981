package reference

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// warningWords are when a warning is printed, and what to do.
var warningWords = map[string]string{
	"invalid-target-name":     "A target was left out: its name is harmful (characters that no iSCSI name has, empty, above 223 bytes) or, with `--strict-names`, not well formed. The result is not `complete`. Rename it at the array",
	"asked-one-by-one":        "An iSNS server does not take the query for all targets, and was asked for one after the other. Nothing to do",
	"domains-not-told":        "An iSNS server did not tell the discovery domains of its targets; the targets are complete",
	"invalid-attribute":       "An iSNS server sent a value that is not of its kind. The answer is not `complete`, so no target of the server becomes missing",
	"invalid-portal":          "The address or the port of a portal at an iSNS server cannot be used: it was left out. Correct it at the server",
	"not-a-target":            "An iSNS server named a node that was not asked for: it was left out",
	"portal-not-asked":        "An iSNS server named portals that `discover scan --isns` does not ask; the sentence says why",
	"security-bitmap":         "An iSNS server has two security bitmaps for one portal: the bits of both count",
	"target-listed-twice":     "An iSNS server named a target twice: its portals are put together",
	"too-many":                "An iSNS server named more portals or discovery domains of a target than the [bounds](limits.md#bounds) allow: some were left out",
	"two-portal-groups":       "An iSNS server has two portal group tags for one target at one portal: the first counts",
	"unusual-target-name":     "A target is listed although its name is not a well-formed iSCSI name (`iqn.2015-1.…`, `disk1`). Arrays with such names exist; nothing to do",
	"unusual-initiator-name":  "This host's own name is not a well-formed iSCSI name, and was sent as it is. In the table it is one line per run",
	"invalid-target-address":  "An advertised address could not be read and was left out. See the text with `--trace`",
	"no-valid-address":        "No address of a target could be read, so it is listed at the address in use",
	"invalid-target-alias":    "An alias was left out: it is not UTF-8, or longer than 255 bytes",
	"wildcard-address":        "The target advertises 0.0.0.0 or [::]; the address in use takes its place. Configure an address at the target",
	"unusable-address":        "Advertised addresses cannot be connected to from here: link-local without a zone, multicast, broadcast, loopback of the target (by address, or as `localhost`)",
	"unknown-key":             "The answer has a key that does not belong there. If it is `TargetName` in another case, the target was left out, and the result is not `complete`",
	"address-failed":          "One address of the host name failed before another answered. Check the DNS records",
	"chap-fallback":           "Only a second login with MD5 alone succeeded: the target handles stronger algorithms wrongly. `--chap-algorithms md5` saves the first login; `--chap-fallback=false` forbids the second",
	"redirect-no-credentials": "The portal sent the login to another host, which was asked without CHAP. `--redirect any` gives it the credentials",
	"moved-permanently":       "The portal has a new address for good (0x0102). Scan that address, and replace the stored portal by it",
	"retried":                 "Earlier tries failed; the message has the first failure (`--retries`)",
	"short-secret":            "A CHAP secret below 12 bytes was used without IPsec (`--short-secrets`): it can be guessed from a recorded login. Set a longer one",
	"short-chap-secret":       "Of `initiator set-chap-secret`: the secret is below 12 bytes, so it is used only under IPsec or for portals with `--short-secrets`",
	"advertised-elsewhere":    "No target advertises the address that was asked, as behind NAT. `--via-portal` or `--rewrite` shows addresses that can be reached from here",
	"filtered":                "Targets are not shown, because none of their addresses passes `--family`, `--within` or `--reachable`",
	"not-tried":               "Of `--probe`: an address was not tried, and why",
	"probe-login":             "Of `--probe`: something listens at an advertised address, and its login failed",
	"probe-no-credentials":    "Of `--probe`: another host was probed without CHAP, since credentials go to the portal's host only",
	"initiator-name-file":     "Of `initiator show`: the file with this host's initiator name cannot be used, so the name is made of the host name. The message says why",
	"replaced":                "`portal add` (`AddTargetPortal`) replaced an entry with the same key: options that were not given are the defaults again. To change some, use `portal set`",
	"group-policy-ignored":    "A stored policy for a portal group (`tag=`) says `off`, which such a policy cannot, so it counts for nothing. Write one for the portal or its block",
	"ipsec-leftover":          "A failed connection under IPsec left something in charon. `discover ipsec cleanup` removes it",
	"ipsec-swept":             "What killed discoveries had left in charon was removed. Not about a portal: on standard error with every output, in no result",
	"ipsec-daemon":            "charon does not answer. Not about a portal: on standard error with every output, in no result. Check the daemon",
	"ipsec-wide-selectors":    "The peer protects more than this connection (wider traffic selectors), so connections to it take turns within the process",
	"ipsec-without-ike":       "Modes or PFS are set without the flag `ike`, so there is no IPsec. Add `ike`, or remove them",
	"ipsec-not-as-asked":      "The portal's flags ask for IPsec, and the connection is made without it, because a policy or an existing rule comes first: `discover ipsec explain`",
	"ipsec-aggressive":        "Aggressive mode shows a hash of the preshared key, which can be guessed offline. Use main mode, or a long random key",
	"ipsec-partial":           "The system's own IPsec rules protect only a part of the connection, and nothing fills the gap: `discover ipsec explain`",
	"ipsec-not-valid":         "Of `ipsec default`: the bitmap has no effect without the flag `valid` (0x01)",
	"more-warnings":           "More than 100 warnings for a portal: the rest is only counted. Or there is no room for more targets of a failed result here: use `portal refresh`",
}

// warnings is the section about warnings.
func warnings(t *testing.T) string {
	all := warningCodes(t)
	var b strings.Builder
	b.WriteString("| code | when, and what to do |\n| --- | --- |\n")
	for _, c := range all {
		if warningWords[c] == "" {
			t.Errorf("the warning %q has no words", c)
		}
		b.WriteString(row(code(c), warningWords[c]))
	}
	for c := range warningWords {
		if !slices.Contains(all, c) {
			t.Errorf("there are words for the warning %q, which is not in the code", c)
		}
	}
	return b.String()
}

// warningCodes are the codes of the warnings of the code: constants, and what is set to the
// field Code of one.
func warningCodes(t *testing.T) []string {
	s := sourceOf(t, "pkg", "cmd")
	all := make(map[string]bool)
	for _, c := range s.named("Warn", "warn") {
		if c.literal != "" {
			all[c.text(t)] = true
		}
	}
	for _, c := range s.fields("Code") {
		all[c] = true
	}
	if len(all) < 30 {
		t.Fatalf("got %d warnings, want those of the code", len(all))
	}
	return slices.Sorted(maps.Keys(all))
}
