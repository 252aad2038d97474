package solve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	_ "github.com/moby/buildkit/client/connhelper/dockercontainer" // docker-container://
	_ "github.com/moby/buildkit/client/connhelper/kubepod"         // kube-pod://
	_ "github.com/moby/buildkit/client/connhelper/podmancontainer" // podman-container://
	_ "github.com/moby/buildkit/client/connhelper/ssh"             // ssh://
	"google.golang.org/grpc"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

const (
	// dialTimeout bounds the question whether somebody listens on a local
	// socket.
	dialTimeout = time.Second
	// pingTimeout bounds the question whether a daemon is still there.
	pingTimeout = 3 * time.Second
	// idleTimeout lets go of a connection that nothing uses, so that the
	// embedded daemon can end while an editor stays open.
	idleTimeout = 30 * time.Second
)

// LocalSocket is where a machine's own BuildKit daemon listens.
const LocalSocket = "/run/buildkit/buildkitd.sock"

// Options say which BuildKit to use. The first that is there wins, in the
// order of the fields.
type Options struct {
	// Address is what the user set.
	Address string
	// EnvAddress is the value of BUILDKIT_HOST.
	EnvAddress string
	// LocalSockets are sockets of local daemons, taken if they accept.
	LocalSockets []string
	// Embedded starts a daemon of our own; nil does not.
	Embedded *daemon.Options
	// TLS is for tcp:// addresses.
	TLS TLS
}

// TLS names the files that secure a tcp:// connection. All empty is none.
type TLS struct {
	CA, Cert, Key string
	// ServerName is checked in the server's certificate; empty takes the
	// address's host.
	ServerName string
}

// Choice is the BuildKit that was picked, and why.
type Choice struct {
	Addr string
	// From says in words where the address comes from.
	From string
}

// UnreachableError says that no BuildKit answers.
type UnreachableError struct {
	Choice
	Hint  string
	Cause error
}

func (e *UnreachableError) Error() string {
	if e.Addr == "" {
		return "no BuildKit: " + e.Cause.Error()
	}
	return fmt.Sprintf("the BuildKit at %s (%s) does not answer: %v", e.Addr, e.From, e.Cause)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Cause }

// LostError says that BuildKit went away in the middle of a job.
type LostError struct {
	Choice
	Cause error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the BuildKit at %s (%s) went away during the job", e.Addr, e.From)
}

// Unwrap gives the cause.
func (e *LostError) Unwrap() error { return e.Cause }

// Pick finds the BuildKit to use, and starts the embedded one if it is to be
// that. Only the embedded one is known to answer.
func (o Options) Pick(ctx context.Context) (Choice, error) {
	if o.Address != "" {
		return Choice{Addr: o.Address, From: "from the settings"}, nil
	}
	if o.EnvAddress != "" {
		return Choice{Addr: o.EnvAddress, From: "from BUILDKIT_HOST"}, nil
	}
	for _, s := range o.LocalSockets {
		if accepts(ctx, s) {
			return Choice{Addr: "unix://" + s, From: "a daemon on this machine"}, nil
		}
	}
	if o.Embedded == nil {
		return Choice{}, &UnreachableError{
			Cause: errors.New("none is set, none runs on this machine, and the embedded one is off"),
			Hint:  "set a BuildKit address, such as docker-container://buildkitd",
		}
	}
	addr, err := daemon.Ensure(ctx, *o.Embedded)
	if err != nil {
		e := &UnreachableError{Cause: err}
		var u *daemon.UnavailableError
		if errors.As(err, &u) {
			e.Hint = u.Hint
		}
		return Choice{}, e
	}
	return Choice{Addr: addr, From: "the embedded daemon"}, nil
}

func accepts(ctx context.Context, socket string) bool {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// dial makes a client; it connects at the first call.
func (o Options) dial(ctx context.Context, addr string) (*client.Client, error) {
	opts := []client.ClientOpt{client.WithGRPCDialOption(grpc.WithIdleTimeout(idleTimeout))}
	if t := o.TLS; t != (TLS{}) && strings.HasPrefix(addr, "tcp://") {
		if t.CA == "" {
			opts = append(opts, client.WithServerConfigSystem(t.ServerName))
		} else {
			opts = append(opts, client.WithServerConfig(t.ServerName, t.CA))
		}
		if t.Cert != "" || t.Key != "" {
			opts = append(opts, client.WithCredentials(t.Cert, t.Key))
		}
	}
	return client.New(ctx, addr, opts...)
}

// Worker is what one of a BuildKit's workers says of itself.
type Worker struct {
	Platforms []string
	Labels    map[string]string
}

// Probe asks the BuildKit that would be used for its workers; for `doctor`.
func (o Options) Probe(ctx context.Context) (Choice, []Worker, error) {
	choice, err := o.Pick(ctx)
	if err != nil {
		return choice, nil, err
	}
	c, err := o.dial(ctx, choice.Addr)
	if err != nil {
		return choice, nil, &UnreachableError{Choice: choice, Cause: err}
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	infos, err := c.ListWorkers(ctx)
	if err != nil {
		return choice, nil, &UnreachableError{Choice: choice, Cause: err}
	}
	workers := make([]Worker, len(infos))
	for i, w := range infos {
		workers[i].Labels = w.Labels
		for _, p := range w.Platforms {
			workers[i].Platforms = append(workers[i].Platforms, formatPlatform(p))
		}
	}
	return choice, workers, nil
}
