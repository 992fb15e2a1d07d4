package web

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/verify"
)

// Passes makes and checks the visitors' 60-second passes (gateway/token).
type Passes interface {
	Make(visitor gateway.ID, now time.Time) (pass string, until time.Time)
	Check(pass string, now time.Time) (gateway.ID, error)
}

// Passwords hashes and checks, and makes tokens (gateway/token).
type Passwords interface {
	Hash(password string) (phc string, err error)
	Check(phc, password string) bool
	Token() (token string, err error)
	TokenHash(token string) string
}

// Options is what cmd joins. Service to Log are needed.
type Options struct {
	Service   *gateway.Service
	Passes    Passes
	Passwords Passwords
	Passkeys  Passkeys // nil = there are none: what is sensitive is not offered
	PublicURL *url.URL // host, scheme and origin; never taken from a header
	Node      string   // unique per process
	Log       *slog.Logger

	Trusted []netip.Prefix           // proxies whose X-Forwarded-For counts
	Assets  fs.FS                    // the built UI; nil = "run make ui"
	Help    *help.Pages              // the public help centers; nil = there are none
	Sources map[string]verify.Source // login events by source name
	Keys    func() []verify.Key      // receipt keys to publish
	Popups  map[string]bool          // hosts whose login may open in a window of its own
	Limits  Limits
	Metrics MetricsAccess
	Meter   *Meter // nil = one of the server's own
	// Checkpoint is the newest signed checkpoint of the log; nil = none yet.
	Checkpoint func() []byte
	// Bundle writes the log of changes so that it can be checked elsewhere; nil = not offered.
	Bundle   func(ctx context.Context, w io.Writer, part verify.BundlePart) error
	SpoolDir string // "" = no spool viewer
	// Ready says what this node still waits for; nil = nothing.
	Ready func() error
	// SmartHost says that mails leave; without one they stay in a folder, and the overview says so.
	SmartHost bool
	// SignEvent signs a test event as the source would; false for a source it does not know.
	SignEvent func(source, id string, at time.Time, body []byte) (http.Header, bool)
	// Staff simulates how many agents a load needs; nil = not offered.
	Staff func(q gateway.Staffing) gateway.Staffed
}

// Limits are walls against overload, per node.
type Limits struct {
	Sockets           int     // open websockets
	SocketsPerAddress int     // of one client address
	Commands          float64 // a second and person, over a while; four seconds' worth at once
	FileBytes         int64   // of one upload; 0 = gateway.MaxFilesBytes
	Memory            int64   // bytes of this process; near them nobody new comes in; 0 = no ceiling
}

// Server is the one listener of a node.
type Server struct {
	svc      *gateway.Service
	opt      Options
	log      *slog.Logger
	node     string
	app      *fiber.App
	hub      *Hub
	presence *presence
	toucher  *toucher
	sockets  *registry
	limits   *limits
	ui       *ui
	seen     *lastEvents
	meter    *Meter
	checked  atomic.Pointer[checkedLog]
	bundling sync.Mutex // one at a time: each is a temporary file as large as the log
	staffed  sync.Mutex // one simulation at a time

	base context.Context // of every request; ends with the server
	stop context.CancelFunc
	work sync.WaitGroup

	mu       sync.Mutex // listener, down
	listener net.Listener
	down     bool
}

// Limits of the listener (architecture.md §10).
const (
	bodyLimit   = 1 << 20
	readBuffer  = 16 << 10
	readTimeout = 10 * time.Second
	idleTimeout = 75 * time.Second // above the 60 s at which proxies cut
	maxPlain    = 16_384           // connections that are no websockets, or not yet; each costs about 25 KB
)

// New makes a server; nothing listens yet. Errors: invalid for a UI that cannot be read.
func New(ctx context.Context, opt Options) (*Server, error) {
	ui, err := newUI(opt.Assets)
	if err != nil {
		return nil, err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{svc: opt.Service, opt: opt, log: opt.Log, node: opt.Node, ui: ui, base: work, stop: stop, limits: newLimits(opt.Limits, opt.Service.Now), seen: newLastEvents(), meter: opt.Meter}
	if s.meter == nil {
		s.meter = NewMeter()
	}
	s.hub = NewHub(opt.Service.Store, meteredBus{opt.Service.Bus, s.meter, opt.Service.Now}, func(doing string, err error) {
		s.log.Error(doing, "code", gateway.CodeOf(err), "err", err)
	})
	s.hub.node = opt.Node
	s.presence, s.toucher, s.sockets = newPresence(s), newToucher(s.hub, opt.Service.Store, opt.Service.Bus.Publish), newRegistry(work)
	opt.Service.Emit, opt.Service.Touched = s.emit, s.toucher.touched
	s.sockets.bound(opt.Limits.Sockets, opt.Limits.SocketsPerAddress)
	s.sockets.memory = newMemory(opt.Limits.Memory, opt.Service.Now)
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage: true, BodyLimit: bodyLimit, ReadBufferSize: readBuffer, ReadTimeout: readTimeout,
		IdleTimeout: idleTimeout, Concurrency: maxPlain, WriteTimeout: time.Minute, ErrorHandler: s.failed, Immutable: true, StreamRequestBody: false,
	})
	if err := s.meter.registry.Register(newState(s)); err != nil {
		return nil, gateway.Internal("register metrics", err)
	}
	prepareSockets(s.app)
	s.routes()
	s.goDo(work, s.presence.run)
	s.goDo(work, s.presence.tell)
	s.goDo(work, s.toucher.run)
	s.goDo(work, s.sweep)
	return s, nil
}

