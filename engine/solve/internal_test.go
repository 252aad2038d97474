package solve

import (
	"errors"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
)

func marshal(t *testing.T, o ...llb.RunOption) *pb.Definition {
	t.Helper()
	def, err := llb.Image("x").Run(append(o, llb.Args([]string{"true"}))...).Root().Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	return def.ToPB()
}

// Rights that nobody granted are found before the daemon is asked.
func TestEntitlements(t *testing.T) {
	if err := checkEntitlements(marshal(t)); err != nil {
		t.Error(err)
	}
	for _, o := range []llb.RunOption{llb.Network(pb.NetMode_HOST), llb.Security(pb.SecurityMode_INSECURE)} {
		var e *EntitlementError
		if err := checkEntitlements(marshal(t, o)); !errors.As(err, &e) || e.Digest == "" {
			t.Errorf("got %v", err)
		}
	}
}

// The definition that was compiled stays as it is.
func TestWithoutCache(t *testing.T) {
	def := marshal(t)
	out, err := withoutCache(def)
	if err != nil {
		t.Fatal(err)
	}
	ignored := 0
	for d, md := range out.Metadata {
		if md.IgnoreCache {
			ignored++
		}
		if def.Metadata[d].GetIgnoreCache() {
			t.Error("the original was changed")
		}
	}
	if ignored != 1 {
		t.Errorf("%d vertices ignore the cache, want the command alone", ignored)
	}
}
