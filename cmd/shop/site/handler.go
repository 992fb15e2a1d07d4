package site

import (
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Handler serves the shop.
func (s *Site) Handler() http.Handler {
	m := http.NewServeMux()
	s.shopRoutes(m)
	s.accountRoutes(m)
	s.planRoutes(m)
	s.confirmRoutes(m)
	s.forgotRoutes(m)
	s.cancelRoutes(m)
	s.providerRoutes(m)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusNotFound, "sorry", page{Title: "There is no such page", Data: "It may have moved, or the address has a slip in it."})
	})
	outer := http.NewServeMux()
	outer.HandleFunc("POST /postern", s.deliver)
	s.providerBackRoutes(outer)
	outer.Handle("GET /static/", static(http.FileServerFS(staticFiles)))
	outer.Handle("/", s.visiting(m))
	return outer
}

func static(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// A picture opened by itself is a document too.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

func (s *Site) shopRoutes(m *http.ServeMux) {
	plain := func(path, name, title string, data func() any) {
		m.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			s.show(w, r, http.StatusOK, name, page{Title: title, Data: data()})
		})
	}
	plain("/{$}", "home", "Tea for every hour of the day", func() any { return products() })
	plain("/teas", "teas", "All teas", func() any { return products() })
	plain("/plan", "offers", "Tea Post", func() any { return offers() })
	plain("/help", "help", "Help", func() any { return Articles() })
	m.HandleFunc("GET /teas/{slug}", s.product)
	m.HandleFunc("GET /support/{desk}", s.desk)
	m.HandleFunc("POST /account/orders", s.signedIn(s.posting(s.order)))
	m.HandleFunc("GET /account/orders", s.signedIn(s.orders))
	m.HandleFunc("GET /account/orders/{number}", s.signedIn(s.oneOrder))
}

func (s *Site) product(w http.ResponseWriter, r *http.Request) {
	p, ok := productBy(r.PathValue("slug"))
	if !ok {
		s.missing(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "product", page{Title: p.Name, Data: p})
}

func (s *Site) missing(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "sorry", page{Title: "There is no such page", Data: "It may have moved, or it belongs to another account."})
}

// desk is a page whose widget speaks to one mailbox.
func (s *Site) desk(w http.ResponseWriter, r *http.Request) {
	for _, d := range Desks() {
		if d.Slug == r.PathValue("desk") {
			s.show(w, r, http.StatusOK, "desk", page{Title: d.Name, Mailbox: d.Slug, Data: d})
			return
		}
	}
	s.missing(w, r)
}

// order places an order of one product; it is paid by the invoice in the parcel.
func (s *Site) order(w http.ResponseWriter, r *http.Request) {
	p, ok := productBy(r.PostForm.Get("product"))
	n, err := strconv.Atoi(r.PostForm.Get("quantity"))
	if !ok || err != nil || n < 1 || n > 12 || !s.limit.take("order "+visitOf(r).customer.ID, 20) {
		s.show(w, r, http.StatusUnprocessableEntity, "sorry", page{Title: "This order was not placed", Data: "Please choose between 1 and 12 tins, and not more than 20 orders in ten minutes."})
		return
	}
	number := ""
	err = s.tx(r.Context(), func(t *sql.Tx) error {
		var last int
		// Numbers only grow: the write lock is held from the transaction's start.
		if err := t.QueryRowContext(r.Context(), "SELECT COALESCE(MAX(CAST(substr(number, 3) AS INTEGER)), 10447) FROM orders").Scan(&last); err != nil {
			return err
		}
		number = fmt.Sprintf("Q-%d", max(last, 10447)+1)
		return placeOrder(r.Context(), t, number, visitOf(r).customer, "packing", s.Now(), map[string]int{p.Slug: n})
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/account/orders/"+number, http.StatusSeeOther)
}

func (s *Site) orders(w http.ResponseWriter, r *http.Request) {
	all, err := ordersOf(r.Context(), s.db, visitOf(r).customer.ID, "")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "orders", page{Title: "Orders", Data: all})
}

func (s *Site) oneOrder(w http.ResponseWriter, r *http.Request) {
	all, err := ordersOf(r.Context(), s.db, visitOf(r).customer.ID, r.PathValue("number"))
	switch {
	case err != nil:
		s.fail(w, r, err)
	case len(all) == 0: // also an order of somebody else
		s.missing(w, r)
	default:
		s.show(w, r, http.StatusOK, "order", page{Title: "Order " + all[0].Number, Data: all[0]})
	}
}

func (s *Site) planRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /account/plan", s.signedIn(s.plan))
	m.HandleFunc("POST /account/plan/{what}", s.signedIn(s.posting(s.planPress)))
}

// planPage is the plan of the customer, or the plans to choose from.
type planPage struct {
	Plan   Plan
	Has    bool
	Offer  Offer
	Offers []Offer
}

func (s *Site) plan(w http.ResponseWriter, r *http.Request) {
	p, has, err := planOf(r.Context(), s.db, visitOf(r).customer.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	o, _ := planBy(p.Name)
	s.show(w, r, http.StatusOK, "plan", page{Title: "Your Tea Post plan", Notice: saved(r), Data: planPage{p, has, o, offers()}})
}

func (s *Site) planPress(w http.ResponseWriter, r *http.Request) {
	ctx, now, wanted := r.Context(), s.Now(), r.PostForm.Get("plan")
	if _, ok := planBy(wanted); !ok {
		s.missing(w, r)
		return
	}
	switch r.PathValue("what") {
	case "cancel":
		s.selfService(w, r, "You cancelled the renewal of your plan", "renewal", func(t *sql.Tx, c string) error {
			return renewalOff(ctx, t, c, wanted, "", now.UnixMilli())
		})
	case "switch":
		s.selfService(w, r, "You changed your plan", "plan", func(t *sql.Tx, c string) error { return switchPlan(ctx, t, c, wanted) })
	case "resume":
		s.selfService(w, r, "You turned the renewal of your plan on", "resume", func(t *sql.Tx, c string) error { return resume(ctx, t, c) })
	case "start":
		s.selfService(w, r, "You started a plan", "start", func(t *sql.Tx, c string) error {
			if _, has, err := planOf(ctx, t, c); has || err != nil {
				return verify.RefuseCause(verify.ChangeState, err)
			}
			if err := startPlan(ctx, t, c, wanted, now.AddDate(0, 1, 0)); err != nil {
				return err
			}
			return countUp(ctx, t, c)
		})
	default:
		s.missing(w, r)
	}
}

func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006, 15:04:05 MST") }
