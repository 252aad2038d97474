package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/plugins/snapshots/native"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay/overlayutils"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/moby/buildkit/executor/oci"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/disk"
	"github.com/moby/buildkit/util/network/cniprovider"
	"github.com/moby/buildkit/util/network/netproviders"
	"github.com/moby/buildkit/worker/base"
	"github.com/moby/buildkit/worker/runc"
)

// Where CNI keeps its configuration and plugins by convention.
const (
	cniConfig = "/etc/buildkit/cni.json"
	cniBin    = "/opt/cni/bin"
)

// newWorker sets up the runc worker.
func newWorker(ctx context.Context, o Options, hosts registryHosts) (*base.Worker, error) {
	np := netproviders.Opt{
		Mode: o.netMode(),
		CNI: cniprovider.Opt{
			Root: o.Root, ConfigPath: cniConfig, BinaryDir: cniBin,
			BridgeName: "dagger-lsp0", BridgeSubnet: "10.11.0.0/16",
		},
	}
	opt, err := runc.NewWorkerOpt(o.Root, snapshotter(o.Root), false, oci.ProcessSandbox, nil, nil,
		np, nil, o.Runtime, "", false, nil, "", cgroupParent(o.Root), nil)
	if err != nil {
		return nil, fmt.Errorf("set up the runc worker: %w", err)
	}
	if o.Network == NetworkNone {
		// Upstream has no mode for it; the executor shares this map.
		opt.NetworkProviders[pb.NetMode_UNSET] = opt.NetworkProviders[pb.NetMode_NONE]
	}
	opt.RegistryHosts = hosts
	setGCPolicy(&opt, o.Root)
	w, err := base.NewWorker(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("set up the worker: %w", err)
	}
	return w, nil
}

func (o Options) netMode() string {
	switch o.Network {
	case NetworkAuto:
		return "auto"
	case NetworkNone:
		return "host"
	case NetworkHost, NetworkBridge:
	}
	return string(o.Network)
}

// snapshotter takes overlayfs where the disk can, plain copies elsewhere.
func snapshotter(root string) runc.SnapshotterFactory {
	if overlayutils.Supported(root) != nil {
		return runc.SnapshotterFactory{Name: "native", New: native.NewSnapshotter}
	}
	return runc.SnapshotterFactory{
		Name: "overlayfs",
		New: func(dir string) (ctdsnapshot.Snapshotter, error) {
			s, err := overlay.NewSnapshotter(dir, overlay.AsynchronousRemove)
			if err != nil {
				return nil, err
			}
			return s, dropOrphans(s)
		},
	}
}

// dropOrphans removes the directories that a killed daemon left without a record. A
// snapshot to come would be given the same number, and fail on the directory.
func dropOrphans(s ctdsnapshot.Snapshotter) error {
	cleaner, ok := s.(ctdsnapshot.Cleaner)
	if !ok {
		return nil
	}
	// In a store that is new there is no record yet to compare with.
	if err := cleaner.Cleanup(context.Background()); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove what a killed daemon left: %w", err)
	}
	return nil
}

// setGCPolicy takes upstream's default policy: without one BuildKit never
// frees anything.
func setGCPolicy(opt *base.WorkerOpt, root string) {
	st, _ := disk.GetDiskStat(root)
	rules := config.DefaultGCPolicy(config.GCConfig{}, st)
	// Grown, not made: naming the element's type would import the client.
	opt.GCPolicy = slices.Grow(opt.GCPolicy, len(rules))[:len(rules)]
	for i, r := range rules {
		p := &opt.GCPolicy[i]
		p.Filter, p.All, p.KeepDuration = r.Filters, r.All, r.KeepDuration.Duration
		p.ReservedSpace = r.ReservedSpace.AsBytes(st)
		p.MaxUsedSpace = r.MaxUsedSpace.AsBytes(st)
		p.MinFreeSpace = r.MinFreeSpace.AsBytes(st)
	}
}

// cgroupParent keeps the containers of each root's daemon apart.
func cgroupParent(root string) string {
	sum := sha256.Sum256([]byte(root))
	return "dagger-lsp-" + hex.EncodeToString(sum[:6])
}
