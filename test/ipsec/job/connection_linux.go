package job

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// connect prepares a protected connection, has it used, and reads its proof.
func (j *Job) connect(ctx context.Context, r *Report, use func(*Job, context.Context, enforce.Dialer) error) error {
	plan, err := ipsec.Settings{Flags: j.Flags}.Resolve()
	if err != nil {
		return err
	}
	d, err := j.enforcer().Dialer(ctx, enforce.Request{
		Plan: plan, Source: j.Source, Portal: j.Portal, Gateway: j.Outer,
		PSK: j.psk(), IKE: j.IKE, Proposals: j.Proposals,
	})
	if err != nil {
		return err
	}
	err = use(j, ctx, d)
	if proof, perr := d.Proof(ctx); perr != nil {
		r.Unproven = perr.Error()
	} else {
		r.Proof = &proof
	}
	_ = d.Close() // what is left shows
	return err
}

// dial connects, and says so.
func dial(ctx context.Context, d enforce.Dialer) (net.Conn, error) {
	nc, err := d.DialContext(ctx)
	if err == nil {
		fmt.Println("connected")
	}
	return nc, err
}

// listenTo waits for what ends a connection of which this end says nothing, and
// then tries to say something.
func (j *Job) listenTo(ctx context.Context, d enforce.Dialer) error {
	nc, err := dial(ctx, d)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.SetReadDeadline(time.Now().Add(j.Timeout)); err != nil {
		return err
	}
	if _, err = bufio.NewReader(nc).ReadByte(); err == nil {
		return errors.New("the target said something")
	}
	_, werr := nc.Write([]byte("not one byte of this may leave"))
	return errors.Join(err, werr)
}

// talk says something again and again, and wants it back each time.
func (j *Job) talk(ctx context.Context, d enforce.Dialer) error {
	nc, err := dial(ctx, d)
	if err != nil {
		return err
	}
	defer nc.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	until := time.Now().Add(j.Patience)
	for word := []byte("what only the peer may read"); time.Now().Before(until); <-tick.C {
		if err := nc.SetDeadline(time.Now().Add(j.Timeout)); err != nil {
			return err
		}
		if _, err := nc.Write(word); err != nil {
			return err
		}
		back := make([]byte, len(word))
		if _, err := io.ReadFull(nc, back); err != nil {
			return err
		}
		if !bytes.Equal(back, word) {
			return fmt.Errorf("sent %q, and %q came back", word, back)
		}
	}
	return nil
}

// hangUp closes the connection, and leaves the associations for a while, in which
// the other end may go on.
func (j *Job) hangUp(ctx context.Context, d enforce.Dialer) error {
	nc, err := dial(ctx, d)
	if err != nil {
		return err
	}
	if err := nc.Close(); err != nil {
		return err
	}
	time.Sleep(j.Timeout)
	return nil
}

// giveUp says "prepared", has little patience when it is told to dial, and leaves
// the associations until it is told to go on.
func (j *Job) giveUp(ctx context.Context, d enforce.Dialer) error {
	fmt.Println("prepared")
	if err := told(ctx, TellDial); err != nil {
		return err
	}
	impatient, cancel := context.WithTimeout(ctx, j.Patience)
	defer cancel()
	nc, err := dial(impatient, d)
	if err == nil {
		nc.Close()
	}
	return errors.Join(err, told(ctx, TellGoOn))
}

// What a child in a guest is told: files.
const (
	TellDial = "/run/dial"
	TellGoOn = "/run/go-on"
)

// told waits until it is told.
func told(ctx context.Context, file string) error {
	for {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// listen takes connections at the portal, and treats each of them.
func (j *Job) listen(treat func(net.Conn)) error {
	l, err := net.Listen("tcp", j.Portal.String())
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		// When we are stopped nothing of it shall stay, to be sent again and
		// again until another test sees it.
		if err := nc.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
		go treat(nc)
	}
}

// serve lists targets at the portal.
func (j *Job) serve() error {
	target := &iscsitest.Target{}
	for i := range j.Records {
		name := fmt.Sprintf("iqn.2026-11.com.example:disk%d", i+1)
		target.Records = append(target.Records, iscsitest.Record{Name: name, Addresses: []string{j.Portal.String() + ",1"}})
	}
	return j.listen(func(nc net.Conn) {
		defer nc.Close()
		_ = target.Serve(nc) // what is wrong shows at the other end
	})
}

// EchoOn sends back what it reads.
func EchoOn(nc net.Conn) {
	defer nc.Close()
	_, _ = io.Copy(nc, nc)
}
