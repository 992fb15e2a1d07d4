package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// login is what a flow's browser holds while its owner logs in at the club's provider.
type login struct{ start, cookie, next string }

// clubPoints are the steps of a login at a provider.
func clubPoints() []killPoint {
	type way = []func(*flow, context.Context) error
	begun := way{(*flow).draftClub, (*flow).offer, (*flow).openClub, (*flow).redeem}
	then := func(more ...func(*flow, context.Context) error) way { return append(begun[:4:4], more...) }
	in := func(s ...verify.State) []verify.State { return s }
	return []killPoint{
		{"redeem", begun, in(verify.Challenged), in(verify.Challenged)},
		{"callback", then((*flow).logIn), in(verify.Challenged), in(verify.Matched)},
		{"approve", then((*flow).logIn, (*flow).approve), in(verify.Matched), in(verify.Matched)},
		{"deny at the page", then((*flow).logIn, (*flow).denyThere), in(verify.Matched), in(verify.Denied)},
		{"prove at the page", then((*flow).logIn, (*flow).approve, (*flow).finishes), in(verify.Matched), in(verify.Proven, verify.Released, verify.Failed)},
	}
}

func (w *flow) draftClub(ctx context.Context) error {
	return w.drafts(ctx, "newsletter.change", map[string]string{"newsletter": "on"})
}

func (w *flow) openClub(ctx context.Context) error {
	address, err := w.opened(ctx, false)
	_, w.login.start, _ = strings.Cut(address, "#")
	return err
}

// web is the flow's browser at the gateway's own pages.
func (w *flow) web(ctx context.Context, method, path string, body any, want int) (map[string]any, []*http.Cookie, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, w.r.url+path, strings.NewReader(string(raw)))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range map[string]string{"X-Forwarded-For": newAddress(), "X-Postern": "1", "Origin": w.r.origin} {
		req.Header.Set(name, value)
	}
	if w.login.cookie != "" {
		req.Header.Set("Cookie", "__Host-postern="+w.login.cookie)
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	out := map[string]any{}
	_ = json.Unmarshal(text, &out) // a page is no JSON
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%w: %s %s: %d %s", errRefused, method, path, res.StatusCode, text)
	}
	return out, res.Cookies(), err
}

func (w *flow) redeem(ctx context.Context) error {
	out, cookies, err := w.web(ctx, "POST", "/verify/start", map[string]string{"token": w.login.start}, http.StatusOK)
	for _, c := range cookies {
		w.login.cookie = c.Value
	}
	w.login.next, _ = out["next"].(string)
	return err
}

// logIn logs in at the provider, which lives on when the gateway dies, and comes back.
func (w *flow) logIn(ctx context.Context) error {
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: time.Minute}
	res, err := c.Get(w.login.next)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	u, err := res.Location()
	if err != nil {
		return err
	}
	_, _, err = w.web(ctx, "GET", "/verify/callback?"+u.RawQuery, nil, http.StatusSeeOther)
	return err
}

func (w *flow) approve(ctx context.Context) error   { return w.choose(ctx, verify.PressApprove) }
func (w *flow) denyThere(ctx context.Context) error { return w.choose(ctx, verify.PressDeny) }

func (w *flow) choose(ctx context.Context, choice string) error {
	out, _, err := w.web(ctx, "POST", "/verify/press", map[string]string{"choice": choice}, http.StatusOK)
	back, _ := out["next"].(string)
	_, w.finish, _ = strings.Cut(back, "#postern=")
	return err
}
