package gateway

import (
	"encoding/json"
	"time"
)

// JobKind names durable work. It is enqueued in the transaction of the fact that needs it.
type JobKind string

// The jobs of stage 1.
const (
	JobRing      JobKind = "ring"      // an offer's ring ends
	JobMissed    JobKind = "missed"    // a queued conversation's deadline
	JobMail      JobKind = "mail"      // one mail of the outbox
	JobFile      JobKind = "file"      // an upload that may have stayed loose; payload {"file":"fi_…"}
	JobLetter    JobKind = "letter"    // one letter to one of the staff; payload {"agent":"ag_…","what":"policy"}; what names its text
	JobWindow    JobKind = "window"    // a look into account data ends; the sweep finds what is over
	JobInactive  JobKind = "inactive"  // look for agents who do nothing; each leaves the next one behind
	JobReconcile JobKind = "reconcile" // hold every change against the log; each leaves the next one behind
	// The gate's own, enqueued with a step (verify.Step.Job); payload {"change":"ch_…"}.
	JobRelease JobKind = "release" // mint the receipt of a proven change and deliver it
	JobSettle  JobKind = "settle"  // ask a backend what became of a delivery
	JobNotice  JobKind = "notice"  // ask the host to tell the account's owner
	JobClaimed JobKind = "claimed" // tell the host that somebody typed an e-mail; payload {"conversation":"cv_…"}

	JobClock JobKind = "clock" // look at a conversation's clocks; payload {"conversation":"cv_…"}; each leaves the next one behind

	JobConfirm JobKind = "confirm" // tell who opened a ticket by mail that it has come; payload {"conversation":"cv_…","message_id":"…"}
	JobAlarms  JobKind = "alarms"  // make the jobs of the mailboxes whose daily alarm is due; each leaves the next one behind
	JobAlarm   JobKind = "alarm"   // tell of a mailbox in which somebody waits too long; payload alarmJob

	JobUrgent JobKind = "urgent" // a visitor's words may go to management; payload urgentJob
	JobReport JobKind = "report" // mail an escalation's report to the mailbox's address for them; payload reportJob

	JobHook   JobKind = "webhook" // tell one endpoint of one event; payload hookJob
	JobPart   JobKind = "part"    // an answer in a ticket cannot be taken back any more; payload {"message":"ms_…"}
	JobIdle   JobKind = "idle"    // look for silent conversations; each leaves the next one behind
	JobSnooze JobKind = "snooze"  // a ticket wakes; payload {"conversation":"cv_…","until":…}

	JobTranscript JobKind = "transcript" // ask the host to tell the owner of a link; payload {"transcript":"tl_…"}

	JobSent      JobKind = "sent"       // count an article that an agent sent; payload sentJob
	JobCountHelp JobKind = "count-help" // count which articles helped; each leaves the next one behind
)

// Job is one piece of work. ID is deterministic (missed:cv_…:1), so that enqueueing twice is once.
type Job struct {
	ID       string
	Kind     JobKind
	Due      time.Time
	Since    time.Time // when it was due first
	Payload  json.RawMessage
	Attempts int    // leases so far, this one included
	LastErr  string // code of the last failure
}

// ends reports whether five days of tries are enough. What others ask about, and what leaves the next one behind, goes on.
func (k JobKind) ends() bool {
	switch k {
	case JobMail, JobConfirm, JobLetter, JobReport, JobHook, JobClaimed, JobTranscript, JobNotice:
		return true
	}
	return false
}

// Backoff gives the wait before the next try: 1, 5, 15 min, 1 h, then every 4 h; over says that 5 days are past.
func Backoff(attempts int, first, now time.Time) (wait time.Duration, over bool) {
	steps := [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	wait = 4 * time.Hour
	if attempts >= 1 && attempts <= len(steps) {
		wait = steps[attempts-1]
	}
	return wait, now.Sub(first) > 5*24*time.Hour
}
