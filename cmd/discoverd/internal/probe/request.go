package probe

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A request is what a scrape asks for.
type request struct {
	portal  initiator.Portal
	module  string
	debug   bool
	timeout time.Duration
}

// The time of a probe: of what a scrape allows, margin is left for the answer's way back.
const (
	scrapeTimeout = "X-Prometheus-Scrape-Timeout-Seconds"
	margin        = 500 * time.Millisecond
	minTimeout    = 100 * time.Millisecond
)

// parse understands a request. Its error says in one line what is wrong, and repeats
// nothing that may be a secret.
func parse(r *http.Request, most time.Duration) (*request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("the query cannot be read")
	}
	for name, values := range query {
		switch {
		case !slices.Contains([]string{"target", "module", "debug"}, name):
			return nil, errors.New("a parameter is unknown: expected target, module and debug")
		case len(values) != 1 || values[0] == "":
			return nil, fmt.Errorf("%s is to be given once, and not empty", name)
		}
	}
	q := &request{module: query.Get("module")}
	if q.portal, err = portalOf(query.Get("target")); err != nil {
		return nil, err
	}
	if text := query.Get("debug"); text != "" {
		if q.debug, err = strconv.ParseBool(text); err != nil {
			return nil, errors.New("debug: expected true or false")
		}
	}
	q.timeout, err = timeoutOf(r.Header.Get(scrapeTimeout), most)
	return q, err
}

// portalOf understands the target.
func portalOf(target string) (initiator.Portal, error) {
	switch {
	case target == "":
		return initiator.Portal{}, errors.New("target is missing: expected /probe?target=HOST or HOST:PORT")
	case sweep.MayHoldSecret(target):
		return initiator.Portal{}, errors.New("target is not a portal: URLs and user names are not accepted; write HOST or HOST:PORT")
	}
	p, err := initiator.ParsePortal(target, pdu.DefaultPort)
	if err == nil {
		err = (&initiator.SendTargetPortal{Portal: p}).Validate()
	}
	if err != nil {
		return p, fmt.Errorf("target %s: %s", wording.Quoted(target), wording.ConfigReason(err))
	}
	return p, nil
}

// timeoutOf returns the time of a probe: what the scrape has, less the margin, and never
// more than most.
func timeoutOf(header string, most time.Duration) (time.Duration, error) {
	if header == "" {
		return most, nil
	}
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return 0, errors.New(scrapeTimeout + ": expected seconds above zero")
	}
	if seconds >= (most + margin).Seconds() {
		return most, nil
	}
	return max(minTimeout, time.Duration(seconds*float64(time.Second))-margin), nil
}
