package auth_test

import (
	"bytes"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
)

func TestNone(t *testing.T) {
	t.Parallel()
	var m auth.Method = auth.None{}
	if got := m.Name(); got != "None" {
		t.Errorf("got %q, want None", got)
	}
	x := m.Begin()
	defer x.Close()
	if out, last, err := x.Step(text("X=y"), nil); !bytes.Equal(out, text("X=y")) || !last || err != nil {
		t.Errorf("got %q, %v, %v, want nothing more, and at once", out, last, err)
	}
	if err := x.Finish(nil); err != nil {
		t.Error(err)
	}
	if got := x.Outcome(); got != (auth.Outcome{Method: "None"}) {
		t.Errorf("got %+v", got)
	}
	_, last, err := m.Begin().Step(nil, text("CHAP_A=5"))
	judge(t, err, key("CHAP_A"))
	if last {
		t.Error("got last with an error")
	}
	judge(t, m.Begin().Finish(text("CHAP_N=evil")), key("CHAP_N"))
}

func TestCHAPName(t *testing.T) {
	t.Parallel()
	var m auth.Method = oneWay()
	if got := m.Name(); got != "CHAP" {
		t.Errorf("got %q, want CHAP", got)
	}
}
