package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority of the test, and one certificate of it for a server.
type Authority struct {
	Roots    *x509.CertPool
	RootFile string // PEM
	CertFile string // PEM, of the names that were asked for, and of 127.0.0.1 and localhost
	KeyFile  string // PEM, readable by everyone: a server may run as somebody else
}

// NewAuthority makes an authority and a certificate for names. Its files go with the test.
func NewAuthority(t testing.TB, names ...string) *Authority {
	t.Helper()
	running.mu.Lock()
	dir, err := running.folder(nil)
	running.mu.Unlock()
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	a := &Authority{RootFile: filepath.Join(dir, "root.pem"), CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test server"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		DNSNames: append([]string{"localhost"}, names...), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert, err := x509.CreateCertificate(rand.Reader, leaf, root, &own.PublicKey, key)
	must(t, err)
	text, err := x509.MarshalPKCS8PrivateKey(own)
	must(t, err)
	writePEM(t, a.RootFile, "CERTIFICATE", der)
	writePEM(t, a.CertFile, "CERTIFICATE", cert)
	writePEM(t, a.KeyFile, "PRIVATE KEY", text)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	a.Roots = x509.NewCertPool()
	a.Roots.AddCert(parsed)
	return a
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
