package verbs

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// ikeModes is what is said of version 2 of IKE with a mode of version 1.
const ikeModes = "--ipsec-ike 2: main and aggressive are modes of version 1; remove them from --ipsec, or give --ipsec-ike 1"

// noIdentity is what is said of text that is no identity of IKE.
const noIdentity = "neither group nor an address of a host, a domain name or user@domain (of letters, digits and . - _, in user + as well)"

// A command line that is not understood: one line, exit status 2, nothing sent.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"", "a verb is missing: try discover scan PORTAL, or see discover help"},
		{"-v", "a verb is missing: try discover scan PORTAL, or see discover help"},
		{"scam 192.0.2.10", `unknown verb "scam" (did you mean scan?); see discover help`},
		{"portal", "portal needs a verb: add, list, refresh, remove, set or show; see discover help portal"},
		{"portal -o json", "portal needs a verb: add, list, refresh, remove, set or show; see discover help portal"},
		{"watch -o json", "-o json prints one document, but a watch has no end: use jsonl, of which each line is a document"},
		{"watch -o iscsiadm", "-o iscsiadm prints only targets, but watch prints what changes: use table or jsonl"},
		{"watch --every 1ms", "--every 1ms: expected 1s or more"},
		{"watch --jitter 60%", `--jitter "60%": expected a percentage from 0% to 50%`},
		{"watch --for target-gone", `--for "target-gone": expected one or more of snapshot,target-appeared,target-vanished,target-changed,portal-failed,portal-recovered,portal-added,portal-removed,path-lost,path-found,auth-changed,redirect-changed,source-changed,registry-failed,registry-recovered, separated by commas`},
		{"watch 192.0.2.0/24", `watch takes single portals, but "192.0.2.0/24" is a block or range: find its portals with discover scan --open 192.0.2.0/24`},
		{"watch --source 192.0.2.2", "--source applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --tcp-port 860", "--tcp-port applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --initiator-name iqn.2026-11.com.example:host", "--initiator-name applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --header-digest crc32c", "--header-digest applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --redirect any", "--redirect applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --bind-device", "--bind-device applies to a PORTAL of the command line: entries of the registry are asked as they were added"},
		{"watch --all", "--all applies to blocks and ranges, which watch does not take"},
		{"paths -o iscsiadm", `--output "iscsiadm": expected one of table, json, jsonl, svg`},
		{"portal remove", "portal remove needs PORTAL; see discover help portal remove"},
		{"portal remove -o iscsiadm 192.0.2.10", "-o iscsiadm prints only targets, but portal remove shows none: use table, json or jsonl"},
		{"portal refresh --source 192.0.2.2", "--instance, --initiator-port and --source select one entry of a portal: name the portal as well"},
		{"portal refresh 192.0.2.10 --chap-user u", "unknown flag --chap-user, which belongs to scan, portal add, portal set and watch; see discover help portal refresh"},
		{"portal lsit", `unknown verb "portal lsit" (did you mean list?); see discover help portal`},
		{"portal list @nofile", "@nofile: cannot open it: file does not exist"},
		{"portal list -o iscsiadm", "-o iscsiadm prints only targets, but portal list shows none: use table, json or jsonl"},
		{"portal list --timeout 2s", "unknown flag --timeout, which belongs to scan, iscsicli, isns add and other verbs; see discover help portal list"},
		{"portal add", "portal add needs PORTAL; see discover help portal add"},
		{"portal add 192.0.2.10 192.0.2.11 --symbolic-name a", "--symbolic-name is the label of one portal, but 2 portals are given: add them one by one"},
		{"portal add 192.0.2.10 192.0.2.0/24", `"192.0.2.0/24" is a block or range, but single portals are needed here: find them with discover scan --open 192.0.2.0/24`},
		{"portal remove 192.0.2.0/24", `"192.0.2.0/24" is a block or range, but single portals are needed here: find them with discover portal list 192.0.2.0/24`},
		{"portal add iscsi://u%p@192.0.2.10", "argument 1 is not a portal: URLs and user names are not accepted; write HOST or HOST:PORT, and see --chap-user and --chap-secret"},
		{"portal add 192.0.2.10 --initiator-port each", "--initiator-port each works only with scan: an entry of the registry has one port, so add an entry for each number in discover port list"},
		{"portal add 192.0.2.10 --initiator-port one", `--initiator-port "one": expected a number from 0 to 4294967294, all or each`},
		{"portal add 192.0.2.10 --initiator-port 1 --source 192.0.2.2", "--source and --initiator-port both select the port: give only one of them"},
		{"portal add 192.0.2.10 --ipsec transport,tunnel", `--ipsec "transport,tunnel": transport and tunnel exclude each other: choose one`},
		{"portal add 192.0.2.10 --ipsec 0x27", `--ipsec "0x27": expected words, such as transport,pfs; for a bitmap use --security-flags`},
		{"portal add 192.0.2.10 --security-flags ike", `--security-flags "ike": expected 0x and up to 16 hexadecimal digits; for words use --ipsec`},
		{"portal add 192.0.2.10 --security-flags 0x27 --ipsec off", "--ipsec and --security-flags both set the IPsec flags: give only one of them"},
		{"portal add 192.0.2.10 --target-user t", "--target-user needs --chap-secret as well: in mutual CHAP the initiator authenticates first"},
		{"portal add 192.0.2.10", "there is no home directory for the registry: give --registry FILE"},
		{"portal add 192.0.2.10 --chap-secret geheim", "--chap-secret: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt"},
		{"--timeout 2s scam", `unknown verb "scam" (did you mean scan?); see discover help`},
		{"scan", "scan needs a portal: try discover scan HOST, or see discover help scan"},
		{"scan --timeout 2s", "scan needs a portal: try discover scan HOST, or see discover help scan"},
		{"scan 192.0.2.10 --timeuot 2s", "unknown flag --timeuot (did you mean --timeout?); see discover help scan"},
		{"scan 192.0.2.10 --discover", "unknown flag --discover; see discover help scan"},
		{"scan -m discovery", "unknown flag -m; see discover help scan"},
		{"scan 192.0.2.10 --timeout", "--timeout needs a value; see discover help scan"},
		{"scan 192.0.2.10 --=x", "expected a flag as --NAME, --NAME=VALUE or -N; see discover help scan"},
		{"scan 192.0.2.10 --timeout -2s", `--timeout "-2s": expected a time above zero, such as 500ms, 15 (seconds), 2m, 1h30m or 30d`},
		{"scan 192.0.2.10 --parallel 0", `--parallel "0": expected a number from 1 to 65536`},
		{"scan 192.0.2.10 --tcp-port 65536", `--tcp-port "65536": expected a number from 1 to 65535`},
		{"scan 192.0.2.10 --max-targets x", `--max-targets "x": expected a number from 1 to 2147483647`},
		{"scan 192.0.2.10 --source eth0", `--source "eth0": expected an IP address of this host, such as 192.0.2.2, 2001:db8::2 or fe80::2%eth0`},
		{"scan 192.0.2.10 -o yaml", `--output "yaml": expected one of table, json, jsonl, iscsiadm`},
		{"scan 192.0.2.10 --header-digest md5", `--header-digest "md5": expected one of none, crc32c, prefer-crc32c`},
		{"scan 192.0.2.10 --redirect all", `--redirect "all": expected one of same-host, any, none`},
		{"scan 192.0.2.10 --chap-algorithms md4", `--chap-algorithms "md4": expected one or more of sha3-256,sha256,sha1,md5, separated by commas (did you mean md5?)`},
		{"scan 192.0.2.10 --chap-algorithms md5,md5", `--chap-algorithms "md5,md5": md5 occurs twice`},
		{"scan 192.0.2.10 --chap-fallback=maybe", `--chap-fallback "maybe": expected true or false`},
		{"scan 192.0.2.10 --chap-policy maybe --chap-secret env:X", `--chap-policy "maybe": expected one of required, preferred`},
		{"scan 192.0.2.10 --chap-policy preferred", "--chap-policy needs --chap-secret REF"},
		{"scan 192.0.2.10 --chap-policy required", "--chap-policy needs --chap-secret REF"},
		{"portal add 192.0.2.10 --chap-policy preferred", "--chap-policy needs --chap-secret REF"},
		{"scan 192.0.2.10 --chap-policy preferred --chap-secret env:X --target-secret env:Y", "--chap-policy preferred and --target-secret exclude each other: a target that must authenticate cannot choose to go without CHAP"},
		{"portal add 192.0.2.10 --chap-policy preferred --chap-secret env:X --target-secret env:Y", "--chap-policy preferred and --target-secret exclude each other: a target that must authenticate cannot choose to go without CHAP"},
		{"portal add 192.0.2.10 --chap-policy preferred --chap-secret env:X --target-user t", "--chap-policy preferred and --target-user exclude each other: a target that must authenticate cannot choose to go without CHAP"},
		{"scan 192.0.2.10 --retries 11", `--retries "11": expected a number from 0 to 10`},
		{"portal refresh --retries -1", `--retries "-1": expected a number from 0 to 10`},
		{"portal list --retries 1", "unknown flag --retries, which belongs to scan, iscsicli, paths and other verbs; see discover help portal list"},
		{"iscsicli --retries 1 Ping * 192.0.2.10 1", "--retries has no effect on Ping, which counts each session: give a count instead"},
		{"scan 192.0.2.10 --short-secrets", "--short-secrets needs --chap-secret REF"},
		{"portal add 192.0.2.10 --short-secrets", "--short-secrets needs --chap-secret REF"},
		{"portal refresh 192.0.2.10 --short-secrets", "unknown flag --short-secrets, which belongs to scan, portal add, portal set and watch; see discover help portal refresh"},
		{"scan 192.0.2.10 --redirect-names --redirect none", "--redirect-names and --redirect none exclude each other: none follows no redirection"},
		{"iscsicli --redirect-names ListTargets", "iscsicli: unknown flag; put arguments that start with - after --; see discover help iscsicli"},
		{"scan 192.0.2.10 --initiator-name host/1", `--initiator-name "host/1": it contains a character that is not allowed in iSCSI names`},
		{"scan 192.0.2.10 --initiator-name=-x", `--initiator-name "-x": it starts with neither a letter nor a digit`},
		{"scan 192.0.2.10 --initiator-name file:", `--initiator-name "file:": file: must be followed by the path of a file`},
		{"scan 192.0.2.10 --initiator-name cred:../name", `--initiator-name "cred:../name": cred: must be followed by the name of a credential`},
		{"scan 192.0.2.10 --initiator-name env:NAME", `--initiator-name "env:NAME": expected the name itself, file:PATH or cred:NAME`},
		{"scan 192.0.2.10 --initiator-name file:/none", "--initiator-name file:/none: file does not exist"},
		{"scan 192.0.2.10 --initiator-name cred:name", "--initiator-name cred:name: CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit that has credentials"},
		{"scan 192.0.2.10 --strict-names --initiator-name host1", `--strict-names: iSCSI name "host1": an iSCSI name starts with iqn., eui. or naa.`},
		{"portal add 192.0.2.10 --strict-names --initiator-name host1", `--strict-names: iSCSI name "host1": an iSCSI name starts with iqn., eui. or naa.`},
		{"scan 192.0.2.10 --chap-user u", "--chap-user needs --chap-secret REF"},
		{"scan 192.0.2.10 --target-secret env:X", "--target-secret needs --chap-secret as well: in mutual CHAP the initiator authenticates first"},
		{"scan 192.0.2.10 --target-user u --chap-secret env:X", "--target-user needs --target-secret REF"},
		{"scan 192.0.2.10 --chap-secret fd:3 --target-secret fd:3", "two secrets refer to the same file descriptor, which can be read only once"},
		{"scan - --chap-secret fd:0", "standard input cannot provide both portals (-) and a secret (fd:0)"},
		{"scan 192.0.2.0/30 --source 2001:db8::2", "--source 2001:db8::2 cannot ask 192.0.2.0/30: one is IPv4 and the other IPv6"},
		{"scan 192.0.2.10 --ipsec-psk env:X", "--ipsec-psk needs --ipsec LIST: without IPsec the key has no use"},
		{"scan 192.0.2.10 --ipsec off --ipsec-psk env:X", "--ipsec-psk needs --ipsec LIST: without IPsec the key has no use"},
		{"scan 192.0.2.10 --security-flags 0x26 --ipsec-psk env:X", "--ipsec-psk needs --ipsec LIST: without IPsec the key has no use"},
		{"portal add 192.0.2.10 --ipsec-psk env:X", "--ipsec-psk needs --ipsec LIST: without IPsec the key has no use"},
		{"scan 192.0.2.10 --ipsec ike --ipsec-psk hunter2", "--ipsec-psk: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt"},
		{"scan 192.0.2.10 --ipsec ike --ipsec-psk env:X", "--ipsec-psk: the environment variable is not set"},
		{"scan 192.0.2.10 --ipsec ike --ipsec-psk fd:3 --chap-secret fd:3", "two secrets refer to the same file descriptor, which can be read only once"},
		{"scan - --ipsec ike --ipsec-psk fd:0", "standard input cannot provide both portals (-) and a secret (fd:0)"},
		{"scan 192.0.2.10 --ipsec-id host1.example.com", "--ipsec-id needs --ipsec LIST: without IPsec the identity has no use"},
		// issue 13, 30, 31 and 42
		{"scan 192.0.2.10 --ipsec-peer-id array.example", "--ipsec-peer-id needs --ipsec LIST: without IPsec the identity has no use"},
		{"scan 192.0.2.10 --ipsec-proposals legacy", "--ipsec-proposals needs --ipsec LIST: without IPsec there is nothing to offer"},
		{"scan 192.0.2.10 --ipsec-ike 2", "--ipsec-ike needs --ipsec LIST: without IPsec no keys are negotiated"},
		{"scan 192.0.2.10 --ipsec off --ipsec-ike 2", "--ipsec-ike needs --ipsec LIST: without IPsec no keys are negotiated"},
		{"portal add 192.0.2.10 --ipsec transport,main --ipsec-ike 2", ikeModes},
		{"ipsec explain 192.0.2.10 --security-flags 0x2b --ipsec-ike 2", ikeModes},
		{"portal add 192.0.2.10 --ipsec ike --ipsec-peer-id *@example.com", `--ipsec-peer-id "*@example.com": ` + noIdentity},
		{"scan 192.0.2.10 --ipsec ike --ipsec-id %any", `--ipsec-id "%any": ` + noIdentity},
		{"scan 192.0.2.10 --ipsec ike --ipsec-peer-id group", "--ipsec-peer-id group: this word means all peers, but one peer is needed here"},
		{"ipsec psk set C=CH,CN=a@b.com env:X", "ID: " + noIdentity},
		{"scan 192.0.2.10 --ipsec ike --ipsec-proposals chacha20poly1305", `--ipsec-proposals: "chacha20poly1305": IKEv1 does not have chacha20poly1305`},
		{"scan 192.0.2.10 --ipsec ike --ipsec-ike 2 --ipsec-proposals aes256gcm16-ecp256", `--ipsec-proposals: "aes256gcm16-ecp256": for IKE a cipher with GCM needs a pseudo-random function, such as prfsha256`},
		{"scan 192.0.2.10 --ipsec ike --ipsec-proposals null-sha1", `--ipsec-proposals: "null-sha1": "null" is not a supported cipher, hash or group; an example is aes256-sha256-modp2048 (for IKE) or aes256-sha256 (for ESP)`},
		{"ipsec explain 192.0.2.10 --ipsec ike --ipsec-proposals esp=aes128-sha1-modp1024", "--ipsec-proposals: it has a group, but the plan has no perfect forward secrecy: add pfs to the IPsec flags, or remove the group"},
		{"scan 192.0.2.10 --ipsec transport --ipsec-outer 192.0.2.1", "--ipsec-outer needs --ipsec tunnel"},
		{"scan 192.0.2.10 --ipsec tunnel --ipsec-outer gateway", `--ipsec-outer "gateway": expected an IP address, such as 192.0.2.1 or 2001:db8::1`},
		{"scan 192.0.2.10 --ipsec-enforcer racoon", `--ipsec-enforcer "racoon": expected one of auto, userspace, strongswan, xfrm`},
		{"scan 192.0.2.10 --ipsec-unknown maybe", `--ipsec-unknown "maybe": expected one of proceed, refuse`},
		{"portal refresh 192.0.2.10 --ipsec ike", "unknown flag --ipsec, which belongs to scan, ipsec explain, ipsec psk set and other verbs; see discover help portal refresh"},
		{"ipsec", "ipsec needs a verb: cleanup, default, explain, policy, psk or tunnel; see discover help ipsec"},
		{"ipsec policy", "ipsec policy needs a verb: add, list or remove; see discover help ipsec policy"},
		{"ipsec polcy list", `unknown verb "ipsec polcy" (did you mean policy?); see discover help ipsec`},
		{"ipsec policy lst", `unknown verb "ipsec policy lst" (did you mean list?); see discover help ipsec policy`},
		{"ipsec explain", "ipsec explain needs PORTAL; see discover help ipsec explain"},
		{"ipsec explain 192.0.2.10 --ipsec-psk env:X", "--ipsec-psk needs --ipsec LIST: without IPsec the key has no use"},
		{"ipsec explain 192.0.2.10 --ipsec-unknown refuse", "--ipsec-unknown needs --ipsec LIST here: without it, the stored option of the portal applies"},
		{"ipsec explain 192.0.2.10 --bind-device", "unknown flag --bind-device, which belongs to scan, portal add, portal set and watch; see discover help ipsec explain"},
		{"ipsec explain -o iscsiadm 192.0.2.10", "-o iscsiadm prints only targets, but ipsec explain shows none: use table, json or jsonl"},
		{"ipsec default tunnel,main,transport", `LIST "tunnel,main,transport": transport and tunnel exclude each other: choose one`},
		{"ipsec default 0xzz", `LIST "0xzz": expected 0x and up to 16 hexadecimal digits`},
		{"ipsec default off ike", "ipsec default takes one LIST, but got 2 arguments; see discover help ipsec default"},
		{"ipsec default --dry-run -o iscsiadm off", "-o iscsiadm prints only targets, but ipsec default shows none: use table, json or jsonl"},
		{"ipsec policy add", "ipsec policy add needs SELECTOR and LIST; see discover help ipsec policy add"},
		{"ipsec policy add 192.0.2.0/24", "ipsec policy add also needs LIST; see discover help ipsec policy add"},
		{"ipsec policy add 192.0.2.0/24 ike main", "ipsec policy add takes SELECTOR and LIST, but got 3 arguments; see discover help ipsec policy add"},
		{"ipsec policy add 192.0.2.0/24 des", `LIST "des": "des" is not one of ike, transport, tunnel, main, aggressive, pfs, off`},
		{"ipsec psk set group", "ipsec psk set also needs REF; see discover help ipsec psk set"},
		{"ipsec psk set hunter2 192.0.2.10", "REF: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt"},
		{"ipsec psk set group env:X --ipsec ike", "--ipsec needs the identity of one peer; for all portals without flags use discover ipsec default"},
		{"ipsec psk set 192.0.2.10 fd:3 --key fd:3", "two secrets refer to the same file descriptor, which can be read only once"},
		{"ipsec psk remove", "ipsec psk remove needs ID; see discover help ipsec psk remove"},
		{"ipsec tunnel set 192.0.2.10", "ipsec tunnel set also needs OUTER; see discover help ipsec tunnel set"},
		{"ipsec tunnel set 192.0.2.10 gateway", `OUTER "gateway": expected an IP address, such as 192.0.2.1 or 2001:db8::1`},
		{"ipsec tunnel set array 203.0.113.1", `DESTINATION "array": expected an IP address, such as 192.0.2.1 or 2001:db8::1`},
		{"ipsec tunnel remove array", `DESTINATION "array": expected an IP address, such as 192.0.2.1 or 2001:db8::1`},
		{"scan 192.0.2.10 --capture", "--capture needs a value; see discover help scan"},
		{"scan 192.0.2.10 --capture -", `--capture "-": expected the name of a file`},
		{"scan 192.0.2.10 --capture=", `--capture "": expected the name of a file`},
		{"scan 192.0.2.10 --capture there", `--capture "there": file exists, and --capture never overwrites`},
		{"scan 192.0.2.10 --capture-secrets", "--capture-secrets needs --capture FILE"},
		{"portal add 192.0.2.10 --capture-secrets", "--capture-secrets needs --capture FILE"},
		{"portal refresh --capture-secrets", "--capture-secrets needs --capture FILE"},
		{"portal refresh --capture there", `--capture "there": file exists, and --capture never overwrites`},
		{"target list --refresh --capture there", `--capture "there": file exists, and --capture never overwrites`},
		{"target list --capture f", "--capture needs --refresh: without it, nothing is sent"},
		{"help scam", `there is no manual for "scam" (did you mean scan?); see discover help`},
		{"completion", "completion needs a shell: one of bash, zsh, fish, powershell"},
		{"completion tcsh", "completion needs a shell: one of bash, zsh, fish, powershell"},
		{"version 1", "version takes no arguments; see discover help version"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.files["there"] = ""
			l.discover(t.Context(), strings.Fields(tt.args)...).want(t, exit.Usage, "", "discover: "+tt.want+"\n")
			if got := l.Dials(); len(got) > 0 {
				t.Errorf("got dials %v, want none", got)
			}
		})
	}
}

