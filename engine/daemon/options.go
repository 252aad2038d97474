package daemon

import (
	"flag"
	"path/filepath"
	"time"
)

// Network is how containers reach the network when a step does not say.
type Network string

// The networks a daemon can give to steps.
const (
	// NetworkAuto uses CNI where it is configured and the host's otherwise,
	// as upstream does: a step can then reach whatever the machine can,
	// including services on its loopback.
	NetworkAuto Network = ""
	// NetworkHost shares the machine's network.
	NetworkHost Network = "host"
	// NetworkBridge needs the CNI bridge plugins.
	NetworkBridge Network = "bridge"
	// NetworkNone gives steps a loopback and nothing else.
	NetworkNone Network = "none"
)

// stage is which of the daemon's processes this is.
type stage string

const (
	// stageForeground starts the server, waits for it, and ends it.
	stageForeground stage = ""
	// stageLaunch starts the server and leaves.
	stageLaunch stage = "launch"
	// stageServe is the server, inside its namespaces.
	stageServe stage = "serve"
)

// Options say where a daemon lives and how it behaves. Clients that share a
// root share the daemon, and the options of the one that started it hold.
type Options struct {
	// Root is the private directory of all state, absolute.
	Root string
	// Socket is the unix socket's path; empty takes buildkitd.sock in Root.
	Socket string
	// Runtime is the path of the OCI runtime; see FindRuntime.
	Runtime string
	// Idle is how long the daemon outlives its last connection; zero is for
	// ever.
	Idle time.Duration
	// Network is what steps get.
	Network Network
	// Offline cuts the daemon itself off: its network namespace has nothing
	// but a loopback, so no registry can be asked.
	Offline bool
	// Command is the argv, without flags, that runs Serve in a new process.
	Command []string
	// OnCall, if set, is told the full name of every RPC the server gets. It
	// does not cross into a child: whoever runs Serve sets it there.
	OnCall func(method string)

	stage stage
	ready bool
}

// Flags declares the flags that carry Options from Ensure into the process
// that runs Serve.
func Flags(fs *flag.FlagSet, o *Options) {
	fs.StringVar(&o.Root, "root", o.Root, "private `directory` of all state")
	fs.StringVar(&o.Socket, "socket", o.Socket, "unix socket `path` (default <root>/"+socketName+")")
	fs.StringVar(&o.Runtime, "oci-runtime", o.Runtime, "`path` of the OCI runtime")
	fs.DurationVar(&o.Idle, "idle", o.Idle, "exit this `long` after the last connection; 0 is never")
	fs.StringVar((*string)(&o.Network), "network", string(o.Network), "network of steps: host, bridge, none; empty picks CNI or host")
	fs.BoolVar(&o.Offline, "offline", o.Offline, "give the daemon a loopback and no other network")
	fs.StringVar((*string)(&o.stage), "stage", string(o.stage), "internal: which process of the daemon this is")
	fs.BoolVar(&o.ready, "ready", o.ready, "internal: report on file descriptor 3")
}

// argv is the command line that hands o to a child at the given stage.
func (o Options) argv(s stage, ready bool) []string {
	args := append([]string{}, o.Command...)
	args = append(args, "--root="+o.Root, "--socket="+o.Socket, "--oci-runtime="+o.Runtime,
		"--idle="+o.Idle.String(), "--network="+string(o.Network), "--stage="+string(s))
	if o.Offline {
		args = append(args, "--offline")
	}
	if ready {
		args = append(args, "--ready")
	}
	return args
}

const (
	socketName    = "buildkitd.sock"
	lockName      = "daemon.lock"
	startLockName = "start.lock"
	logName       = "daemon.log"
	tmpName       = "tmp"
)

// withDefaults fills what may be left out.
func (o Options) withDefaults() Options {
	if o.Socket == "" && o.Root != "" {
		o.Socket = filepath.Join(o.Root, socketName)
	}
	return o
}

// Addr is where the daemon of o listens, in BuildKit's form.
func (o Options) Addr() string { return "unix://" + o.withDefaults().Socket }

// LogPath is the file the daemon writes its log to.
func (o Options) LogPath() string { return filepath.Join(o.Root, logName) }
