package daemon_test

import (
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// A daemon is ready in well under a second, and a second Ensure finds it.
func TestEnsure(t *testing.T) {
	begin := time.Now()
	s := enginetest.Start(t, enginetest.Config{})
	took := time.Since(begin)
	t.Logf("ready in %s", took)
	if took > time.Second {
		t.Errorf("took %s to be ready", took)
	}
	begin = time.Now()
	if _, err := daemon.Ensure(t.Context(), s.Options); err != nil {
		t.Fatal(err)
	}
	t.Logf("found in %s", time.Since(begin))
	pid, err := daemon.PID(t.Context(), s.Options.Socket)
	if err != nil || pid != s.PID {
		t.Errorf("got process %d (%v), want %d", pid, err, s.PID)
	}
}
