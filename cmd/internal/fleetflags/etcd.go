package fleetflags

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// An Etcd has the flags by which etcd is reached.
type Etcd struct {
	endpoints         []string
	caCert, cert, key string
	user              string
	password          flags.SecretRef
	config            etcd.Config // as Understand found it
	refuseQuestions   bool
}

// FlagSet defines the flags. asks says that the program may ask for a password at the
// terminal.
func (f *Etcd) FlagSet(asks bool) *pflag.FlagSet {
	f.refuseQuestions = !asks
	fs := flags.NewSet()
	fs.Var(flags.NewTexts(&f.endpoints, "URL"), "etcd", "a member of etcd, such as https://etcd1.example:2379; may be repeated; default: "+EtcdVariable+" in the environment, with commas between several")
	fs.Var(flags.NewText(&f.caCert, "FILE"), "etcd-cacert", "certificates (PEM) of those who sign the members' certificates; default: "+caCertVariable+" in the environment, else the system's")
	fs.Var(flags.NewText(&f.cert, "FILE"), "etcd-cert", "our certificate (PEM), which is read again at each connection; default: "+certVariable+" in the environment")
	fs.Var(flags.NewText(&f.key, "FILE"), "etcd-key", "the key of our certificate (PEM); default: "+keyVariable+" in the environment")
	fs.Var(flags.NewText(&f.user, "NAME"), "etcd-user", "user of etcd; default: "+userVariable+" in the environment. A user whom our certificate names needs none")
	fs.Var(&f.password, "etcd-password", "password of the user; default: "+passwordVariable+" in the environment, which holds a reference as well")
	return fs
}

// Given returns one of the flags that was given; empty: none was. Variables of the
// environment do not count.
func (f *Etcd) Given() string {
	for _, g := range []struct {
		name  string
		given bool
	}{
		{"--etcd", len(f.endpoints) > 0}, {"--etcd-cacert", f.caCert != ""}, {"--etcd-cert", f.cert != ""},
		{"--etcd-key", f.key != ""}, {"--etcd-user", f.user != ""}, {"--etcd-password", f.password.Given()},
	} {
		if g.given {
			return g.name
		}
	}
	return ""
}

// Understand takes from the environment what was not given, and reads the password. Its
// error is an *exit.UsageError.
func (f *Etcd) Understand(ctx context.Context, w *machine.Env) (err error) {
	if err := f.fromEnvironment(w); err != nil {
		return err
	}
	switch {
	case len(f.endpoints) == 0:
		return exit.Usagef("--etcd is missing: give the URL of a member of etcd, or set %s", EtcdVariable)
	case f.refuseQuestions && f.password.Scheme == "prompt":
		return exit.Usagef("--etcd-password: nobody can be asked here; say where the password is: file:PATH, env:NAME, cred:NAME or fd:N")
	case f.password.Given() && f.user == "":
		return exit.Usagef("--etcd-password needs --etcd-user as well")
	case f.user != "" && !f.password.Given():
		return exit.Usagef("--etcd-user needs --etcd-password as well: file:PATH, env:NAME or cred:NAME; a user whom --etcd-cert names needs neither")
	case (f.cert == "") != (f.key == ""):
		return exit.Usagef("--etcd-cert and --etcd-key go together")
	}
	f.config = etcd.Config{Endpoints: f.endpoints, CACert: f.caCert, Cert: f.cert, Key: f.key, User: f.user}
	if f.password.Given() {
		f.config.Password, err = f.password.Resolve(ctx, w, "--etcd-password", "password of "+terminal.Visible(f.user)+" at etcd: ")
	}
	return err
}

// fromEnvironment takes what no flag says. A certificate and its key, and a user and the
// password, are taken together or not at all.
func (f *Etcd) fromEnvironment(w *machine.Env) error {
	of := func(name string) string { value, _ := w.LookupEnv(name); return value }
	if len(f.endpoints) == 0 {
		for one := range strings.SplitSeq(of(EtcdVariable), ",") {
			if one = strings.TrimSpace(one); one != "" {
				f.endpoints = append(f.endpoints, one)
			}
		}
	}
	if f.caCert == "" {
		f.caCert = of(caCertVariable)
	}
	if f.cert == "" && f.key == "" {
		f.cert, f.key = of(certVariable), of(keyVariable)
	}
	if ref := of(passwordVariable); f.user == "" && !f.password.Given() {
		f.user = of(userVariable)
		if ref != "" {
			if err := f.password.Set(ref); err != nil {
				return exit.Usagef("%s: %v", passwordVariable, err)
			}
		}
	}
	return nil
}

// Dial connects to etcd, after Understand, and returns when a member answers. The error is
// an *etcd.Error, or of usage.
func (f *Etcd) Dial(ctx context.Context) (*clientv3.Client, error) {
	client, err := etcd.Dial(ctx, f.config)
	return client, usage(err)
}

// New returns a client that connects when it is used, after Understand.
func (f *Etcd) New() (*clientv3.Client, error) {
	client, err := etcd.New(f.config)
	return client, usage(err)
}

// usage makes the error of flags that etcd's client cannot use one of usage.
func usage(err error) error {
	if e := (*etcd.Error)(nil); errors.As(err, &e) && e.State == etcd.Misconfigured {
		return exit.Usagef("%v", e)
	}
	return err
}

// Credentials returns cred:NAME of the credentials of systemd by which etcd is reached,
// after Understand.
func (f *Etcd) Credentials(w *machine.Env) []string {
	return append(flags.Credentials(w, &f.password), flags.CredentialFiles(w, f.cert, f.key)...)
}
