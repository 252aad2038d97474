// Package daemon is the embedded BuildKit: a child of this binary that serves
// BuildKit's API on a private unix socket.
//
// Ensure is the client's side: it finds the running daemon of a root directory
// or starts it. Serve is the child's side, the body of `dagger-lsp daemon`.
//
// A daemon passes through up to two processes. Ensure starts a launcher, which
// starts the server and ends, so that init and not an editor becomes the
// server's parent. The server has its own session, mount and PID namespace:
// whatever ends it, kill -9 included, the kernel ends its containers and drops
// its mounts with it. Run by hand, without the launcher, the first process
// stays in the foreground and ends the server when it ends.
//
// All state lies under Options.Root: socket, locks, log, caches, snapshots and
// temporary mount points. One daemon per root, kept by a file lock.
//
// Absent on purpose: rootless mode, TCP, the containerd worker, CDI devices,
// and the host-network and insecure entitlements. A user who needs them points
// the BuildKit setting at a daemon of their own.
package daemon
