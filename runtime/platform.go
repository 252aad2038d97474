package runtime

import (
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// MachinePlatform is what jobs run on unless told otherwise: containers of this
// machine's kind, whatever system the editor runs on.
func MachinePlatform() ocispecs.Platform {
	p := platforms.DefaultSpec()
	p.OS, p.OSVersion, p.OSFeatures = "linux", "", nil
	return p
}
