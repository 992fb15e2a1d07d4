package web

import (
	"bytes"
	"context"
	"crypto/subtle"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// MetricsAccess is who may read /metrics. The zero value lets nobody in.
type MetricsAccess struct {
	Allow []netip.Prefix // by address, and only if no proxy that is not trusted stands between
	Token string         // bearer token; "" = none
}

// Meter counts what happens on a node, for Prometheus. No label holds an id. Make it with NewMeter; nil counts no events
// and no errors.
type Meter struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	errors   *prometheus.CounterVec
	reply    prometheus.Histogram
	commit   prometheus.Histogram
	batch    prometheus.Histogram
	delay    prometheus.Histogram
	lag      prometheus.Histogram
}

// NewMeter makes a meter in which every error code stands at 0.
func NewMeter() *Meter {
	fast := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	m := &Meter{
		registry: prometheus.NewRegistry(),
		events:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postern_events_total", Help: "Events that this gateway stored, by kind."}, []string{"kind"}),
		errors:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postern_errors_total", Help: "Refusals and failures of commands and requests, by code."}, []string{"code"}),
		reply:    histogram("postern_reply_seconds", "From a command's arrival to its reply.", fast),
		commit:   histogram("postern_commit_seconds", "Time of one transaction that stores messages.", fast),
		batch:    histogram("postern_commit_batch", "Appends in one such transaction.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000}),
		delay:    histogram("postern_job_delay_seconds", "How much later than due a job began.", []float64{.1, .25, .5, 1, 2.5, 5, 15, 60, 300, 900, 3600}),
		lag:      histogram("postern_hint_lag_seconds", "From an event's time in the database to its hint here, differences of clocks included.", fast),
	}
	for _, c := range codes() {
		m.errors.WithLabelValues(c)
	}
	m.registry.MustRegister(m.events, m.errors, m.reply, m.commit, m.batch, m.delay, m.lag,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Commit counts one transaction of the store's committers.
func (m *Meter) Commit(appends int, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.batch.Observe(float64(appends))
}

// Job counts a job that begins.
func (m *Meter) Job(late time.Duration) { m.delay.Observe(max(0, late.Seconds())) }

// stored counts events by the kind in their frames. It must cost next to nothing: it stands in the way of every message.
func (m *Meter) stored(list []gateway.Emitted) {
	if m == nil { // a server without a listener counts nothing
		return
	}
	for _, h := range list {
		if kind := between(h.Event, `"ev":"`, '"'); len(kind) > 0 {
			m.events.WithLabelValues(string(kind)).Inc()
		}
	}
}

// between gives what stands after the first mark up to end. An event's frame begins with its id and its kind.
func between(text []byte, mark string, end byte) []byte {
	i := bytes.Index(text, []byte(mark))
	if i < 0 {
		return nil
	}
	text = text[i+len(mark):]
	return text[:max(0, bytes.IndexByte(text, end))]
}

// refused counts an answer that is an error.
func (m *Meter) refused(code string) {
	if m != nil {
		m.errors.WithLabelValues(code).Inc()
	}
}

// meteredBus measures how late hints are.
type meteredBus struct {
	gateway.Bus
	meter *Meter
	now   func() time.Time
}

// Subscribe passes hints on; an event's frame ends with its time.
func (b meteredBus) Subscribe(topic string, fn func(gateway.Hint)) (cancel func()) {
	return b.Bus.Subscribe(topic, func(h gateway.Hint) {
		if i := bytes.LastIndex(h.Event, []byte(`"at":`)); i >= 0 {
			if at, err := strconv.ParseInt(string(bytes.TrimSuffix(h.Event[i+len(`"at":`):], []byte("}"))), 10, 64); err == nil {
				b.meter.lag.Observe(max(0, b.now().Sub(time.UnixMilli(at)).Seconds()))
			}
		}
		fn(h)
	})
}

// state is what is asked for at each scrape: the database's and the bus's, and this node's sockets.
type state struct {
	s     *Server
	descs map[string]*prometheus.Desc
}

// scrapeLimit is how long a scrape waits for database and bus together.
const scrapeLimit = 2 * time.Second

func newState(s *Server) *state {
	x := &state{s: s, descs: map[string]*prometheus.Desc{}}
	for name, help := range map[string]string{
		"postern_connections":        "Open websockets of this gateway.",
		"postern_connections_limit":  "limits.connections.",
		"postern_database_up":        "1 = the database answers.",
		"postern_bus_up":             "1 = Redis answers; always 1 with one gateway.",
		"postern_queue":              "Conversations that wait for an agent, of all gateways.",
		"postern_queue_wait_seconds": "How long the oldest of them has waited.",
		"postern_jobs_due":           "Jobs that are due and not done, of all gateways.",
	} {
		x.descs[name] = prometheus.NewDesc(name, help, nil, nil)
	}
	return x
}

// Describe implements prometheus.Collector.
func (x *state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range x.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector. What the database does not say is left out.
func (x *state) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(x.s.base, scrapeLimit)
	defer cancel()
	say := func(name string, v float64) {
		out <- prometheus.MustNewConstMetric(x.descs[name], prometheus.GaugeValue, v)
	}
	say("postern_connections", float64(x.s.sockets.Count()))
	say("postern_connections_limit", float64(x.s.opt.Limits.Sockets))
	_, err := x.s.svc.Presences(ctx)
	say("postern_bus_up", truth(err == nil))
	now, err := x.s.svc.Store.Now(ctx)
	say("postern_database_up", truth(err == nil))
	if err != nil {
		return
	}
	if due, err := x.s.svc.Store.JobsDue(ctx, now); err == nil {
		say("postern_jobs_due", float64(due))
	}
	queue, err := x.s.svc.Store.Queue(ctx, nil)
	if err != nil {
		return
	}
	say("postern_queue", float64(len(queue)))
	wait := time.Duration(0)
	if len(queue) > 0 {
		wait = now.Sub(queue[0].QueuedAt)
	}
	say("postern_queue_wait_seconds", wait.Seconds())
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// metricsRoute answers scrapes. Who may not read gets the same answer as for any page that does not exist.
func (s *Server) metricsRoute() fiber.Handler {
	serve := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(s.meter.registry, promhttp.HandlerOpts{DisableCompression: true}))
	return func(c *fiber.Ctx) error {
		if !s.mayScrape(c) {
			return gateway.NotFound()
		}
		serve(c.Context())
		c.Set(fiber.HeaderCacheControl, "no-store")
		return nil
	}
}

func (s *Server) mayScrape(c *fiber.Ctx) bool {
	if given, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), bearerStart); ok && s.opt.Metrics.Token != "" {
		return subtle.ConstantTimeCompare([]byte(given), []byte(s.opt.Metrics.Token)) == 1
	}
	peer, err := netip.ParseAddrPort(c.Context().RemoteAddr().String())
	if err != nil {
		return false
	}
	at := peer.Addr().Unmap()
	forwarded := c.Get(fiber.HeaderXForwardedFor) != "" || c.Get("Forwarded") != ""
	if forwarded && !isTrusted(at, s.opt.Trusted) {
		return false // a proxy whose word does not count: its own address says nothing of who asks
	}
	return isTrusted(s.client(c, at), s.opt.Metrics.Allow)
}
