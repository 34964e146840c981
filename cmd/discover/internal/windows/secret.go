package windows

import (
	"context"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/auth"
)

// reference returns where a secret is; literal: the argument is the secret, and
// may be. what is how the argument is called.
func (t *tool) reference(s iscsicli.Secret, what string) (r flags.SecretRef, literal bool, err error) {
	switch err := r.Set(s.Argument()); {
	case err == nil:
		return r, false, flags.CheckRefs(&t.Global.Key, &r)
	case !t.literals:
		return r, false, exit.Usagef("iscsicli: %s: %v; with --allow-literal-secrets, the secret itself is accepted", what, err)
	}
	t.Say("warning: %s is on the command line, where others can read it and a shell may save it; use file:PATH, env:NAME, cred:NAME, fd:N or prompt instead", what)
	return flags.SecretRef{}, true, nil
}

// secret reads a secret; none: there is none. ref is the reference where that is
// to be stored.
func (t *tool) secret(ctx context.Context, s iscsicli.Secret, what, question string) (secret auth.Secret, ref string, err error) {
	if !s.Given || s.Empty() {
		return secret, "", nil
	}
	r, literal, err := t.reference(s, what)
	if err != nil {
		return secret, "", err
	}
	if literal {
		b, err := s.Literal()
		return auth.NewSecret(b), "", err
	}
	if secret, err = r.Resolve(ctx, &t.Env, "iscsicli: "+what, question); err == nil && r.Lasts() {
		ref, err = r.Stored()
	}
	return secret, ref, err
}

// password puts the password into login options, or where it is.
func (t *tool) password(ctx context.Context, l *iscsicli.Login) (err error) {
	o := &l.Options
	o.Password, o.PasswordRef, err = t.secret(ctx, l.Password, "the password", "secret of "+flags.UserOrInitiator(o.Username))
	if o.PasswordRef != "" {
		o.Password = auth.Secret{}
	}
	return err
}
