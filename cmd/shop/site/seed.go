package site

import (
	"context"
	"database/sql"
	"time"
)

// Customers are the two accounts that SeedCustomers makes.
func Customers() []Customer {
	return []Customer{
		{ID: "cu_robin", Email: "robin@example.com", Name: "Robin Ashdown", Address: "14 Quay Lane, Flat 2, Marwick MK4 8PL", Newsletter: true},
		{ID: "cu_sasha", Email: "sasha@example.com", Name: "Sasha Merrin", Address: "7 Orchard Rise, Tollbridge TB1 3QD"},
	}
}

// SeedCustomers makes the demo's customers with orders and plans. Whoever is there already stays as he is.
func (s *Site) SeedCustomers(ctx context.Context, password string) error {
	plans := map[string]string{"cu_robin": "plus", "cu_sasha": "basic"}
	for i, c := range Customers() {
		_, fresh, err := s.Add(ctx, c, password)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		err = s.tx(ctx, func(t *sql.Tx) error {
			if err := startPlan(ctx, t, c.ID, plans[c.ID], s.Now().AddDate(0, 0, 11+i)); err != nil {
				return err
			}
			return seedOrders(ctx, t, c, i, s.Now())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func startPlan(ctx context.Context, t queryer, customer, plan string, renews time.Time) error {
	_, err := t.ExecContext(ctx, `
		INSERT INTO plans (customer, plan, renews_at, off_at, receipt) VALUES ($1, $2, $3, 0, '')
		ON CONFLICT (customer) DO UPDATE SET plan = $2, renews_at = $3, off_at = 0, receipt = ''`, customer, plan, renews.UnixMilli())
	return err
}

func seedOrders(ctx context.Context, t queryer, c Customer, i int, now time.Time) error {
	orders := []struct {
		number, state string
		days          int
		lines         map[string]int
	}{
		{"Q-10401", "delivered", 64, map[string]int{"hedgerow": 1, "harbour-breakfast": 2}},
		{"Q-10428", "delivered", 23, map[string]int{"smoke-and-plum": 1}},
		{"Q-10446", "on its way", 2, map[string]int{"first-frost": 1, "lantern-oolong": 1, "clay-pot": 1}},
		{"Q-10419", "delivered", 31, map[string]int{"lantern-oolong": 1}},
		{"Q-10447", "packing", 1, map[string]int{"harbour-breakfast": 1, "night-garden": 2}},
	}
	mine := orders[:3]
	if i > 0 {
		mine = orders[3:]
	}
	for _, o := range mine {
		if err := placeOrder(ctx, t, o.number, c, o.state, now.AddDate(0, 0, -o.days), o.lines); err != nil {
			return err
		}
	}
	return nil
}
