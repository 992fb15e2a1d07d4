package site

import (
	"database/sql"
	"errors"
	"net"
	"net/http"
	"strings"
	"unicode"

	"github.com/postern-chat/postern/verify"
	"golang.org/x/crypto/bcrypt"
)

const (
	triesPerLogin   = 8  // wrong passwords for one login from one address, in ten minutes
	triesPerAddress = 80 // wrong passwords from one address, for any login
	signUps         = 20 // new accounts from one address
	minPassword     = 10
	maxPassword     = 72 // bytes: bcrypt reads no more
)

// nobody is a hash that no password fits: an unknown login costs the same time as a wrong password.
const nobody = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5gk4bS7kYc0b5S9f8c6dY1h0w3l5e"

func (s *Site) accountRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, "signin", page{Title: "Sign in", Data: loginForm{Next: local(r.URL.Query().Get("next"))}})
	})
	m.HandleFunc("POST /signin", s.posting(s.signInForm))
	m.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, "signup", page{Title: "Open an account", Data: Customer{}})
	})
	m.HandleFunc("POST /signup", s.posting(s.signUp))
	m.HandleFunc("POST /signout", s.posting(s.signOut))
	m.HandleFunc("GET /account", s.signedIn(s.account))
	m.HandleFunc("GET /account/settings", s.signedIn(func(w http.ResponseWriter, r *http.Request) {
		s.settings(w, r, http.StatusOK, saved(r), "")
	}))
	m.HandleFunc("POST /account/settings/{field}", s.signedIn(s.posting(s.saveSetting)))
	m.HandleFunc("GET /account/security", s.signedIn(s.security))
	m.HandleFunc("POST /support-token", s.supportToken)
}

// loginForm is what a refused sign-in keeps.
type loginForm struct{ Email, Next string }

// local is a path of our own to go to after a login; everything else becomes the account page.
func local(next string) string {
	// Browsers drop tabs and line ends from an address: "/<tab>/other.example" would lead away.
	control := strings.IndexFunc(next, unicode.IsControl) >= 0
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, "\\") || control {
		return "/account"
	}
	return next
}

// checkPassword finds the customer; problem is not empty if that failed, in the same words for every cause but
// too many attempts.
func (s *Site) checkPassword(r *http.Request, email, password string) (c Customer, problem string) {
	email = strings.ToLower(strings.TrimSpace(email))
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	key := "login " + from + " " + email
	if !s.limit.take("address "+from, triesPerAddress) || !s.limit.take(key, triesPerLogin) {
		return Customer{}, "There were too many attempts. Please wait ten minutes and try again."
	}
	c, err = customerBy(r.Context(), s.db, "email", email)
	if err != nil {
		c.password = nobody
	}
	if wrong := bcrypt.CompareHashAndPassword([]byte(c.password), []byte(password)); wrong != nil || err != nil {
		return Customer{}, "E-mail and password do not match. Please check both."
	}
	s.limit.forgive(key)
	s.limit.undo("address " + from) // only wrong ones count, and a right one forgives no wrong one
	return c, ""
}

func (s *Site) signInForm(w http.ResponseWriter, r *http.Request) {
	form := loginForm{r.PostForm.Get("email"), local(r.PostForm.Get("next"))}
	c, problem := s.checkPassword(r, form.Email, r.PostForm.Get("password"))
	if problem != "" {
		s.show(w, r, http.StatusUnprocessableEntity, "signin", page{Title: "Sign in", Error: problem, Data: form})
		return
	}
	if _, err := s.signIn(w, r, c); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := note(r.Context(), s.db, c.ID, s.Now(), "You signed in", ""); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
}

