package serve

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// certificate writes a certificate for 127.0.0.1 and its key, and returns a pool with it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return pool
}

// TestWebConfig: at each listener, TLS and users are asked for as the file says, before
// anything is answered.
func TestWebConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := certificate(t, dir)
	const password = "a-password-of-a-user"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "web.yml")
	text := fmt.Sprintf("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\nbasic_auth_users:\n  prometheus: %s\n", hash)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckWebConfig(config); err != nil {
		t.Fatal(err)
	}
	listeners, err := Listen([]string{"127.0.0.1:0", "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "answer") })
	s := &Server{Handler: Guard(NewHosts(), answer), WebConfig: config, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listeners) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for _, l := range listeners {
		for user, want := range map[string]int{"": http.StatusUnauthorized, "stranger": http.StatusUnauthorized, "prometheus": http.StatusOK} {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.Addr().String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if user != "" {
				r.SetBasicAuth(user, password)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != want || (string(body) == "answer") != (want == http.StatusOK) {
				t.Errorf("%q: got %d %q, want %d", user, resp.StatusCode, body, want)
			}
		}
		if resp, err := http.Get("http://" + l.Addr().String()); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				t.Error("it answers without TLS")
			}
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestListen: where one address cannot be had, none is listened at.
func TestListen(t *testing.T) {
	t.Parallel()
	first, err := Listen([]string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer first[0].Close()
	if all, err := Listen([]string{"127.0.0.1:0", first[0].Addr().String()}); err == nil || all != nil {
		t.Errorf("got %v, %v", all, err)
	}
	for address, good := range map[string]bool{
		"127.0.0.1:9876": true, "[::1]:0": true, ":9876": true, "localhost:1": true, "0.0.0.0:65535": true,
		"127.0.0.1": false, "example.com:80": false, "127.0.0.1:x": false, "127.0.0.1:65536": false, "": false,
	} {
		if err := CheckListen(address); (err == nil) != good {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

// TestWebConfigSecrets: what is wrong with the file of TLS and users is told without
// anything that stands in it.
func TestWebConfigSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2secretpassword"
	for text, want := range map[string]string{
		"basic_auth_users: " + secret + "\n":                       "line 1",
		"basic_auth_users:\n  - " + secret + ": [\n":               "line 2",
		secret + ": 1\n":                                           "line 1",
		"tls_server_config:\n  key: \"" + secret + "\n   x":        "line 3",
		"tls_server_config:\n  key: " + secret + "\n  what: 1\n":   "line 3",
		"basic_auth_users:\n  prometheus: " + secret + "\n":        "bcrypt",
		"tls_server_config:\n  cert: x\n  key: " + secret + "\n":   "PEM",
		"http_server_config:\n  headers:\n    X: " + secret + "\n": "X",
	} {
		path := filepath.Join(t.TempDir(), "web.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := CheckWebConfig(path)
		if err == nil || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}
