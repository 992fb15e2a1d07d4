package main

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// keyFolder keeps the signer's keys: one PEM file each, named by the unix second from which it signs. Nobody but the
// signer's user may read it.
type keyFolder string

// open makes the folder if it is missing. Errors: others may look into it.
func (f keyFolder) open() error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	info, err := os.Stat(string(f))
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%s: others may look into the folder of the keys (mode %o, want 700)", string(f), info.Mode().Perm())
	}
	return err
}

func (f keyFolder) path(from time.Time) string {
	return filepath.Join(string(f), strconv.FormatInt(from.Unix(), 10)+".pem")
}

// read gives the keys, oldest first. A file that is no key is an error: it might be one that was damaged.
func (f keyFolder) read() (verify.KeyRing, error) {
	files, err := filepath.Glob(filepath.Join(string(f), "*.pem"))
	if err != nil {
		return nil, err
	}
	var ring verify.KeyRing
	for _, path := range files {
		sec, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".pem"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: not named by a time", path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key, err := readSigningKey(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		ring = append(ring, verify.RingKey{Key: key, From: time.Unix(sec, 0)})
	}
	slices.SortFunc(ring, func(a, b verify.RingKey) int { return cmp.Compare(a.From.Unix(), b.From.Unix()) })
	return ring, nil
}

// turn makes what is due, destroys what is over, and gives the keys. A successor is on the disk before anybody can
// see it.
func (f keyFolder) turn(now time.Time, rnd io.Reader) (verify.KeyRing, error) {
	ring, err := f.read()
	if err != nil {
		return nil, err
	}
	if from, due := ring.Due(now); due {
		k, err := f.make(from, rnd)
		if err != nil {
			return nil, err
		}
		ring = append(ring, k)
	}
	over := ring.Dropped(now)
	for _, k := range over {
		if err := os.Remove(f.path(k.From)); err != nil {
			return nil, err
		}
	}
	return ring[len(over):], nil
}

func (f keyFolder) make(from time.Time, rnd io.Reader) (k verify.RingKey, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rnd)
	if err != nil {
		return k, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return k, err
	}
	fresh := f.path(from) + ".new"
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return k, err
	}
	err = pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return k, err
	}
	return verify.RingKey{Key: key, From: from}, os.Rename(fresh, f.path(from))
}