func (s *Site) signUp(w http.ResponseWriter, r *http.Request) {
	f, from := r.PostForm, r.RemoteAddr
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	c := Customer{
		Email: strings.ToLower(strings.TrimSpace(f.Get("email"))), Name: strings.TrimSpace(f.Get("name")),
		Address: strings.TrimSpace(f.Get("address")), Newsletter: f.Get("newsletter") == "on",
	}
	problem := c.problem(f.Get("password"))
	if problem == "" && !s.limit.take("signup "+from, signUps) {
		problem = "Too many accounts were opened from here. Please wait ten minutes."
	}
	fresh := false
	if problem == "" {
		var err error
		if c.ID, fresh, err = s.Add(r.Context(), c, f.Get("password")); err != nil {
			s.fail(w, r, err)
			return
		}
		if !fresh {
			problem = "This e-mail cannot be used for a new account. If it is yours, sign in instead."
		}
	}
	if problem != "" {
		s.show(w, r, http.StatusUnprocessableEntity, "signup", page{Title: "Open an account", Error: problem, Data: c})
		return
	}
	if _, err := s.signIn(w, r, c); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// problem says what is wrong with a new account, or "".
func (c Customer) problem(password string) string {
	switch {
	case !properEmail(c.Email):
		return "Please enter an e-mail address like name@example.com."
	case !properLine(c.Name, 80):
		return "Please enter your name, at most 80 characters."
	case !properLine(c.Address, 200):
		return "Please enter a delivery address in one line."
	case len(password) < minPassword || len(password) > maxPassword:
		return "Please choose a password of 10 to 72 characters."
	}
	return ""
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) {
	if _, err := s.db.ExecContext(r.Context(), "DELETE FROM sessions WHERE token = $1", visitOf(r).session); err != nil {
		s.fail(w, r, err)
		return
	}
	s.setCookie(w, "shop_session", "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// overview is the account page.
type overview struct {
	Plan   Plan
	Offer  Offer
	Has    bool
	Orders []Order
}

func (s *Site) account(w http.ResponseWriter, r *http.Request) {
	p, has, err := planOf(r.Context(), s.db, visitOf(r).customer.ID)
	o, _ := planBy(p.Name)
	orders, err2 := ordersOf(r.Context(), s.db, visitOf(r).customer.ID, "")
	if err := errors.Join(err, err2); err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "account", page{Title: "Your account", Data: overview{p, o, has, orders[:min(len(orders), 3)]}})
}

func (s *Site) settings(w http.ResponseWriter, r *http.Request, status int, notice, problem string) {
	s.show(w, r, status, "settings", page{Title: "Settings", Notice: notice, Error: problem})
}

// saved is the word after a change was saved, told by the address that the browser was sent back to.
func saved(r *http.Request) string {
	return map[string]string{
		"email": "Your login e-mail is changed.", "name": "Your name is changed.", "address": "Your delivery address is changed.",
		"newsletter": "Your newsletter setting is changed.", "password": "Your password is changed. Other browsers are signed out.",
		"plan": "Your plan is changed.", "renewal": "Your renewal is off.", "resume": "Your plan renews again.", "start": "Welcome to Tea Post.",
	}[r.URL.Query().Get("saved")]
}

// saveSetting changes one thing, by the customer himself. E-mail and password ask for the present password.
func (s *Site) saveSetting(w http.ResponseWriter, r *http.Request) {
	name, v := r.PathValue("field"), visitOf(r)
	text, problem := strings.TrimSpace(r.PostForm.Get("value")), ""
	switch name {
	case "email":
		if text = strings.ToLower(text); !properEmail(text) {
			problem = "Please enter an e-mail address like name@example.com."
		}
	case "name":
		if !properLine(text, 80) {
			problem = "Please enter your name, at most 80 characters."
		}
	case "address":
		if !properLine(text, 200) {
			problem = "Please enter a delivery address in one line."
		}
	case "password":
		if text = r.PostForm.Get("value"); len(text) < minPassword || len(text) > maxPassword {
			problem = "Please choose a password of 10 to 72 characters."
		}
	case "newsletter":
	default:
		http.NotFound(w, r)
		return
	}
	if problem == "" && (name == "email" || name == "password") {
		_, problem = s.checkPassword(r, v.customer.Email, r.PostForm.Get("password"))
	}
	if problem == "" {
		err := s.save(r, name, text)
		if errors.Is(err, errTaken) {
			problem = "This e-mail cannot be used. Please take another one."
		} else if err != nil {
			s.fail(w, r, err)
			return
		}
	}
	if problem != "" {
		s.settings(w, r, http.StatusUnprocessableEntity, "", problem)
		return
	}
	http.Redirect(w, r, "/account/settings?saved="+name+"#"+name, http.StatusSeeOther)
}

var errTaken = errors.New("shop: the e-mail belongs to another account")

func (s *Site) save(r *http.Request, name, text string) error {
	v, ctx := visitOf(r), r.Context()
	var to any = text
	switch name {
	case "newsletter":
		to = text == "on"
	case "password":
		hash, err := bcrypt.GenerateFromPassword([]byte(text), s.PasswordCost)
		if err != nil {
			return err
		}
		to = string(hash)
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if name == "email" {
			other, err := customerBy(ctx, t, "email", text)
			if err == nil && other.ID != v.customer.ID {
				return errTaken
			}
		}
		if name == "password" {
			if _, err := t.ExecContext(ctx, "DELETE FROM sessions WHERE customer = $1 AND token <> $2", v.customer.ID, v.session); err != nil {
				return err
			}
		}
		if err := change(ctx, t, v.customer.ID, name, to); err != nil {
			return err
		}
		return note(ctx, t, v.customer.ID, s.Now(), "You changed your "+strings.Replace(name, "email", "login e-mail", 1), "")
	})
}

// entry is one line of the security log.
type entry struct {
	At           string
	What, Detail string
	Link         string // to a page of the gateway
}

// security shows the customer what happened to the account, newest first.
func (s *Site) security(w http.ResponseWriter, r *http.Request) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT at, what, detail FROM log WHERE customer = $1 ORDER BY at DESC, id DESC LIMIT 100", visitOf(r).customer.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer func() { _ = rows.Close() }()
	var all []entry
	for rows.Next() {
		var e entry
		var at int64
		if err = rows.Scan(&at, &e.What, &e.Detail); err != nil {
			break
		}
		if e.At = moment(at); s.ours(e.Detail) {
			e.Link, e.Detail = e.Detail, ""
		}
		all = append(all, e)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "security", page{Title: "Security log", Data: all})
}

// selfService is for the plan page's own buttons: what a signed-in customer may do there without support.
func (s *Site) selfService(w http.ResponseWriter, r *http.Request, what, word string, f func(t *sql.Tx, customer string) error) {
	c := visitOf(r).customer.ID
	err := s.tx(r.Context(), func(t *sql.Tx) error {
		if err := f(t, c); err != nil {
			return err
		}
		return note(r.Context(), t, c, s.Now(), what, "")
	})
	if refused := (*verify.Error)(nil); err != nil && !errors.As(err, &refused) {
		s.fail(w, r, err)
		return
	}
	if err == nil { // a second press finds it done already
		word = "?saved=" + word
	} else {
		word = ""
	}
	http.Redirect(w, r, "/account/plan"+word, http.StatusSeeOther)
}
