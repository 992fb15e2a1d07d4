package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const qAlarmed = `INSERT INTO alarms (mailbox, day, at) VALUES ($1,$2,$3) ON CONFLICT (mailbox, day) DO NOTHING`

// Alarm implements gateway.AlarmStore.
func (s *Store) Alarm(ctx context.Context, a gateway.MailboxAlarmed, to []gateway.ID, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "alarm a mailbox", now, func(x *tx) error {
		n, err := x.exec(qAlarmed, string(a.Mailbox), a.Day, ms(x.now))
		if err != nil || n == 0 {
			return err
		}
		by := gateway.System()
		for _, topic := range append([]gateway.ID{a.Mailbox}, sorted(to...)...) {
			if err := x.emit(string(topic), by, a); err != nil {
				return err
			}
		}
		for _, id := range sorted(to...) {
			j, err := gateway.LetterJob("alarm", string(a.Mailbox)+":"+a.Day, id, x.now)
			if err == nil {
				err = x.enqueue(j)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