// A flag may stand anywhere.
func TestFlagsAnywhere(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"scan -o iscsiadm --timeout 2s --all 192.0.2.10",
		"scan 192.0.2.10 -o iscsiadm --timeout=2s --all",
		"-o iscsiadm scan 192.0.2.10",
		"-o iscsiadm --timeout 2s --all scan 192.0.2.10",
		"--all -v=false -oiscsiadm --timeout=2s scan 192.0.2.10",
		"--output iscsiadm --trace=false --registry scan scan 192.0.2.10",
		"scan -o iscsiadm -- 192.0.2.10",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Portal("192.0.2.10:3260", twoTargets())
			r := l.discover(t.Context(), strings.Fields(args)...)
			if r.status != exit.OK || strings.Count(r.stdout, "\n") != 3 || r.stderr != "" {
				t.Errorf("got %+v, want three lines", r)
			}
		})
	}
}

// The manual of each verb has its own default of --retries.
func TestRetriesInManual(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]string{
		"scan": "default 0", "portal add": "default 0", "portal refresh": "default 1", "target list": "default 1",
		"iscsicli": "default 1 for RefreshTargetPortal and ListTargets T, else 0",
	} {
		r := newLab(t).discover(t.Context(), append([]string{"help"}, strings.Fields(verb)...)...)
		_, about, _ := strings.Cut(r.stdout, "--retries N")
		about, _, _ = strings.Cut(about, "\n  --")
		if about = strings.Join(strings.Fields(about), " "); !strings.HasSuffix(about, want) {
			t.Errorf("%s: got %q, want it to end with %q", verb, about, want)
		}
	}
}

// TestVersion (issue 13, 26): for programs it is JSON.
func TestVersion(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"version", "--version"} {
		if r := newLab(t).discover(t.Context(), args); r.status != exit.OK || !strings.HasPrefix(r.stdout, "discover ") || strings.Count(r.stdout, "\n") != 1 {
			t.Errorf("%s: got %+v", args, r)
		}
		for format, want := range map[string]string{"json": `{"version":1,"build":{"version":"`, "jsonl": `{"type":"build","version":"`} {
			r := newLab(t).discover(t.Context(), args, "-o", format)
			if r.status != exit.OK || !strings.HasPrefix(r.stdout, want) || !json.Valid([]byte(r.stdout)) {
				t.Errorf("%s -o %s: got %+v", args, format, r)
			}
		}
	}
}
