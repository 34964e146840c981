package reference

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// errNone stands for any cause.
var errNone = errors.New("")

const errorsPage = "docs/reference/errors.md"

const errorsHead = `# Errors and warnings

<!-- Written by scripts/docs from the tables of the code and of test/reference. -->

Every stage, code, login status, hint and warning that discover prints, discoverd and the library included. [Troubleshooting](../troubleshooting.md) starts
from the text on the screen and gives the commands that decide; this page is complete.

    $ discover scan 192.0.2.11
    discover: login to 192.0.2.11:3260 from 192.0.2.2: target refused: authentication failure (0x0201); the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)

A failure is one line: the stage and the portal, the source address, the cause (here a login status), and after the semicolon a hint.
In [JSON](output.md#result) it is an object ` + "`error`" + ` with ` + "`stage`, `message`, `login_status` and `retryable`" + `, beside ` + "`code` and `code_name`" + `.

**Exit status**: a failed portal makes it 1 if no portal answered, and 3 if others did; so does every code below.
A command line that was not understood is 2, and has no code. Warnings never change it ([exit status](output.md#exit-status)).

**Retryable** (JSON: ` + "`retryable`" + `) says whether the same request may succeed later without any change: yes for
lost connections, silence, and a target that says that it is overloaded; no for what the target or discover refused.
`

// TestErrorsPage (issue 20): docs/reference/errors.md has every stage, status, code, hint and
// warning of the code, each with words of its own.
func TestErrorsPage(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(errorsHead)
	for _, s := range []struct {
		head  string
		write func(*testing.T) string
	}{
		{"## Stages\n\n", stages},
		{"## Login statuses\n\nWhat a target answers to a login (RFC 7143, section 11.13.5).\n\n", statuses},
		{"## Hints\n\nWhat stands after the semicolon; `…` is what differs. Several can follow each other.\n\n", hints},
		{"## IPsec negotiations\n\nWhy keys were not agreed on, at stage `secure` after `IPsec: the negotiation with ADDRESS failed:`. The code is `ISDSC_FAILED_TO_CONFIGURE_IPSEC`.\n\n", causes},
		{"## Warnings\n\nA warning has a code (in JSON) and a sentence; the table and `-o iscsiadm` print the sentence on standard error. The exit status stays.\n\n", warnings},
		{"## Rejects\n\nReasons of a Reject PDU, at stage `login` or `discover` (RFC 7143, section 11.17.1). A Reject is a fault of the target or of discover: record the session with `--capture FILE`, and send it to the vendor or report it.\n\n", rejects},
		{"## etcd\n\nOf a fleet, and of a registry in etcd: `etcd at ENDPOINT: what \"KEY\": STATE: what the member said; hint`. [When something is wrong](../guide/fleet.md#when-something-is-wrong) begins with the same words.\n\n", etcdStates},
		{"## A fleet\n\n", fleetLines},
		{"## Codes\n\nThe numbers of Microsoft's iSCSI discovery API, in JSON as `code` (decimal) and `code_name`, and of `discover iscsicli`.\n\n", codes},
	} {
		b.WriteString("\n" + s.head + s.write(t))
	}
	holdPage(t, errorsPage, b.String())
}

// statuses is the section about login statuses.
func statuses(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| status | in words | retryable | code | what it means here, and what to do |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range sourceOf(t, "pkg/pdu").constants("Status") {
		s := pdu.Status(c.number(t))
		words, said := statusWords[s]
		if s == pdu.StatusSuccess {
			continue
		}
		if !said {
			t.Errorf("%s (0x%04x) has no words", c.name, uint16(s))
		}
		err := &initiator.Error{Stage: initiator.StageLogin, Err: &pdu.LoginError{Status: s}}
		b.WriteString(row(code(fmt.Sprintf("0x%04x", uint16(s))), strings.TrimSuffix(s.String(), fmt.Sprintf(" (0x%04x)", uint16(s))),
			yes(initiator.Retryable(err)), code(isdsc.Name(initiator.Code(err))), words))
	}
	return b.String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// rejects is the section about Reject PDUs.
func rejects(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| reason | in words | retryable |\n| --- | --- | --- |\n")
	for _, c := range sourceOf(t, "pkg/pdu").constants("RejectReason") {
		r := pdu.RejectReason(c.number(t))
		number := fmt.Sprintf("0x%02x", uint8(r))
		err := &initiator.Error{Stage: initiator.StageDiscover, Err: &pdu.RejectError{Reason: r}}
		b.WriteString(row(code(number), strings.TrimSuffix(r.String(), " ("+number+")"), yes(initiator.Retryable(err))))
	}
	return b.String()
}

// causes is the section about negotiations of IPsec.
func causes(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| text | what to do |\n| --- | --- |\n")
	for i, c := range sourceOf(t, "pkg/ipsec/enforce").constants("Cause") {
		cause := enforce.Cause(i + 1)
		text := cause.String()
		if cause == enforce.OtherIdentity {
			text = (&enforce.IdentityError{Got: "A", Want: "B"}).Error()
		}
		words := causeWords[cause]
		if text == "" || words == "" {
			t.Errorf("%s has text %q and words %q", c.name, text, words)
		}
		b.WriteString(row(code(text), words))
	}
	return b.String()
}

// codes is the section about status numbers.
func codes(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| code | number | retryable | meaning, and what to do |\n| --- | --- | --- | --- |\n")
	seen := 0
	for _, c := range sourceOf(t, "pkg/initiator/isdsc").constants("uint32") {
		n := c.number(t)
		words, said := codeWords[n]
		if !said {
			t.Errorf("%s (%s) has no words", c.name, isdsc.Name(n))
			continue
		}
		seen++
		number := fmt.Sprint(n)
		if n > 0xffff {
			number = fmt.Sprintf("0x%08X, %d", n, n)
		}
		b.WriteString(row(code(isdsc.Name(n)), number, words.retry, words.text))
	}
	compareRetries(t)
	if seen != len(codeWords) {
		t.Errorf("there are words for %d codes, and %d codes", len(codeWords), seen)
	}
	return b.String()
}

// compareRetries compares what codeWords say of a later try with what is reported of the
// login statuses that have the code.
func compareRetries(t *testing.T) {
	t.Helper()
	for s := range statusWords {
		err := &initiator.Error{Stage: initiator.StageLogin, Err: &pdu.LoginError{Status: s}}
		want := never
		if initiator.Retryable(err) {
			want = later
		}
		if got := codeWords[initiator.Code(err)].retry; got != want {
			t.Errorf("%s: the code %s has %q for a later try, want %q", s, isdsc.Name(initiator.Code(err)), got, want)
		}
	}
}
