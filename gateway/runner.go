package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// SweepEvery is how often a node looks for what no hint told it.
const SweepEvery = 2 * time.Second

const (
	jobsEvery = 250 * time.Millisecond
	jobLease  = 3 * time.Minute // above the 120 s that a delivery to a host may take
)

// Runner does a node's own work: it offers queued conversations, ends rings, makes missed conversations
// tickets, gives an absent agent's chats back, and runs durable jobs. Several runners race safely.
type Runner struct {
	*Service
	Node  string // lease owner, unique per process
	wakes chan struct{}

	visitorGone map[ID]time.Time // queued conversation → since when its visitor has no socket
	agentGone   map[ID]time.Time
	bothGone    map[ID]time.Time // active chats of agents who are away → since when their visitors are too
	idleSlot    time.Time        // that this node has made sure of
}

// NewRunner ties a runner to the service and becomes its Wake.
func NewRunner(s *Service, node string) *Runner {
	r := &Runner{
		Service: s, Node: node, wakes: make(chan struct{}, 1),
		visitorGone: map[ID]time.Time{}, agentGone: map[ID]time.Time{},
	}
	s.Wake = func() {
		select {
		case r.wakes <- struct{}{}:
		default:
		}
	}
	return r
}

// Jobs runs durable jobs until ctx ends. Several may run beside each other: a slow mail server or a host that
// does not answer must not hold up the queue.
func (r *Runner) Jobs(ctx context.Context) { r.work(ctx, r.Store.LeaseJob) }

// Deliver runs the jobs of webhooks until ctx ends; Jobs runs all others.
func (r *Runner) Deliver(ctx context.Context) { r.work(ctx, r.Store.LeaseHook) }

// leaseFunc gives the next job that is due.
type leaseFunc func(ctx context.Context, owner string, lease time.Duration, now time.Time) (Job, bool, error)

