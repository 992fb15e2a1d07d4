package site

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Product is one thing in the shop. Its picture is static/Slug.svg.
type Product struct {
	Slug, Name, Kind, Line, Text, Brew, Size string
	Cents                                    int
}

// Price is the price in euros.
func (p Product) Price() string { return euros(p.Cents) }

func euros(cents int) string { return fmt.Sprintf("€%d.%02d", cents/100, cents%100) }

// products is the whole range.
func products() []Product {
	return []Product{
		{"harbour-breakfast", "Harbour Breakfast", "Black tea", "Malty, brisk, takes milk well.", "Our everyday black: two leaves of the second flush, blended so that it is strong at four minutes and never bitter at six. The tin that leaves our packing table most often.", "3 g for a cup, 95 °C, 4 minutes", "125 g tin", 990},
		{"first-frost", "First Frost", "White tea", "Silver buds, melon and hay.", "Picked in one cold week of the year and dried in the shade. Pale in the cup and sweeter than it looks; good for three infusions.", "4 g for a cup, 80 °C, 5 minutes", "50 g tin", 1890},
		{"lantern-oolong", "Lantern Oolong", "Oolong", "Rolled leaf, butter and orchid.", "Half-oxidised and rolled tight, it opens like a paper lantern over five or six short infusions. Watch it in a glass pot.", "5 g for a pot, 90 °C, 2 minutes", "75 g tin", 1650},
		{"smoke-and-plum", "Smoke & Plum", "Black tea", "Pine smoke, dark fruit.", "Dried over pine embers, then rested for a year until the smoke turns soft. People love it or leave it; there is nothing in between.", "3 g for a cup, 95 °C, 3 minutes", "100 g tin", 1290},
		{"hedgerow", "Hedgerow", "Herbal", "Elderberry, rosehip, apple.", "No tea leaf and no caffeine: berries and blossom from the edges of fields, cut coarse so that you see what you drink.", "5 g for a cup, 100 °C, 8 minutes", "100 g tin", 850},
		{"night-garden", "Night Garden", "Herbal", "Lemon balm, lavender, lime flower.", "For the last hour of the day. Lime flower gives it honey, lavender only a hint: it is not soap.", "4 g for a cup, 95 °C, 6 minutes", "60 g tin", 790},
		{"green-terrace", "Green Terrace", "Green tea", "Steamed leaf, pea shoots, sea air.", "Steamed within hours of picking. Give it cool water and one minute and it is sweet as peas.", "4 g for a cup, 70 °C, 1 minute", "80 g tin", 1390},
		{"clay-pot", "The Small Clay Pot", "Teaware", "Unglazed, 280 ml, one person.", "Thrown by hand from red clay and fired once. It keeps a little of every tea, so give it one kind and stay with it.", "Rinse with hot water, no soap", "280 ml", 3400},
	}
}

func productBy(slug string) (Product, bool) {
	all := products()
	i := slices.IndexFunc(all, func(p Product) bool { return p.Slug == slug })
	if i < 0 {
		return Product{}, false
	}
	return all[i], true
}

// Order is one order with its lines.
type Order struct {
	Number, State, Address string
	PlacedAt               time.Time
	Lines                  []OrderLine
}

// OrderLine is a product in an order, at the price of that day.
type OrderLine struct {
	Product  Product
	Quantity int
	Cents    int // for one
}

// Total is the sum of the lines. Delivery is in the prices.
func (o Order) Total() string {
	sum := 0
	for _, l := range o.Lines {
		sum += l.Cents * l.Quantity
	}
	return euros(sum)
}

// Price is the price of the line.
func (l OrderLine) Price() string { return euros(l.Cents * l.Quantity) }

// Tins is how many things are in the parcel.
func (o Order) Tins() int {
	n := 0
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

func placeOrder(ctx context.Context, t queryer, number string, c Customer, state string, at time.Time, lines map[string]int) error {
	_, err := t.ExecContext(ctx, "INSERT INTO orders (number, customer, placed_at, state, address) VALUES ($1, $2, $3, $4, $5)",
		number, c.ID, at.UnixMilli(), state, c.Address)
	if err != nil {
		return err
	}
	for slug, n := range lines {
		p, _ := productBy(slug)
		_, err := t.ExecContext(ctx, "INSERT INTO order_lines (number, product, quantity, cents) VALUES ($1, $2, $3, $4)", number, slug, n, p.Cents)
		if err != nil {
			return err
		}
	}
	return nil
}

// ordersOf reads the orders of a customer, newest first; number "" = all.
func ordersOf(ctx context.Context, q queryer, customer, number string) (all []Order, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT o.number, o.state, o.address, o.placed_at, l.product, l.quantity, l.cents
		FROM orders o JOIN order_lines l ON l.number = o.number
		WHERE o.customer = $1 AND ($2 = '' OR o.number = $2)
		ORDER BY o.placed_at DESC, o.number, l.product`, customer, number)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var o Order
		var l OrderLine
		var at int64
		var slug string
		if err := rows.Scan(&o.Number, &o.State, &o.Address, &at, &slug, &l.Quantity, &l.Cents); err != nil {
			return nil, err
		}
		if len(all) == 0 || all[len(all)-1].Number != o.Number {
			o.PlacedAt = time.UnixMilli(at)
			all = append(all, o)
		}
		l.Product, _ = productBy(slug)
		last := &all[len(all)-1]
		last.Lines = append(last.Lines, l)
	}
	return all, rows.Err()
}
