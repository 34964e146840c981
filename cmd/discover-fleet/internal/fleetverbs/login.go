package fleetverbs

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A jsonFleetLogin is a login template of the fleet.
type jsonFleetLogin struct {
	Name         jsonitem.Text `json:"name"`
	User         jsonitem.Text `json:"chap_user,omitempty"`
	Secret       jsonitem.Text `json:"chap_secret,omitempty"` // a reference
	TargetUser   jsonitem.Text `json:"target_user,omitempty"`
	TargetSecret jsonitem.Text `json:"target_secret,omitempty"` // a reference
	HeaderDigest jsonitem.Text `json:"header_digest,omitempty"`
	DataDigest   jsonitem.Text `json:"data_digest,omitempty"`
}

// digestWords are what a template may say of digests.
var digestWords = []string{"none", "crc32c", "any"}

// logins are the records of login templates.
func (c *command) logins() *kind {
	return &kind{
		name: "login", list: "logins", item: "fleet-login", what: "NAME",
		head:   []string{"NAME", "CHAP USER", "SECRET", "TARGET USER", "TARGET SECRET", "HEADER DIGEST", "DATA DIGEST"},
		prefix: fleet.Keys.Logins,
		key: func(arg string) (string, error) {
			if err := fleet.CheckLogin(arg); err != nil {
				return "", exit.Usagef("%v", err)
			}
			return c.fleet.Keys().Login(arg), nil
		},
		named: func(k fleet.Key) bool { return k.Kind == fleet.KindLogin },
		show: func(k fleet.Key, b []byte) (shown, error) {
			l, err := fleet.DecodeLogin(k.Name, b)
			if err != nil {
				return shown{}, err
			}
			row := []string{l.Name, l.User, l.Secret, l.TargetUser, l.TargetSecret, l.HeaderDigest, l.DataDigest}
			t := jsonTexts(row)
			return shown{jsonFleetLogin{t[0], t[1], t[2], t[3], t[4], t[5], t[6]}, row}, nil
		},
	}
}

// login returns the verbs about login templates.
func (c *command) login() *cobra.Command {
	return c.nounOf("login", "keep login templates: CHAP names and references to secrets", manualLogin,
		c.loginAdd(), c.listVerb(c.logins(), manualLoginList), c.removeVerb(c.logins(), manualLoginRemove))
}

// loginAdd returns the verb that adds a template.
func (c *command) loginAdd() *cobra.Command {
	var (
		l                    fleet.Login
		secret, targetSecret flags.SecretRef
	)
	cmd := &cobra.Command{
		Use: "add [FLAGS] NAME", Short: "add a login template, or change it", Long: manualLoginAdd,
		Args: flags.Arguments(1, 1, "NAME"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	fs := flags.NewSet()
	fs.Var(flags.NewText(&l.User, "NAME"), "chap-user", "name that hosts authenticate with (CHAP); default: the iSCSI name of each")
	fs.Var(&secret, "chap-secret", "where each host has its secret: cred:NAME alone")
	fs.Var(flags.NewText(&l.TargetUser, "NAME"), "target-user", "name that targets must authenticate with (mutual CHAP); default: any")
	fs.Var(&targetSecret, "target-secret", "where each host has the secret of targets: cred:NAME alone")
	fs.Var(flags.NewChoice(&l.HeaderDigest, "DIGEST", digestWords), "header-digest", "none, crc32c or any")
	fs.Var(flags.NewChoice(&l.DataDigest, "DIGEST", digestWords), "data-digest", "the same for data digests")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if err = fleet.CheckLogin(args[0]); err != nil {
			return exit.Usagef("%v", err)
		}
		l.Name = args[0]
		if l.Secret, err = credential(&secret, "--chap-secret"); err != nil {
			return err
		}
		if l.TargetSecret, err = credential(&targetSecret, "--target-secret"); err != nil {
			return err
		}
		if l.Secret == "" && (l.User != "" || l.TargetUser != "" || l.TargetSecret != "") {
			return exit.Usagef("--chap-secret is missing: without it there would be no authentication")
		}
		return c.records(func(ctx context.Context, r *records, _ []string) error {
			return c.addOne(ctx, r, c.logins(), c.fleet.Keys().Login(l.Name), l.Encode())
		})(cmd, args)
	}
	c.AddFlags(cmd, flags.NewGroup("The template", fs), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// credential returns a reference to a secret as a fleet may have it; empty: none is given.
func credential(r *flags.SecretRef, flag string) (string, error) {
	if !r.Given() {
		return "", nil
	}
	ref, err := r.Stored()
	if err != nil || !strings.HasPrefix(ref, "cred:") {
		return "", exit.Usagef("%s: a fleet takes cred:NAME alone: each host has the secret in its own service manager (LoadCredentialEncrypted), and other references would name files of hosts", flag)
	}
	if !fleet.IsCredential(ref) {
		return "", exit.Usagef("%s: the name of a credential has letters, digits, '.', '_' and '-', and begins with a letter or a digit", flag)
	}
	return ref, nil
}
