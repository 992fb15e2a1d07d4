package verify_test

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// A sensitive kind takes a step-up that is not over; who lacks it moves nothing.
func TestSensitiveTakesAStepUp(t *testing.T) {
	for _, c := range []struct {
		name string
		ago  time.Duration // of the step-up; < 0 = it is told as of later
		none bool
		want verify.Reason
	}{
		{name: "none", none: true, want: verify.StepUpRequired},
		{name: "just now"},
		{name: "its last moment", ago: verify.StepUpLife - time.Millisecond},
		{name: "over", ago: verify.StepUpLife, want: verify.StepUpRequired},
		{name: "a reading of the clock ahead", ago: -time.Second},
		{name: "from the future", ago: -time.Minute, want: verify.StepUpRequired},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			by := verify.Actor{Role: verify.Senior, ID: "ag1"}
			row, err := w.guard.Draft(t.Context(), by, cv1, []byte(`{"kind":"email.change","fields":{"email":"new@b.example"}}`))
			if err != nil {
				t.Fatal(err)
			}
			if !c.none {
				by.SteppedAt = w.now().Add(-c.ago)
			}
			_, err = w.guard.Offer(t.Context(), by, row.ID)
			if verify.ReasonOf(err) != c.want {
				t.Errorf("offered: %v, want %q", err, c.want)
			}
			want := verify.Offered
			if c.want != "" {
				want = verify.Draft
			}
			if got := w.row(row.ID).State; got != want {
				t.Errorf("the change is %s, want %s", got, want)
			}
		})
	}
}
