package iscsitest_test

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

func TestCutAfter(t *testing.T) {
	t.Parallel()
	whole := Script{anyLogin, Send(&pdu.LoginResponse{CSG: operational, Data: Text("a=b")}), Close()}
	want := received(t, whole)
	for n := range len(want) + 2 {
		err := serve(t, CutAfter(n, whole), func(i *initiator) {
			i.send(i.login())
			got, err := io.ReadAll(i.nc)
			if err != nil || !bytes.Equal(got, want[:min(n, len(want))]) {
				t.Errorf("after %d: got % x, %v", n, got, err)
			}
		})
		if err != nil {
			t.Errorf("after %d: %v", n, err)
		}
	}
	// A Target goes quietly, and so does a script that has more to say.
	for _, h := range []Handler{&Target{}, Script{anyLogin, Send(&pdu.LoginResponse{CSG: operational}), anyLogin}} {
		err := serve(t, CutAfter(20, h), func(i *initiator) {
			i.send(i.login())
			if got, err := io.ReadAll(i.nc); len(got) != 20 || err != nil {
				t.Errorf("got % x, %v", got, err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := serve(t, Slow(time.Second, &Target{}), func(i *initiator) {
			i.send(i.login())
			if receive[*pdu.LoginResponse](i); time.Since(start) < pdu.HeaderLen*time.Second {
				t.Errorf("it took %s", time.Since(start))
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestUntilGone(t *testing.T) {
	t.Parallel()
	n := 0
	err := serve(t, Script{anyLogin, UntilGone(func(c *Conn) error {
		n++
		return Send(&pdu.LoginResponse{CSG: operational})(c)
	})}, func(i *initiator) {
		i.send(i.login())
		for range 3 {
			receive[*pdu.LoginResponse](i)
		}
	})
	if err != nil || n != 4 {
		t.Errorf("%d times, error %v", n, err)
	}
}
