//go:build linux

package enginetest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

// marker is the first argument of a test binary that is to be a daemon.
const marker = "enginetest-daemon"

// idle bounds the life of a daemon whose test was killed.
const idle = time.Minute

// Config varies the daemon of a test.
type Config struct {
	// Root is the daemon's directory; empty takes a new one.
	Root string
	// Idle is how long it outlives its last connection.
	Idle time.Duration
	// Registry runs image registries beside it: at RegistryHost an open one,
	// at BasicHost and TokenHost those for RegistryUser.
	Registry bool
	// Site is a folder whose files are served beside it at SiteHost, git
	// repositories below it as /git/NAME.
	Site string
	// Token opens what is served below /private/ too; empty takes Token.
	Token string
	// SSH serves the site's git repositories at SSHHost as well.
	SSH *SSH
}

// setting crosses into the child as its second argument.
type setting struct {
	Calls    string
	Registry bool
	Tokens   tokens
	Site     string
	Token    string
	SSH      *sshSetting
}

// Main runs the tests, or the daemon when this process is to be one.
func Main(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == marker {
		if err := run(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run(config string, args []string) error {
	var set setting
	if err := json.Unmarshal([]byte(config), &set); err != nil {
		return fmt.Errorf("read the test daemon's setting: %w", err)
	}
	o := daemon.Options{Command: os.Args[:3]}
	fs := flag.NewFlagSet(marker, flag.ContinueOnError)
	daemon.Flags(fs, &o)
	if err := fs.Parse(args); err != nil {
		return err
	}
	log, err := os.OpenFile(set.Calls, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of calls: %w", err)
	}
	defer log.Close()
	var mu sync.Mutex
	o.OnCall = func(method string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(log, method)
	}
	if os.Getpid() == 1 { // in the server's own namespaces
		if err := set.serve(); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return daemon.Serve(ctx, o)
}

// Server is a running daemon.
type Server struct {
	// Addr is its address in BuildKit's form.
	Addr string
	// Options are those it was started with.
	Options daemon.Options
	// PID is the server's process.
	PID int

	calls string
}

// Start starts a daemon for the length of the test.
func Start(tb testing.TB, c Config) *Server {
	tb.Helper()
	s := &Server{Options: Options(tb, c)}
	s.calls = callsPath(s.Options.Root)
	addr, err := daemon.Ensure(tb.Context(), s.Options)
	if err != nil {
		tb.Fatalf("start a test daemon: %v\n%s", err, s.Log())
	}
	s.Addr = addr
	if s.PID, err = daemon.PID(tb.Context(), s.Options.Socket); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Options are those of a test daemon that is not started yet. Whatever daemon
// runs with them at the end of the test is ended.
func Options(tb testing.TB, c Config) daemon.Options {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("SKIPPED: a real BuildKit needs root")
	}
	if c.Root == "" {
		c.Root = tempDir(tb)
	}
	if c.Idle == 0 {
		c.Idle = idle
	}
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	own := setting{Calls: callsPath(c.Root), Registry: c.Registry, Site: c.Site, Token: cmp.Or(c.Token, Token)}
	if c.SSH != nil {
		own.SSH = &c.SSH.setting
	}
	if c.Registry {
		own.Tokens = newTokens(tb)
	}
	set, err := json.Marshal(own)
	if err != nil {
		tb.Fatal(err)
	}
	o := daemon.Options{
		Root: c.Root, Socket: filepath.Join(c.Root, "buildkitd.sock"), Runtime: Runtime(tb),
		Idle: c.Idle, Offline: true, Command: []string{exe, marker, string(set)},
	}
	tb.Cleanup(func() { end(tb, o) })
	return o
}

// end kills the daemon of o, if there is one, and waits until it is gone.
func end(tb testing.TB, o daemon.Options) {
	pid, err := daemon.PID(context.Background(), o.Socket)
	if err != nil {
		return
	}
	Kill(tb, pid, syscall.SIGTERM)
}

func callsPath(root string) string { return filepath.Join(root, "calls.log") }

// Calls counts the RPCs the daemon got so far, by full method name.
func (s *Server) Calls(tb testing.TB) map[string]int {
	tb.Helper()
	f, err := os.Open(s.calls)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		counts[sc.Text()]++
	}
	return counts
}

// Solves counts what the issue counts: builds begun on the daemon, and solves
// inside them.
func (s *Server) Solves(tb testing.TB) (builds, solves int) {
	tb.Helper()
	c := s.Calls(tb)
	return c["/moby.buildkit.v1.Control/Solve"], c["/moby.buildkit.v1.frontend.LLBBridge/Solve"]
}

// Log is the daemon's own log.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.Options.LogPath())
	if err != nil {
		return err.Error()
	}
	return string(b)
}
