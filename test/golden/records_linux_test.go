package golden

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
)

// TestSameRecords: by the same verbs, with the same answers of portals, today's command
// writes the same records as an earlier one: the same keys, and the same values byte for
// byte. Four things of a value are compared by what they mean: a sealed secret by the
// secret, a salt and what is sealed to try a passphrase by its length, a time by its
// place among the times of the registry, and the text of an error by its being there. What
// is kept of answers is left out.
func TestSameRecords(t *testing.T) {
	for _, withoutNew := range []bool{false, true} {
		now := t.TempDir()
		skipped := false
		t.Run(fmt.Sprintf("without new steps %t", withoutNew), func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			follow(t, today, now, withoutNew)
		})
		for _, m := range all {
			if m.withoutNew == withoutNew {
				t.Run(m.commit, func(t *testing.T) {
					if skipped { // never with DISCOVER_TEST_ALL=1: then what is missing is a failure
						t.Skip("today's command made no registry: the test above says what is missing")
					}
					m.compare(t, now)
				})
			}
		}
	}
}

// compare holds registries that today's command made against golden ones.
func (m made) compare(t *testing.T, now string) {
	golden := m.unpack(t)
	for _, registry := range []string{byKeyFile, byPassphrase} {
		want, got := recordsOf(t, golden, registry), recordsOf(t, now, registry)
		if m.withoutNew {
			leaveOutNew(got)
		}
		leaveOutAnswers(want)
		leaveOutAnswers(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", registry, diff)
		}
	}
}

// newFields are what records have more of than those of ac73c42: the count of definitions
// of flags, how complete a portal's last answers were, addresses that cannot be used, and
// that a portal is not stored.
var newFields = regexp.MustCompile(`,"(revision|left_out|unusable)":\d+|,"(not_judged_since|at)":"[^"]*"|,"unlisted":true|,"fips_word":"[^"]*"`)

// leaveOutNew leaves out what the command of ac73c42 did not write.
func leaveOutNew(values map[string]string) {
	delete(values, "setting/flags-revision")
	for key, value := range values {
		values[key] = newFields.ReplaceAllString(value, "")
	}
}

// answerFields are what records have more of than the golden ones: what is kept of a portal's
// last answer, how often it failed, which addresses a target had before, and what the record
// by which a target is found says of it. When targets were
// seen is in the golden ones in the record of each, and now in that of the entry.
var answerFields = regexp.MustCompile(`,"answer":\{[^}]*\}|,"(last_ok|failing_since|last_seen|changed)":"[^"]*"|,"failures":\d+|,"was":\[[^]]*\]|"says":"[^"]*"`)

// leaveOutAnswers leaves out what only golden registries have, and what none has.
func leaveOutAnswers(values map[string]string) {
	for key, value := range values {
		if strings.HasPrefix(key, "seen/") {
			delete(values, key)
		} else {
			values[key] = answerFields.ReplaceAllString(value, "")
		}
	}
}

// recordsOf returns the values of a registry by their keys, with what differs from run to
// run replaced.
func recordsOf(t *testing.T, dir, registry string) map[string]string {
	t.Helper()
	values := rawRecords(t, filepath.Join(dir, registry))
	sealer := seal.KeyFile(filepath.Join(dir, keyFile))
	if registry == byPassphrase {
		sealer = passphraseSealer(t, values)
	}
	times := make(map[string]bool)
	for key, value := range values {
		values[key] = openSecrets(t, sealer, key, value)
		for _, at := range timePattern.FindAllString(value, -1) {
			times[at] = true
		}
	}
	places := make(map[string]string)
	for i, at := range slices.SortedFunc(maps.Keys(times), compareTimes) {
		places[at] = fmt.Sprintf(`"time %d"`, i)
	}
	for key, value := range values {
		value = timePattern.ReplaceAllStringFunc(value, func(at string) string { return places[at] })
		value = messagePattern.ReplaceAllString(value, `"message":"…"`)
		values[key] = randomPattern.ReplaceAllStringFunc(value, func(s string) string {
			name, bytes, _ := strings.Cut(s, `":"`)
			return fmt.Sprintf(`%s":"%d bytes"`, name, base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(bytes, `="`))))
		})
	}
	return values
}

var (
	timePattern    = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)
	messagePattern = regexp.MustCompile(`"message":"(\\.|[^"\\])*"`)
	randomPattern  = regexp.MustCompile(`"(salt|word|fips_word)":"[^"]*"`)
	sealedPattern  = regexp.MustCompile(`(?:"(\w+)":)?\{"sealed":"([^"]*)"\}`)
)

// compareTimes compares times in quotes. A longer fraction of a second is no other form of
// the same time.
func compareTimes(a, b string) int {
	pad := func(s string) string {
		whole, fraction, _ := strings.Cut(strings.Trim(s, `"Z`), ".")
		return whole + "." + fraction + strings.Repeat("0", 9-len(fraction))
	}
	return strings.Compare(pad(a), pad(b))
}

// rawRecords reads the records of a registry past the library.
func rawRecords(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT key, value FROM record")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	values := make(map[string]string)
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			t.Fatal(err)
		}
		values[string(key)] = string(value)
	}
	if err := rows.Err(); err != nil || len(values) == 0 {
		t.Fatalf("%d records, %v", len(values), err)
	}
	return values
}

// passphraseSealer returns the Sealer of a registry whose key is a passphrase.
func passphraseSealer(t *testing.T, values map[string]string) *seal.Sealer {
	t.Helper()
	var sealing struct{ Salt []byte }
	if err := json.Unmarshal([]byte(values["setting/sealing"]), &sealing); err != nil {
		t.Fatal(err)
	}
	_, passphrase, _ := strings.Cut(secrets[0], "=")
	sealer, err := seal.Passphrase(auth.NewSecret([]byte(passphrase)), sealing.Salt)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// boundTo are the names of the fields that secrets are bound to, by the names that the
// fields have in records. The CHAP secret of targets is a whole record.
var boundTo = map[string]string{
	"": "password", "password": "password", "target_password": "target-password", "ipsec_key": "ipsec-key", "key": "ipsec-key",
}

// openSecrets puts the secrets that are sealed in a value in the place of what is sealed.
func openSecrets(t *testing.T, sealer *seal.Sealer, key, value string) string {
	t.Helper()
	return sealedPattern.ReplaceAllStringFunc(value, func(s string) string {
		parts := sealedPattern.FindStringSubmatch(s)
		sealed, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		secret, err := sealer.Open(sealed, key+"\x00"+boundTo[parts[1]]+"\x00v1")
		if err != nil {
			t.Errorf("%s: %s: %v", key, parts[1], err)
		}
		how := "sealed"
		if seal.Approved(sealed) {
			how = "sealed as FIPS 140-3 approves"
		}
		return strings.Replace(s, parts[2], how+": "+string(secret.Reveal()), 1)
	})
}
