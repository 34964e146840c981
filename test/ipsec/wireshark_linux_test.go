package ipsec_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// logKeys has charon log its keys.
const logKeys = "filelog { log { ike = 4\nchd = 4\n } }"

// TestWireshark: a capture of a whole discovery is decoded by tshark, with the keys that
// the peer has logged. It has nothing to say against any message or packet, and finds
// iSCSI in them.
func TestWireshark(t *testing.T) {
	need.Root(t)
	need.Program(t, "tshark")
	w := newLibipsecWorld(t, false, logKeys)
	for _, tt := range []struct {
		name    string
		ike     ipsec.IKEVersion
		flags   ipsec.Flags
		peerIKE string
		peerESP string
		decode  wireshark
	}{
		{name: "main", ike: ipsec.IKEv1, flags: ipsec.FlagMain, decode: wireshark{esp: cbc, icv: sha256ICV}},
		{name: "main, PFS, SHA-1", ike: ipsec.IKEv1, flags: ipsec.FlagMain | ipsec.FlagPFS, peerIKE: "aes256-sha1-modp2048", peerESP: "aes256-sha1-modp2048", decode: wireshark{esp: cbc, icv: "HMAC-SHA-1-96 [RFC2404]"}},
		{name: "aggressive, GCM", ike: ipsec.IKEv1, flags: ipsec.FlagAggressive, peerESP: "aes256gcm16", decode: wireshark{esp: gcm, icv: "NULL"}},
		{name: "IKEv2", ike: ipsec.IKEv2, decode: wireshark{ike: "AES-CBC-128 [RFC3602]", auth: "HMAC_SHA2_256_128 [RFC4868]", esp: cbc, icv: sha256ICV}},
		{name: "IKEv2, PFS, GCM", ike: ipsec.IKEv2, flags: ipsec.FlagPFS, peerIKE: "aes256gcm16-prfsha256-ecp256", peerESP: "aes256gcm16-ecp256", decode: wireshark{ike: "AES-GCM-256 with 16 octet ICV [RFC5282]", auth: "NONE [RFC4306]", esp: gcm, icv: "NULL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := w.jobWith(t, tt.ike, tt.flags, tt.peerIKE, tt.peerESP)
			before := len(w.charon.log(t))
			tap := w.tap(t)
			r := j.RunChild(t)
			tap.stop(t)
			if r.Error != "" || len(r.Targets) != 1 {
				t.Fatalf("got %q and %v, want a target", r.Error, r.Targets)
			}
			tt.decode.port = j.Portal.Port()
			tt.decode.keys(t, w.charon.log(t)[before:])
			tt.decode.judge(t, tap.capture.File, j)
		})
	}
}

// The names that Wireshark has for algorithms of ESP.
const (
	cbc       = "AES-CBC [RFC3602]"
	gcm       = "AES-GCM with 16 octet ICV [RFC4106]"
	sha256ICV = "HMAC-SHA-256-128 [RFC4868]"
)

// A wireshark decodes a capture.
type wireshark struct {
	port uint16
	ike  string // cipher of IKEv2
	auth string // integrity of IKEv2
	esp  string
	icv  string

	secrets map[string]string // of IKE, by the names that charon has for them
	sas     [][3]string       // of ESP: SPI, and the keys of cipher and integrity
}

// What charon logs of a key: its name and length, and then lines of bytes. When the keys of
// ESP are used, it logs the SPIs.
var (
	keyName = regexp.MustCompile(`\[(?:IKE|CHD)\] (.*) => [0-9]+ bytes @`)
	keyLine = regexp.MustCompile(`\[(?:IKE|CHD)\] +[0-9]+: ((?:[0-9A-F]{2} )+)`)
	usedFor = regexp.MustCompile(`established with SPIs ([0-9a-f]+)_i ([0-9a-f]+)_o`)
)

// keys finds all keys in what charon has logged of one connection.
func (s *wireshark) keys(t *testing.T, log string) {
	t.Helper()
	s.secrets = map[string]string{}
	name := ""
	for line := range strings.Lines(log) {
		if m := keyName.FindStringSubmatch(line); m != nil {
			name = m[1]
			s.secrets[name] = ""
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			s.secrets[name] += strings.ReplaceAll(m[1], " ", "")
		} else if m := usedFor.FindStringSubmatch(line); m != nil {
			s.sas = append(s.sas,
				[3]string{m[1], s.secrets["encryption initiator key"], s.secrets["integrity initiator key"]},
				[3]string{m[2], s.secrets["encryption responder key"], s.secrets["integrity responder key"]})
		}
	}
	if len(s.sas) == 0 {
		t.Fatal("charon has logged no keys of ESP")
	}
}

