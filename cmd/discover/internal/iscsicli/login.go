package iscsicli

import "github.com/go-iscsi/discovery/pkg/initiator/login"

// A Login is the nine arguments that the tool has for login options.
type Login struct {
	Options  login.Options // without the password
	Password Secret
}

var loginParams = []param{
	{"LoginFlags", "sum of 1 (require IPsec), 2 (multipath), 8 (portal hopping); * none"},
	{"HeaderDigest", "0 none, 1 CRC32C; * not specified"},
	{"DataDigest", "0 none, 1 CRC32C; * not specified"},
	{"MaxConnections", "1 to 65535; * not specified"},
	{"DefaultTime2Wait", "0 to 3600 seconds; * not specified"},
	{"DefaultTime2Retain", "0 to 3600 seconds; * not specified"},
	{"Username", "CHAP name; - empty; * our iSCSI name"},
	{"Password", secretValues + "; - empty; * none"},
	{"AuthenticationType", "0 none, 1 CHAP, 2 mutual CHAP; * not specified"},
}

// secretValues are the values of a secret.
const secretValues = "where the secret is: file:PATH, env:NAME, cred:NAME, fd:N or prompt; with --allow-literal-secrets the secret itself, with 0x before hexadecimal digits"

// login returns the next nine arguments.
func (r *reader) login() (l Login) {
	o := &l.Options
	number := func(least, most uint64, bit login.Specified) uint32 {
		n, given := r.number(least, most)
		if given {
			o.Specified |= bit
		}
		return uint32(n)
	}
	o.Flags = login.Flags(number(0, 1<<32-1, 0))
	o.HeaderDigest = login.DigestType(number(0, 1, login.SpecifiedHeaderDigest))
	o.DataDigest = login.DigestType(number(0, 1, login.SpecifiedDataDigest))
	o.MaximumConnections = number(1, 65535, login.SpecifiedMaximumConnections)
	o.DefaultTime2Wait = number(0, 3600, login.SpecifiedDefaultTime2Wait)
	o.DefaultTime2Retain = number(0, 3600, login.SpecifiedDefaultTime2Retain)
	l.credentials(r)
	o.AuthType = login.AuthType(number(0, 2, login.SpecifiedAuthType))
	return l
}

// credentials takes the next two arguments: user name and password.
func (l *Login) credentials(r *reader) {
	if user := r.next(); !unspecified(user) {
		l.Options.Specified |= login.SpecifiedUsername
		if user != "-" {
			l.Options.Username = user
		}
	}
	if l.Password = r.secret(); l.Password.Given {
		l.Options.Specified |= login.SpecifiedPassword
	}
}
