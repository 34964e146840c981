package flags

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// IPsec has the flags that say which IPsec a portal is to be asked under, and how to connect.
type IPsec struct {
	Security
	PSK      SecretRef
	id       string
	peerID   string
	offer    string // proposals
	ike      string // the version; empty: none was given
	outer    netip.Addr
	Unknown  string
	Enforcer string

	BindDevice bool
}

// NewIPsec returns the flags as if --security-flags f had been given; 0: as if no
// flag had been.
func NewIPsec(f ipsec.Flags) *IPsec {
	i := new(IPsec)
	i.bitmap.flags, i.bitmap.given = f, f != 0
	return i
}

// The words of --ipsec-ike.
var ikeVersions = []string{ipsec.IKEv1.String(), ipsec.IKEv2.String()}

// The words of --ipsec-unknown.
var unknownWords = []string{jsonitem.UnknownProceed, jsonitem.UnknownRefuse}

// FlagSet defines the flags.
func (i *IPsec) FlagSet() *pflag.FlagSet {
	fs := i.ExplainFlagSet()
	fs.BoolVar(&i.BindDevice, "bind-device", false, "also bind to the network interface of the initiator port (Linux)")
	return fs
}

// ExplainFlagSet are those that have to do with IPsec alone.
func (i *IPsec) ExplainFlagSet() *pflag.FlagSet {
	fs := i.Security.FlagSet()
	fs.Var(&i.PSK, "ipsec-psk", "the preshared key of the portal; default: that of discover ipsec psk (scan reads it only with --instance or --initiator-port)")
	fs.Var(&text{&i.id, "ID"}, "ipsec-id", "our identity in IKE: an address, a domain name or user@domain; default: the source address")
	fs.Var(&text{&i.peerID, "ID"}, "ipsec-peer-id", "the identity that the peer must have in IKE, as for --ipsec-id; default: that of its key, else its address")
	fs.Var(&proposals{text{&i.offer, "LIST"}}, "ipsec-proposals", "the algorithms to offer: default, legacy, or a list in strongSwan's notation, such as aes256-sha1-modp2048,aes256-sha256")
	fs.Var(&choice{&i.ike, "VERSION", ikeVersions}, "ipsec-ike", "the version of IKE: 1 (the default) or 2, which goes with neither main nor aggressive")
	fs.Var(&gateway{&i.outer}, "ipsec-outer", "in tunnel mode, the gateway to the portal; default: that of discover ipsec tunnel (scan reads it only with --instance or --initiator-port)")
	fs.Var(&choice{&i.Unknown, "WORD", unknownWords}, "ipsec-unknown", "what to do if the system's IPsec policies cannot be read: proceed (the default) or refuse")
	fs.Var(&enforcerName{&i.Enforcer}, "ipsec-enforcer", "what sets IPsec up: auto (the default), userspace (discover itself, which needs no privileges), strongswan (charon and the kernel) or xfrm (only what the system has set up already)")
	return fs
}

// Check refuses flags that do not go together.
func (i *IPsec) Check() error {
	f, err := i.SecurityFlags()
	if err != nil {
		return err
	}
	on := f.Has(ipsec.FlagValid | ipsec.FlagIKE)
	switch {
	case i.PSK.Given() && !on:
		return exit.Usagef("--ipsec-psk needs --ipsec LIST: without IPsec the key has no use")
	case i.id != "" && !on:
		return exit.Usagef("--ipsec-id needs --ipsec LIST: without IPsec the identity has no use")
	case i.peerID != "" && !on:
		return exit.Usagef("--ipsec-peer-id needs --ipsec LIST: without IPsec the identity has no use")
	case i.offer != "" && !on:
		return exit.Usagef("--ipsec-proposals needs --ipsec LIST: without IPsec there is nothing to offer")
	case i.ike != "" && !on:
		return exit.Usagef("--ipsec-ike needs --ipsec LIST: without IPsec no keys are negotiated")
	case i.version() == ipsec.IKEv2 && f&(ipsec.FlagMain|ipsec.FlagAggressive) != 0:
		return exit.Usagef("--ipsec-ike 2: main and aggressive are modes of version 1; remove them from --ipsec, or give --ipsec-ike 1")
	case i.outer.IsValid() && !(on && f.Has(ipsec.FlagTunnel)):
		return exit.Usagef("--ipsec-outer needs --ipsec tunnel")
	}
	return i.checkTexts(f)
}

// version returns the version of IKE; 0: none was given.
func (i *IPsec) version() ipsec.IKEVersion {
	return ipsec.IKEVersion(slices.Index(ikeVersions, i.ike) + 1)
}

// checkIdentities refuses identities that are none.
func (i *IPsec) checkIdentities() error {
	for _, id := range []struct{ flag, value string }{{"--ipsec-id", i.id}, {"--ipsec-peer-id", i.peerID}} {
		if id.value == "" {
			continue
		}
		canonical, err := initiator.CanonicalIdentity(id.value)
		if err != nil {
			return exit.Usagef("%s %s: %s", id.flag, wording.Quoted(id.value), wording.ConfigReason(err))
		}
		if canonical == ipsec.GroupID {
			return exit.Usagef("%s %s: this word means all peers, but one peer is needed here", id.flag, id.value)
		}
	}
	return nil
}

