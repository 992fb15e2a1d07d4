package gateway

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1LXZpYyJ9.c2lnbmF0dXJl-_x"

// Each text holds S3CRET or a token's piece where a secret stands, and KEEP where something must stay.
func TestScrubTakesSecretsOut(t *testing.T) {
	for name, text := range map[string]string{
		"HAR, header":                `{"name":"Cookie","value":"sid=S3CRET; a=\"S3CRET\"; b=S3CRET"},{"name":"Host","value":"KEEP"}`,
		"HAR, value first":           `{"value":"Bearer S3CRET","name":"authorization"},{"name":"Host","value":"KEEP"}`,
		"HAR, written apart":         "{\n  \"name\": \"Set-Cookie\",\n  \"comment\": \"\",\n  \"value\": \"sid=S3CRET; Path=/\"\n},{\"value\":\"KEEP\"}",
		"HAR, cookies":               `{"cookies":[{"name":"sid","value":"S3CRET","path":"]"},{"name":"x","value":"S3CRET"}],"url":"KEEP"}`,
		"HAR in a string":            `{"log":"{\"name\":\"Cookie\",\"value\":\"sid=S3CRET\"} KEEP"}`,
		"JSON":                       `{"headers":{"cookie":"sid=S3CRET","Authorization":"Basic S3CRET"},"x":"KEEP"}`,
		"JSON, lists":                `{"Cookie":["a=S3CRET","b=S3CRET"],"x":["KEEP"]}`,
		"JSON in a string":           `{"body":"{\"access_token\":\"S3CRET\",\"cookie\":\"a=\\\"S3CRET\\\"\"}","x":"KEEP"}`,
		"JSON, a request as text":    `{"raw":"GET / HTTP/1.1\r\nCookie: a=S3CRET; b=S3CRET\r\nHost: KEEP"}`,
		"JSON, a header's end":       `{"raw":"Authorization: Bearer S3CRET","x":"KEEP"}`,
		"saved headers":              "GET /?q=KEEP HTTP/1.1\r\nCookie: a=\"S3CRET\"; b=S3CRET\r\nauthorization:Digest username=\"S3CRET\", response=\"S3CRET\"\r\nHost: KEEP",
		"log":                        "12:00 KEEP > Set-Cookie: sid=S3CRET; HttpOnly\n12:01 KEEP",
		"name and value on lines":    "accept\n*/* KEEP\ncookie\nsid=S3CRET; x=S3CRET\nhost\nKEEP",
		"name and value, with colon": "cookie:\r\nsid=S3CRET\r\nhost:\r\nKEEP",
		"curl":                       `curl KEEP -H 'Cookie: a=S3CRET; b=S3CRET' -H "X-Api-Key: S3CRET" https://KEEP`,
		"address":                    `GET /cb?access_token=S3CRET&state=KEEP and id_token=S3CRET KEEP`,
		"address in JSON":            `{"url":"https://x/?refresh_token=S3CRET&y=KEEP","z":"KEEP"}`,
		"CSV":                        "KEEP,1\nCookie,sid=S3CRET; x=S3CRET\nHost,KEEP",
		"quoted CSV":                 "\"KEEP\",\"1\"\n\"Authorization\",\"Bearer S3CRET\"\n",
		"cookie jar":                 "# KEEP\n#HttpOnly_.shop.test\tTRUE\t/\tTRUE\t1795312800\tsid\tS3CRET\n",
		"a bearer in words":          "I sent Bearer S3CRETS3CRETS3CRET and KEEP",
	} {
		clean, n := Scrub([]byte(text))
		if strings.Contains(string(clean), "S3CRET") || n == 0 {
			t.Errorf("%s: %d taken out, left %s", name, n, clean)
		}
		if got, want := strings.Count(string(clean), "KEEP"), strings.Count(text, "KEEP"); got != want {
			t.Errorf("%s: %d of %d other words left in %s", name, got, want, clean)
		}
		if again, n := Scrub(clean); n > 0 && !bytes.Equal(again, clean) {
			t.Errorf("%s: a second look finds more: %s", name, again)
		}
	}
}

func TestScrubKnowsTokensByShape(t *testing.T) {
	for _, text := range []string{jwt, "x=" + jwt, `{"t":"` + jwt + `"}`, strings.ReplaceAll(jwt, ".", "%2E"), "(" + jwt + ")", "a,b," + jwt + ",KEEP"} {
		clean, n := Scrub([]byte(text))
		if n != 1 || strings.Contains(string(clean), "c2lnb") || strings.Contains(string(clean), "eyJ") {
			t.Errorf("%s: %d, %s", text, n, clean)
		}
	}
}

func TestScrubLeavesTheRest(t *testing.T) {
	for _, text := range []string{
		"", "plain words", "We use cookies, and so do you: the cookie banner is blue.", `{"allow":["cookie","authorization"],"a":1}`,
		"[\n  \"cookie\",\n  \"authorization\"\n]", `{"cookies":[],"cookie":"","headers":{}}`, "eyebrow.example.com is a site",
		"time,level,text\n1,info,authorization failed", "Authorization", "id;name\n1;tea", "https://shop.test/?token_type=x&n=1",
	} {
		if clean, n := Scrub([]byte(text)); n != 0 || string(clean) != text {
			t.Errorf("%q: %d taken out, %q", text, n, clean)
		}
	}
}

func TestScrubKeepsJSONWhole(t *testing.T) {
	har := `{"log":{"entries":[{"request":{"headers":[{"name":"Cookie","value":"sid=S3CRET"},{"name":"Host","value":"KEEP"}],"cookies":[{"name":"sid","value":"S3CRET"}]},
"response":{"headers":[{"name":"set-cookie","value":"sid=S3CRET; Path=/"}],"content":{"text":"{\"id_token\":\"` + jwt + `\"}"}}}]}}`
	clean, n := Scrub([]byte(har))
	var v any
	if err := json.Unmarshal(clean, &v); err != nil || n != 4 || strings.Contains(string(clean), "S3CRET") || strings.Contains(string(clean), "eyJ") {
		t.Errorf("%d, %v: %s", n, err, clean)
	}
}

func FuzzScrub(f *testing.F) {
	for _, s := range []string{`{"name":"Cookie","value":"a"}`, "cookie", "Cookie:", `"cookie":\`, "cookies:[", `\"cookie\":\"`, "authorization='", "cookie\r\n", "id_token=", jwt} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		clean, n := Scrub(text)
		if n == 0 && !bytes.Equal(clean, text) {
			t.Errorf("%q changed into %q", text, clean)
		}
		if len(text) > 0 && len(clean) == 0 {
			t.Errorf("nothing is left of %q", text)
		}
	})
}

// A file of the largest size, full of what is looked for.
func BenchmarkScrub(b *testing.B) {
	text := bytes.Repeat([]byte(`{"name":"Cookie","value":"sid=S3CRET"},{"name":"Host","value":"shop.test"},{"url":"/?id_token=x&y"},`), MaxFilesBytes/100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Scrub(text)
	}
}
