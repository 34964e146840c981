package flags

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Pace has the flags that say how long each step of a portal may take, and how fast
// portals are asked.
type Pace struct {
	Blocks bool // the verb takes blocks and ranges, which have defaults of their own

	Connect, Login, Response time.Duration // 0: not given
	Connecting               int64         // 0: not given
	rate                     int64
	rateGiven                bool
}

// The defaults where the command line names a block or a range, most of which is silent.
const (
	BlockConnectTimeout = 3 * time.Second
	BlockLoginTimeout   = 5 * time.Second
	BlockRate           = 2000 // connections begun in a second
)

// maxRate bounds --rate: one every microsecond.
const maxRate = 1_000_000

// addTo defines the flags.
func (p *Pace) addTo(fs *pflag.FlagSet) {
	connect, login, rate := "--timeout alone", "--timeout alone", "0"
	if p.Blocks {
		connect = "3s with a block or range (in which Linux sends a SYN twice, at once and after 1s), else --timeout alone"
		login = "5s with a block or range, else --timeout alone"
		rate = "2000 with a block or range, else 0"
	}
	fs.Var(&duration{&p.Connect}, "connect-timeout", "time allowed for each TCP connection; default "+connect)
	fs.Var(&duration{&p.Login}, "login-timeout", "time allowed from the connection to the end of the login; default "+login)
	fs.Var(&duration{&p.Response}, "response-timeout", "time allowed for each response after the login; default --timeout alone")
	fs.Var(&number{value: &p.Connecting, name: "N", min: 1, max: initiator.MaxConnecting}, "connecting", "number of connections in progress at once, beside the sessions of --parallel; default 4096, or half of the limit of open files if that is less")
	fs.Var(&number{value: &p.rate, name: "N", max: maxRate, given: &p.rateGiven}, "rate", "number of connections begun per second; 0 is unlimited; default "+rate)
}

// UseBlockDefaults puts the defaults of blocks and ranges where nothing was given.
func (p *Pace) UseBlockDefaults() {
	if p.Connect == 0 {
		p.Connect = BlockConnectTimeout
	}
	if p.Login == 0 {
		p.Login = BlockLoginTimeout
	}
	if !p.rateGiven {
		p.rate = BlockRate
	}
}

// apply sets what d may do.
func (p *Pace) apply(d *initiator.Discoverer) {
	d.ConnectTimeout, d.LoginTimeout, d.ResponseTimeout = p.Connect, p.Login, p.Response
	d.Connecting, d.Rate = int(p.Connecting), int(p.rate)
}