// checkTexts refuses identities and proposals that are none.
func (i *IPsec) checkTexts(f ipsec.Flags) error {
	if err := i.checkIdentities(); err != nil {
		return err
	}
	if i.offer == "" {
		return nil
	}
	p, err := ipsec.ParseProposals(i.offer, i.version())
	if err == nil {
		_, err = p.ForIKE(f.Has(ipsec.FlagAggressive))
	}
	if err == nil {
		_, err = p.ForESP(f.Has(ipsec.FlagPFS))
	}
	var pe *ipsec.ProposalsError
	if errors.As(err, &pe) {
		return exit.Usagef("--ipsec-proposals: %s", pe.Reason)
	}
	return err
}

// Options returns what goes along with the flags. It reads the key.
func (i *IPsec) Options(ctx context.Context, w *machine.Env) (o initiator.IPsecOptions, err error) {
	o = initiator.IPsecOptions{LocalID: i.id, PeerID: i.peerID, Proposals: i.offer, IKE: i.version(), Gateway: i.outer, RefuseUnknown: i.Unknown == jsonitem.UnknownRefuse}
	if i.PSK.Given() {
		o.PSK, err = i.PSK.Resolve(ctx, w, "--ipsec-psk", "preshared key of the portal")
	}
	return o, err
}

// KeepReference puts the reference of the key in its place where it is to be read
// at each use.
func (i *IPsec) KeepReference(o *initiator.IPsecOptions) (err error) {
	if i.PSK.Lasts() {
		o.PSK = auth.Secret{}
		o.PSKRef, err = i.PSK.Stored()
	}
	return err
}

// Security has the two flags that give security flags: --ipsec and --security-flags.
type Security struct{ list, bitmap ipsecWords }

// FlagSet defines the flags.
func (s *Security) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	s.list.parse, s.list.of = parseList, ipsec.Words()
	fs.Var(&s.list, "ipsec", "ask under IPsec, such as transport,pfs: one or more of ike, transport, tunnel, main, aggressive, pfs; or off")
	s.bitmap.parse = parseBitmap
	fs.Var(&s.bitmap, "security-flags", "the same as a bitmap of the reference API, such as 0x27")
	return fs
}

// Given reports whether there are flags.
func (s *Security) Given() bool { return s.list.given || s.bitmap.given }

// SecurityFlags returns the flags.
func (s *Security) SecurityFlags() (ipsec.Flags, error) {
	if s.list.given && s.bitmap.given {
		return 0, exit.Usagef("--ipsec and --security-flags both set the IPsec flags: give only one of them")
	}
	return s.list.flags | s.bitmap.flags, nil
}

// ipsecWords is the value of a flag that means security flags.
type ipsecWords struct {
	parse func(string) (ipsec.Flags, error)
	of    []string // the words of a list; nil: it is a number
	flags ipsec.Flags
	given bool
}

func (w *ipsecWords) String() string { return "" }

func (w *ipsecWords) Type() string { return "FLAGS" }

func (w *ipsecWords) Set(s string) (err error) {
	w.flags, err = w.parse(ipsecList(s))
	w.given = true
	return parseReason(err)
}

// ParseFlags understands LIST or 0xNN. Its error says what is wrong, without the text.
func ParseFlags(s string) (ipsec.Flags, error) {
	f, err := ipsec.Parse(ipsecList(s))
	return f, parseReason(err)
}

// ipsecList returns a list as the library takes it, if it is one in upper case or with
// spaces after its commas.
func ipsecList(s string) string {
	items := strings.Split(s, ",")
	for i, text := range items {
		word, ok := Word(strings.TrimSpace(text), ipsec.Words())
		if !ok {
			return s
		}
		items[i] = word
	}
	return strings.Join(items, ",")
}

// parseReason returns what is wrong with flags, without the flags.
func parseReason(err error) error {
	var pe *ipsec.ParseError
	if errors.As(err, &pe) {
		return errors.New(pe.Reason)
	}
	return err
}

// parseList reads words.
func parseList(s string) (ipsec.Flags, error) {
	if strings.HasPrefix(strings.ToLower(s), "0x") {
		return 0, errors.New("expected words, such as transport,pfs; for a bitmap use --security-flags")
	}
	return ipsec.ParseList(s)
}

// parseBitmap reads 0xNN.
func parseBitmap(s string) (ipsec.Flags, error) {
	if !strings.HasPrefix(strings.ToLower(s), "0x") {
		return 0, errors.New("expected 0x and up to 16 hexadecimal digits; for words use --ipsec")
	}
	return ipsec.Parse(s)
}

// AnyGiven reports whether any flag about IPsec was given. --ipsec off counts, too,
// because what exists on the system outranks it.
func (i *IPsec) AnyGiven() bool {
	return i.Given() || i.Unknown == jsonitem.UnknownRefuse || i.Enforcer != ""
}
