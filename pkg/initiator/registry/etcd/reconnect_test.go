package etcd

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

// TestReconnect: a member that is away for long is tried again every few seconds, whether it
// refuses or is silent.
func TestReconnect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dial func(context.Context, string) (net.Conn, error)
	}{
		{"refuses", func(context.Context, string) (net.Conn, error) { return nil, errors.New("refused") }},
		{"is silent", func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tries []time.Time
				conn, err := grpc.NewClient("passthrough:///member", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(reconnects),
					grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
						tries = append(tries, time.Now())
						return tt.dial(ctx, address)
					}))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				for state := conn.GetState(); ctx.Err() == nil; state = conn.GetState() {
					if state == connectivity.Idle {
						conn.Connect()
					}
					conn.WaitForStateChange(ctx, state)
				}
				synctest.Wait()
				for i, at := range tries[1:] {
					if gap := at.Sub(tries[i]); gap > 15*time.Second {
						t.Fatalf("got %v between two tries, want 15s at most", gap)
					}
				}
				if len(tries) < 240 {
					t.Errorf("got %d tries in an hour, want one in 15s", len(tries))
				}
			})
		})
	}
}
