package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const lemonSecret = "a-secret-of-the-client"

// startLemonLDAP runs Debian's LemonLDAP::NG portal with its demonstration users, its files in a folder of the test.
func startLemonLDAP(t *testing.T) real {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"conf", "sessions", "persistent"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	issuer := "http://localhost:" + port
	conf, err := json.Marshal(lemonConf(t, dir, issuer))
	if err != nil {
		t.Fatal(err)
	}
	psgi, err := filepath.Abs(filepath.Join("testdata", "lemonldap", "portal.psgi"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"conf/lmConf-1.json": string(conf), "lemonldap-ng.ini": fmt.Sprintf(`[all]
logLevel = notice
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
localSessionStorage =
[configuration]
type = File
dirName = %s/conf
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
[handler]
`, dir)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("plackup", "-E", "deployment", "-s", "HTTP::Server::PSGI", "--host", "127.0.0.1", "--port", port, psgi)
	c.Env = append(os.Environ(), "LLNG_DEFAULTCONFFILE="+filepath.Join(dir, "lemonldap-ng.ini"))
	out := run(t, c)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	awaitOK(t, issuer+"/.well-known/openid-configuration")
	// Its portalForceAuthnInterval: a login of the last five seconds counts as new, whatever prompt says; its clock, that of
	// the last tick, may still show the second before.
	return real{issuer: issuer, login: throughForms, lenient: 6}
}

// lemonConf is the whole configuration: demonstration users, sessions in files, one client with PKCE.
func lemonConf(t *testing.T, dir, issuer string) map[string]any {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	public, err2 := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	files := func(name string) map[string]any {
		return map[string]any{"Directory": filepath.Join(dir, name), "LockDirectory": filepath.Join(dir, name), "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
	}
	empty := map[string]any{}
	return map[string]any{
		"cfgNum": "1", "cfgAuthor": "test", "cfgDate": "1", "cfgAuthorIP": "127.0.0.1", "cfgVersion": "2.16.1",
		"globalStorage": "Apache::Session::File", "globalStorageOptions": files("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": files("persistent"), "localSessionStorage": "",
		"domain": "localhost", "portal": issuer + "/", "cookieName": "lemonldap", "securedCookie": 0, "key": "only for tests",
		"authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null", "captcha": "::Captcha::None",
		"captcha_mail_enabled": 0, "captcha_register_enabled": 0, "portalDisplayRegister": 0, "portalDisplayResetPassword": 0,
		"demoExportedVars": map[string]any{"cn": "cn", "mail": "mail", "uid": "uid"}, "exportedVars": empty, "macros": empty, "groups": empty,
		"whatToTrace": "uid", "requireToken": 0, "locationRules": empty, "exportedHeaders": empty,
		"issuerDBOpenIDConnectActivation": 1, "issuerDBOpenIDConnectPath": "^/oauth2/", "issuerDBOpenIDConnectRule": 1,
		"oidcServiceMetaDataIssuer": issuer, "oidcServiceAllowAuthorizationCodeFlow": 1, "oidcServiceKeyIdSig": "lemon",
		"oidcServicePrivateKeySig":        string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		"oidcServicePublicKeySig":         string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"oidcServiceMetaDataAuthnContext": map[string]any{"loa-1": 1},
		"oidcRPMetaDataExportedVars":      map[string]any{"postern": empty}, "oidcRPMetaDataScopeRules": empty, "oidcRPMetaDataMacros": empty,
		"oidcRPMetaDataOptions": map[string]any{"postern": map[string]any{
			"oidcRPMetaDataOptionsClientID": "postern", "oidcRPMetaDataOptionsClientSecret": lemonSecret, "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256",
			"oidcRPMetaDataOptionsIDTokenExpiration": 300, "oidcRPMetaDataOptionsAccessTokenExpiration": 60, "oidcRPMetaDataOptionsBypassConsent": 1,
			"oidcRPMetaDataOptionsRedirectUris": redirect, "oidcRPMetaDataOptionsRequirePKCE": 1, "oidcRPMetaDataOptionsUserIDAttr": "uid",
		}},
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// awaitOK waits until an address answers 200.
func awaitOK(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		res, err := browser(t).Get(address)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v, %v", address, res, err)
		}
	}
}

// LemonLDAP::NG: no PAR and no iss, RS256, aud as a list, the session of its pages open all the time.
func TestLemonLDAP(t *testing.T) {
	r := startLemonLDAP(t)
	p := r.open(t, "postern", lemonSecret, nil)
	r.fresh(t, p)
	r.injected(t, p)
	if p.meta.par != "" || p.meta.iss {
		t.Errorf("metadata %+v: the other provider has these two, this one is there for having neither", p.meta)
	}
}