func (r *Runner) work(ctx context.Context, lease leaseFunc) {
	tick := time.NewTicker(jobsEvery)
	defer tick.Stop()
	for {
		if err := r.jobs(ctx, lease); err != nil && ctx.Err() == nil {
			r.Log.Error("jobs", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Run works until ctx ends. Errors of one round are logged; the next round tries again.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(SweepEvery)
	defer tick.Stop()
	for {
		if err := r.Round(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("sweep", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wakes:
		}
	}
}

// Round is one sweep: absent agents, changes that are over, the queue.
func (r *Runner) Round(ctx context.Context) error {
	now, err := r.Store.Now(ctx)
	if err != nil {
		return err
	}
	if err := r.absentAgents(ctx, now); err != nil {
		return err
	}
	if err := r.expireChanges(ctx); err != nil {
		return err
	}
	if err := r.shutWindows(ctx); err != nil {
		return err
	}
	if err := errors.Join(r.lateParts(ctx, now), r.lateSleepers(ctx, now), r.keepIdle(ctx, now)); err != nil {
		return err
	}
	queue, err := r.Store.Queue(ctx, nil)
	if err != nil {
		return err
	}
	return r.serve(ctx, queue, now)
}

// serve goes through the queue oldest first: over its deadline, visitor gone, hours over, a ring to end or to begin.
func (r *Runner) serve(ctx context.Context, queue []Conversation, now time.Time) error {
	present, busErr := r.visitorsPresent(ctx)
	boxes := map[ID]Mailbox{}
	live := map[ID]bool{}
	for _, cv := range queue {
		live[cv.ID] = true
		mb, ok := boxes[cv.Mailbox]
		if !ok {
			var err error
			if mb, err = r.Store.Mailbox(ctx, cv.Mailbox); err != nil {
				return err
			}
			boxes[cv.Mailbox] = mb
		}
		if why := r.missedWhy(cv, mb, present, busErr == nil, now); why != "" {
			if err := r.Miss(ctx, cv, why); err != nil {
				return err
			}
			continue
		}
		if err := r.ring(ctx, cv, mb, now); err != nil {
			return err
		}
	}
	for id := range r.visitorGone {
		if !live[id] {
			delete(r.visitorGone, id)
		}
	}
	return nil
}

func (r *Runner) missedWhy(cv Conversation, mb Mailbox, present map[ID]bool, known bool, now time.Time) string {
	open, _ := mb.OpenAt(now)
	if !known || present[cv.Visitor] {
		delete(r.visitorGone, cv.ID)
	} else if r.visitorGone[cv.ID].IsZero() {
		r.visitorGone[cv.ID] = now
	}
	since := r.visitorGone[cv.ID]
	return MissedWhy(cv, open, !since.IsZero() && now.Sub(since) >= VisitorGone, now)
}

// ring ends an offer that is over or whose agent has gone, and makes the next one.
func (r *Runner) ring(ctx context.Context, cv Conversation, mb Mailbox, now time.Time) error {
	list, err := r.candidates(ctx, cv.Mailbox, cv.ID, now)
	if err != nil {
		return err
	}
	if list, err = r.specialists(ctx, list, cv, mb); err != nil {
		return err
	}
	if Overflows(cv, mb, list, now) {
		return r.overflow(ctx, cv, mb, now)
	}
	sticky := ID("")
	if cv.Offer.Agent == "" && anyEligible(list) {
		if sticky, err = r.Store.ServedBy(ctx, cv.ID, now.Add(-StickyFor)); err != nil {
			return err
		}
	}
	step := RingStep(cv, sticky, mb.Ring, list, now)
	if step.End != "" {
		return r.endOffer(ctx, cv.ID, cv.Offer.Agent, cv.Offer.Ring, step.End)
	}
	if step.Offer == "" {
		return nil
	}
	events, err := r.Store.Offer(ctx, cv.ID, step.Offer, cv.Version, step.Until, now)
	switch CodeOf(err) {
	case "":
		r.publish(ctx, events...)
		return nil
	case "conflict", "at_capacity", "forbidden", "conversation_closed", "already_claimed":
		r.wake() // somebody was faster; look again
		return nil
	}
	return err
}

// overflow moves a chat to where somebody is; while nobody is there either, it stays.
func (r *Runner) overflow(ctx context.Context, cv Conversation, mb Mailbox, now time.Time) error {
	to, err := r.Store.Mailbox(ctx, mb.Overflow)
	if CodeOf(err) == "not_found" || err == nil && to.Host != mb.Host {
		return nil // a mailbox of another host would put it before another gate
	}
	if err != nil {
		return err
	}
	if err := r.reachable(ctx, to, now); err != nil {
		if c := CodeOf(err); c == "mailbox_closed" || c == "nobody_available" {
			return nil
		}
		return err
	}
	events, err := r.Store.Overflow(ctx, cv.ID, cv.Version, to.ID, now)
	if err != nil && CodeOf(err) != "conflict" {
		return err
	}
	r.publish(ctx, events...)
	r.wake()
	return nil
}

// jobs runs what is due, one after the other.
func (r *Runner) jobs(ctx context.Context, lease leaseFunc) error {
	for ctx.Err() == nil {
		now, err := r.Store.Now(ctx)
		if err != nil {
			return err
		}
		j, ok, err := lease(ctx, r.Node, jobLease, now)
		if err != nil || !ok {
			return err
		}
		if r.OnJob != nil {
			r.OnJob(now.Sub(j.Due))
		}
		err = r.do(ctx, j)
		if now, e := r.Store.Now(ctx); e != nil {
			return e
		} else if err := r.settleJob(ctx, j, err, now); err != nil {
			return err
		}
	}
	return nil
}

// settleJob finishes, retries or stops a job by what became of it.
func (r *Runner) settleJob(ctx context.Context, j Job, err error, now time.Time) error {
	switch code := CodeOf(err); code {
	case "":
		return r.Store.FinishJob(ctx, j.ID, r.Node, now)
	case "invalid", "not_found", "gone", "unsupported", "forbidden":
		r.Log.Error("job stopped", "job", j.ID, "code", code, "err", err)
		return r.stopJob(ctx, j, code, now)
	case "too_many": // of its mailbox's mails: it waits for its turn
		return r.Store.RetryJob(ctx, j.ID, r.Node, now.Add(time.Minute), code)
	default:
		wait, over := Backoff(j.Attempts, j.Since, now)
		if over && j.Kind.ends() {
			r.Log.Error("job given up", "job", j.ID, "code", code, "attempts", j.Attempts, "err", err)
			return r.stopJob(ctx, j, code, now)
		}
		r.Log.Warn("job again", "job", j.ID, "code", code, "attempts", j.Attempts, "err", err)
		return r.Store.RetryJob(ctx, j.ID, r.Node, now.Add(wait), code)
	}
}

// stopJob ends a job that will not succeed. Of a mail its ticket is told first: told twice is once.
func (r *Runner) stopJob(ctx context.Context, j Job, code string, now time.Time) error {
	if j.Kind == JobMail {
		events, err := r.Store.Bounced(ctx, j.message(), Bounce{Code: code}, now)
		if err != nil && CodeOf(err) != "not_found" {
			return err
		}
		r.publish(ctx, events...)
	}
	return r.Store.StopJob(ctx, j.ID, r.Node, code, now)
}

// do runs one job; each kind is safe to run twice.
func (r *Runner) do(ctx context.Context, j Job) error {
	switch j.Kind {
	case JobMissed, JobRing, JobWindow:
		r.wake() // the sweep reads the row and decides
		return nil
	case JobMail:
		return r.sendMail(ctx, j)
	case JobConfirm:
		return r.confirm(ctx, j)
	case JobPart:
		return r.departJob(ctx, j)
	case JobSent:
		return r.countSent(ctx, j)
	case JobCountHelp:
		return r.countHelp(ctx)
	case JobIdle:
		return r.idle(ctx, j)
	case JobSnooze:
		return r.wakeUp(ctx, j)
	case JobFile:
		return r.dropLoose(ctx, j)
	case JobLetter:
		return r.letter(ctx, j)
	case JobAlarms:
		return r.alarms(ctx)
	case JobAlarm:
		return r.alarm(ctx, j)
	case JobUrgent:
		return r.escalateAtOnce(ctx, j)
	case JobReport:
		return r.mailReport(ctx, j)
	case JobInactive:
		return r.inactive(ctx)
	case JobClock:
		return r.keepClocks(ctx, j)
	case JobHook:
		return r.deliver(ctx, j)
	case JobReconcile:
		return r.reconcile(ctx)
	case JobClaimed:
		return r.tellClaimed(ctx, j)
	case JobTranscript:
		return r.tellTranscript(ctx, j)
	case JobRelease, JobSettle, JobNotice:
		return r.gateJob(ctx, j)
	}
	return Invalid("job")
}

// mailJob is the payload of a mail job.
type mailJob struct {
	Message ID `json:"message"`
}

// message names the mail that a mail job is about.
func (j Job) message() ID {
	var p mailJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Message == "" {
		return ID(strings.TrimPrefix(j.ID, "mail:"))
	}
	return p.Message
}

func (r *Runner) sendMail(ctx context.Context, j Job) error {
	m, err := r.Store.Mail(ctx, j.message())
	if err != nil {
		return err
	}
	if err := r.mayMail(ctx, m); err != nil {
		return err
	}
	if err := r.Mail.Send(ctx, m); err != nil {
		return r.never(ctx, m, err)
	}
	now, err := r.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := r.Store.Delivered(ctx, m.ID, now)
	if err != nil {
		return err
	}
	r.publish(ctx, events...)
	return nil
}
