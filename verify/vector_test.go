package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// vectors are what widget, host samples and other languages test against, too.
type vectors struct {
	Change struct {
		Change    verify.Change `json:"change"`
		Canonical string        `json:"canonical"`
		Chg       string        `json:"chg"`
	} `json:"change"`
	Commit struct {
		Host         string `json:"host"`
		Challenge    string `json:"challenge"`
		Conversation string `json:"conversation"`
		Chg          string `json:"chg"`
		JKT          string `json:"jkt"`
		Salt         string `json:"salt"`
		T0           int64  `json:"t0"`
		Commit       string `json:"commit"`
	} `json:"commit"`
	Witness struct {
		Key      string `json:"key_b64url"`
		Sub      string `json:"sub"`
		AuthTime int64  `json:"auth_time"`
		Text     string `json:"text"`
		Witness  string `json:"witness"`
	} `json:"witness"`
	Finish struct {
		Token     string     `json:"token"`
		TokenHash string     `json:"token_hash"`
		Message   string     `json:"message"`
		JWK       verify.JWK `json:"jwk"`
		JKT       string     `json:"jkt"`
		Sig       string     `json:"sig"`
	} `json:"finish"`
	Hello struct {
		Nonce   string `json:"nonce"`
		Token   string `json:"token"`
		Message string `json:"message"`
	} `json:"hello"`
	Hook struct {
		Secret    string `json:"secret"`
		ID        string `json:"id"`
		Timestamp int64  `json:"timestamp"`
		Body      string `json:"body"`
		Signature string `json:"signature"`
	} `json:"hook"`
	Receipt struct {
		Key verify.JWK `json:"key"`
		Kid string     `json:"kid"`
		JWS string     `json:"jws"`
		At  int64      `json:"at"`
		Chg string     `json:"chg"`
	} `json:"receipt"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors/gate.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want || want == "" {
		t.Errorf("%s = %s\nwant %s", what, got, want)
	}
}

func TestVectors(t *testing.T) {
	v := readVectors(t)
	t.Run("change digest of the document", func(t *testing.T) {
		b, err := v.Change.Change.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, "canonical", string(b), v.Change.Canonical)
		chg, _ := v.Change.Change.Digest()
		wantText(t, "chg", chg, v.Change.Chg)
		wantText(t, "chg in the document", chg, "2Wh1qgHJwY64AKGu4ICPoMSi4bTloIlIMCZdlwzulVM")
	})
	c := verify.Commitment{
		Host: v.Commit.Host, Challenge: v.Commit.Challenge, Conversation: v.Commit.Conversation,
		Chg: v.Commit.Chg, JKT: v.Commit.JKT, Salt: v.Commit.Salt, T0: v.Commit.T0,
	}
	t.Run("commitment of the document", func(t *testing.T) {
		got, _ := c.Hash()
		wantText(t, "commit", got, v.Commit.Commit)
		wantText(t, "commit in the document", got, "cHCfIWIDYG_HgeczEgc-1clGaAm-A7pmIYTkMUSCijE")
	})
	t.Run("witness", func(t *testing.T) {
		key, err := base64.RawURLEncoding.DecodeString(v.Witness.Key)
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, "text", verify.WitnessText(v.Commit.Commit, v.Change.Chg, v.Witness.Sub, v.Witness.AuthTime), v.Witness.Text)
		wantText(t, "witness", verify.Witness(key, v.Commit.Commit, v.Change.Chg, v.Witness.Sub, v.Witness.AuthTime), v.Witness.Witness)
	})
	t.Run("finish message and signature", func(t *testing.T) {
		wantText(t, "token hash", verify.TokenHash(v.Finish.Token), v.Finish.TokenHash)
		m, _ := verify.FinishMessage(v.Commit.Challenge, v.Change.Chg, v.Commit.Commit, v.Finish.TokenHash)
		wantText(t, "message", string(m), v.Finish.Message)
		wantText(t, "jkt", v.Finish.JWK.Thumbprint(), v.Finish.JKT)
		if !v.Finish.JWK.Verify(m, v.Finish.Sig) {
			t.Error("the signature does not verify")
		}
	})
	t.Run("hello message", func(t *testing.T) {
		wantText(t, "message", string(verify.HelloMessage(v.Hello.Nonce, v.Hello.Token)), v.Hello.Message)
	})
	t.Run("webhook signature", func(t *testing.T) {
		s, err := verify.ParseSecret(v.Hook.Secret)
		if err != nil {
			t.Fatal(err)
		}
		h := map[string][]string{}
		verify.SignHook(h, s, v.Hook.ID, time.Unix(v.Hook.Timestamp, 0), []byte(v.Hook.Body))
		wantText(t, "signature", h["Webhook-Signature"][0], v.Hook.Signature)
	})
	t.Run("receipt", func(t *testing.T) {
		pub, err := v.Receipt.Key.Public()
		if err != nil || pub.Curve != elliptic.P256() {
			t.Fatal(err)
		}
		door := verify.Door{Keys: verify.KeySet{{ID: v.Receipt.Kid, Alg: "ES256", Public: pub}}, Typ: verify.ReceiptType}
		o, err := door.Open(v.Receipt.JWS, time.Unix(v.Receipt.At, 0))
		if err != nil {
			t.Fatal(err)
		}
		chg, _ := o.String("chg")
		wantText(t, "chg", chg, v.Receipt.Chg)
	})
}

// goldenKey is a fixed P-256 key of the vectors; it signs nothing else.
func goldenKey(t *testing.T, fill byte) *ecdsa.PrivateKey {
	t.Helper()
	d := make([]byte, 32)
	for i := range d {
		d[i] = fill
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
