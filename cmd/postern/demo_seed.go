package main

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	shopsite "github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/kb"
)

// demoPerson is one of the demo's staff.
type demoPerson struct {
	email, name string
	role        gateway.Role
	what        string   // for the greeting
	mailboxes   []string // slugs
}

func demoStaff() []demoPerson {
	return []demoPerson{
		{"mia@shop.example", "Mia", gateway.RoleAgent, "Orders and Accounts", []string{"orders", "accounts"}},
		{"ben@shop.example", "Ben", gateway.RoleAgent, "Orders and Accounts", []string{"orders", "accounts"}},
		{"sol@shop.example", "Sol", gateway.RoleSenior, "may offer sensitive changes", []string{"orders", "accounts"}},
		{"sam@shop.example", "Sam", gateway.RoleSupervisor, "sees who is on", []string{"orders", "accounts"}},
		{"wes@shop.example", "Wes", gateway.RoleAgent, "Wholesale, away", []string{"wholesale"}},
		{"eda@shop.example", "Eda", gateway.RoleEditor, "writes help articles", nil},
		{"ada@shop.example", "Ada", gateway.RoleAdmin, "all settings", nil},
		{"ava@shop.example", "Ava", gateway.RoleAuditor, "reads the log of changes", nil},
	}
}

func demoMailboxes(shopURL string) []gateway.Mailbox {
	box := func(slug, name, color, greeting string, missed time.Duration) gateway.Mailbox {
		return gateway.Mailbox{
			Slug: slug, Name: name, Address: slug + "@shop.example", Ring: gateway.DefaultRing, Missed: missed, Zone: "UTC",
			Color: color, Greeting: greeting, Signature: "Kind regards, " + name, Host: demoHost, Origins: []string{shopURL},
		}
	}
	return []gateway.Mailbox{
		box("orders", "Orders", "", "Where is my parcel, what fits which pot, anything about an order.", gateway.DefaultMissed),
		box("accounts", "Accounts and plans", "", "Your account, your plan, your settings.", 30*time.Second),
		box("wholesale", "Wholesale", "", "Prices and deliveries for cafés and shops.", gateway.DefaultMissed),
	}
}

// seeder fills an empty gateway; what is there already stays as its users made it.
type seeder struct {
	app    *App
	now    time.Time
	byEdit string                // the editor's id
	boxes  map[string]gateway.ID // by slug
}

// seedDemo makes what the demo needs and writes the shop's origin anew into its mailboxes.
func seedDemo(ctx context.Context, a *App, shopURL string) error {
	s := &seeder{app: a, now: time.Now(), boxes: map[string]gateway.ID{}}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return s.mailboxes(ctx, shopURL) },
		s.staff, s.replies, s.articles, s.pins,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) id(prefix string) (gateway.ID, error) {
	return gateway.NewID(prefix, s.now, rand.Reader)
}

// mailboxes also replaces the origin of an earlier start, whose port may be somebody else's now.
func (s *seeder) mailboxes(ctx context.Context, shopURL string) error {
	st := s.app.Service.Store
	for _, want := range demoMailboxes(shopURL) {
		mb, err := st.MailboxBySlug(ctx, want.Slug)
		if gateway.CodeOf(err) == "not_found" {
			mb = want
			mb.ID, err = s.id(gateway.PrefixMailbox)
		}
		if err != nil {
			return err
		}
		mb.Origins = append([]string{shopURL}, slices.DeleteFunc(mb.Origins, func(o string) bool {
			return o == shopURL || strings.HasPrefix(o, "http://127.0.0.1:")
		})...)
		if mb, _, err = st.SaveMailbox(ctx, mb, gateway.System(), s.now); err != nil {
			return err
		}
		s.boxes[mb.Slug] = mb.ID
	}
	return nil
}

func (s *seeder) staff(ctx context.Context) error {
	st := s.app.Service.Store
	members := map[string][]gateway.ID{}
	fresh := false
	for _, p := range demoStaff() {
		a, err := st.AgentByEmail(ctx, p.email)
		if gateway.CodeOf(err) == "not_found" {
			fresh = true
			a, err = s.hire(ctx, p)
		}
		if err != nil {
			return err
		}
		if p.role == gateway.RoleEditor {
			s.byEdit = string(a.ID)
		}
		for _, slug := range p.mailboxes {
			members[slug] = append(members[slug], a.ID)
		}
	}
	if !fresh {
		return nil
	}
	for slug, ids := range members {
		if _, err := st.SetMembers(ctx, s.boxes[slug], ids, gateway.System(), s.now); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) hire(ctx context.Context, p demoPerson) (gateway.Agent, error) {
	id, err := s.id(gateway.PrefixAgent)
	if err != nil {
		return gateway.Agent{}, err
	}
	a, _, err := s.app.Service.Store.SaveAgent(ctx, gateway.Agent{
		ID: id, Email: p.email, Name: p.name, Role: p.role, Capacity: gateway.DefaultCapacity,
	}, gateway.System(), s.now)
	if err != nil {
		return a, err
	}
	hash, err := token.HashPassword(demoPassword, rand.Reader)
	if err != nil {
		return a, err
	}
	return a, s.app.Service.Store.SetPassword(ctx, a.ID, hash, s.now)
}

func (s *seeder) replies(ctx context.Context) error {
	have, err := s.app.Service.Store.Replies(ctx)
	if err != nil || len(have) > len(gateway.StarterReplies()) {
		return err
	}
	for _, r := range shopsite.Replies() {
		id, err := s.id(gateway.PrefixReply)
		if err != nil {
			return err
		}
		saved := gateway.SavedReply{ID: id, Mailbox: s.boxes[r.Mailbox], Title: r.Title, Text: r.Text}
		if _, _, err := s.app.Service.Store.SaveReply(ctx, saved, gateway.System(), s.now); err != nil {
			return err
		}
	}
	return nil
}

// articleID keeps an article the same over all starts.
func articleID(a shopsite.Article) string { return "ar_" + a.ID }

func (s *seeder) articles(ctx context.Context) error {
	for i, a := range shopsite.Articles() {
		_, err := s.app.store.articles.Article(ctx, articleID(a))
		if err == nil {
			continue
		}
		if gateway.CodeOf(err) != "not_found" {
			return err
		}
		saved, err := s.app.store.articles.SaveVersion(ctx, kb.Article{
			ID: articleID(a), Locale: "en", Visibility: kb.Public,
			Version: kb.Version{
				Title: a.Title, Summary: a.Summary, Body: a.Body, Phrasings: a.Keywords, Collection: a.Collection, Order: i + 1, By: s.byEdit,
			},
		}, s.now)
		if err != nil {
			return err
		}
		if _, err := s.app.store.articles.Publish(ctx, saved.ID, saved.Version.Number, s.byEdit, s.now); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) pins(ctx context.Context) error {
	have, err := s.app.store.articles.Pins(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	for _, a := range shopsite.Articles() {
		for i, pattern := range a.Pins {
			id, err := s.id("pn_")
			if err != nil {
				return err
			}
			if _, err := s.app.store.articles.SavePin(ctx, kb.Pin{ID: string(id), Article: articleID(a), Pattern: pattern, Order: i}); err != nil {
				return err
			}
		}
	}
	return nil
}