// emit hands what this node stored to its sockets. What an agent declares, its visitors are told at once.
func (s *Server) emit(list []gateway.Emitted) {
	s.hub.Emit(list)
	s.meter.stored(list)
	for _, h := range list {
		var e struct {
			Kind gateway.Kind `json:"ev"`
		}
		if gateway.ID(h.Topic).Is(gateway.PrefixMailbox) && json.Unmarshal(h.Event, &e) == nil && e.Kind == (gateway.AvailabilityChanged{}).Kind() {
			s.presence.look()
			return
		}
	}
}

func (s *Server) goDo(ctx context.Context, run func(context.Context)) {
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		run(ctx)
	}()
}

// Serve answers on the listener until Shutdown, and not at all if that came first.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	down := s.down
	s.mu.Unlock()
	if down {
		return l.Close()
	}
	return s.app.Listener(bounded(l, s.opt.Trusted, plainPerSocket*s.opt.Limits.SocketsPerAddress))
}

// deafen closes the listener: Fiber knows it only once it has begun to serve, which may be after its own shutdown.
func (s *Server) deafen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
	if s.listener != nil {
		_ = s.listener.Close() // closed already after an ordinary shutdown
	}
}

// Shutdown refuses newcomers, tells every socket to come back, and ends this server's goroutines. Sockets
// are closed over at most five seconds, or until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	n := s.sockets.Count()
	restart, err := signal("server.restarting", map[string]int64{"within_ms": comeBack(n).Milliseconds()})
	if err != nil {
		return gateway.Internal("encode signal", err)
	}
	s.sockets.shutdown(ctx, min(5*time.Second, time.Duration(n)*time.Millisecond), func(c *conn) { c.Send(restart) })
	err = s.app.ShutdownWithContext(ctx)
	s.deafen()
	s.stop()
	s.work.Wait()
	return err
}

// comeBack is the time over which so many clients come back, each at a moment of its own choice: what a gateway can
// greet meanwhile, and never so long that people wait.
func comeBack(clients int) time.Duration {
	return min(max(time.Second, time.Duration(clients)*time.Millisecond), 8*time.Second)
}

// sweep finds what no hint told: after a gap of the bus, and every two seconds anyway.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(gateway.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.svc.Bus.Gaps():
		}
		if err := s.hub.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweep heads", "code", gateway.CodeOf(err))
		}
	}
}

// limits are this node's token buckets (proof-gate.md T18, product.md P136).
type limits struct {
	now        func() time.Time
	frames     rate // of one connection, whatever they are
	commands   *limiter[string]
	starts     *limiter[string]
	challenges *limiter[string]
	logins     *limiter[string]
	logReads   *limiter[string]
	uploads    *limiter[string]
	ratings    *limiter[string]
}

const limitKeys = 100_000

func newLimits(l Limits, now func() time.Time) *limits {
	return &limits{
		now:        now,
		frames:     rate{PerSecond: 4 * l.Commands, Burst: 16 * l.Commands},
		commands:   newLimiter[string](rate{PerSecond: l.Commands, Burst: 4 * l.Commands}, limitKeys),
		starts:     newLimiter[string](rate{PerSecond: 0.2, Burst: 20}, limitKeys),
		challenges: newLimiter[string](rate{PerSecond: 0.1, Burst: 20}, limitKeys),
		logins:     newLimiter[string](rate{PerSecond: 0.1, Burst: 10}, limitKeys),
		logReads:   newLimiter[string](rate{PerSecond: 50, Burst: 500}, limitKeys),
		uploads:    newLimiter[string](rate{PerSecond: 20, Burst: 60}, limitKeys),
		ratings:    newLimiter[string](rate{PerSecond: 0.1, Burst: 20}, limitKeys),
	}
}

func (l *limits) command(key string) bool   { return l.take(l.commands, key) }
func (l *limits) start(key string) bool     { return l.take(l.starts, key) }
func (l *limits) challenge(key string) bool { return l.take(l.challenges, key) }
func (l *limits) login(key string) bool     { return l.take(l.logins, key) }
func (l *limits) logRead(key string) bool   { return l.take(l.logReads, key) }
func (l *limits) upload(key string) bool    { return l.take(l.uploads, key) }
func (l *limits) rating(key string) bool    { return l.take(l.ratings, key) }

func (l *limits) take(b *limiter[string], key string) bool {
	ok, _ := b.take(key, l.now())
	return ok
}