// options are tshark's settings that have the keys. cookies are those of IKE.
func (s *wireshark) options(cookies []string) []string {
	settings := []string{"esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE"}
	for _, sa := range s.sas {
		key := ""
		if sa[2] != "" {
			key = "0x" + sa[2]
		}
		settings = append(settings, fmt.Sprintf(`uat:esp_sa:"IPv4","*","*","0x%s","%s","0x%s","%s","%s"`, sa[0], s.esp, sa[1], s.icv, key))
	}
	if s.ike == "" {
		settings = append(settings, fmt.Sprintf("uat:ikev1_decryption_table:%s,%s", cookies[0], s.secrets["encryption key Ka"]))
	} else {
		settings = append(settings, fmt.Sprintf(`uat:ikev2_decryption_table:%s,%s,%s,%s,"%s",%s,%s,"%s"`, cookies[0], cookies[1],
			s.secrets["Sk_ei secret"], s.secrets["Sk_er secret"], s.ike, s.secrets["Sk_ai secret"], s.secrets["Sk_ar secret"], s.auth))
	}
	args := []string{"-d", fmt.Sprintf("tcp.port==%d,iscsi", s.port)}
	for _, o := range settings {
		args = append(args, "-o", o)
	}
	return args
}

// read returns fields of the packets of a capture that a filter lets through.
func (s *wireshark) read(t *testing.T, file, filter string, options []string, fields ...string) [][]string {
	t.Helper()
	args := append([]string{"-r", file, "-Y", filter, "-T", "fields", "-E", "separator=|"}, options...)
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command("tshark", args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, complaint.String())
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "|"))
	}
	return rows
}

// judge fails the test where tshark has something to say.
func (s *wireshark) judge(t *testing.T, file string, j job.Job) {
	t.Helper()
	var cookies []string
	for _, row := range s.read(t, file, "isakmp", nil, "isakmp.ispi", "isakmp.rspi") {
		for _, c := range row {
			if strings.Trim(c, "0") != "" && !slices.Contains(cookies, c) {
				cookies = append(cookies, c)
			}
		}
	}
	if len(cookies) != 2 {
		t.Fatalf("cookies: got %q, want two", cookies)
	}
	seen := map[string]int{}
	for _, row := range s.read(t, file, "isakmp || esp", s.options(cookies),
		"frame.number", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message", "isakmp.exchangetype", "isakmp.flag_e", "isakmp.hash", "isakmp.enc.decrypted", "esp.spi", "esp.icv_good", "iscsi.opcode") {
		number, malformed, severity, text, exchange, flag, hash, decrypted, spi, good, pdu := row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10]
		switch encrypted := flag == "1" || j.IKE == ipsec.IKEv2 && exchange != "34"; {
		case malformed != "" || bad(severity) && !strings.Contains(text, "Connection reset"):
			t.Errorf("packet %s: %s", number, text)
		case spi != "" && good != "1":
			t.Errorf("packet %s: ESP with a check value that is not good", number)
		case spi == "" && encrypted && hash == "" && decrypted == "": // each of IKEv1 has a hash
			t.Errorf("packet %s: IKE that is not decrypted", number)
		case pdu != "":
			seen["iSCSI"]++
		case spi != "":
			seen["ESP"]++
		case encrypted:
			seen["encrypted IKE"]++
		}
	}
	if seen["iSCSI"] < 4 || seen["ESP"] == 0 || seen["encrypted IKE"] < 2 {
		t.Errorf("packets: got %v, want encrypted IKE, and ESP with iSCSI in it", seen)
	}
}

// bad reports whether one of Wireshark's severities is a warning or an error.
func bad(severities string) bool {
	for s := range strings.SplitSeq(severities, ",") {
		if n, err := strconv.Atoi(s); err == nil && n >= 0x600000 {
			return true
		}
	}
	return false
}
