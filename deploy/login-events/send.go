//go:build ignore

package main

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// Send posts a login event (JSON); secret is whsec_….
func Send(url, secret string, event []byte) (*http.Response, error) {
	key, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	req, bad := http.NewRequest("POST", url, bytes.NewReader(event))
	if err := cmp.Or(err, bad); err != nil {
		return nil, err
	}
	id, ts, mac := "ev_"+rand.Text(), fmt.Sprint(time.Now().Unix()), hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, ts, event)
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", ts)
	req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return (&http.Client{Timeout: 5 * time.Second}).Do(req)
}
