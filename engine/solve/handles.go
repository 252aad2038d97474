package solve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	bksession "github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Stream is a unix socket of the user's machine.
type Stream struct {
	// Socket is its path.
	Socket string
	// Agent says that an ssh agent listens there: containers may sign with its
	// keys, and neither add nor remove any.
	Agent bool
}

// Handles are the secrets and streams of a job, by the ids in its LLB.
type Handles struct {
	Secrets map[string][]byte
	Streams map[string]Stream
}

// handles serves them to the daemon: none until the job is lowered, then
// exactly those that its passes have named.
type handles struct {
	// named belongs to the goroutine that adds.
	named map[string]Stream

	mu      sync.Mutex
	secrets map[string][]byte
	streams sshforward.SSHServer
}

func (h *handles) add(given Handles) error {
	if h.named == nil {
		h.named = map[string]Stream{}
	}
	maps.Copy(h.named, given.Streams)
	var confs []sshprovider.AgentConfig
	for _, id := range slices.Sorted(maps.Keys(h.named)) {
		s := h.named[id]
		confs = append(confs, sshprovider.AgentConfig{ID: id, Paths: []string{s.Socket}, Raw: !s.Agent})
	}
	p, err := sshprovider.NewSSHAgentProvider(confs)
	if err != nil {
		return fmt.Errorf("open the sockets of the job: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.secrets == nil {
		h.secrets = map[string][]byte{}
	}
	maps.Copy(h.secrets, given.Secrets)
	h.streams, _ = p.(sshforward.SSHServer)
	return nil
}

// attach lists what the session offers.
func (h *handles) attach() []bksession.Attachable {
	return []bksession.Attachable{secretsprovider.NewSecretProvider(h), h}
}

// GetSecret implements secrets.SecretStore.
func (h *handles) GetSecret(_ context.Context, id string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, ok := h.secrets[id]
	if !ok {
		return nil, secrets.ErrNotFound
	}
	return text, nil
}

// Register implements bksession.Attachable.
func (h *handles) Register(s *grpc.Server) { sshforward.RegisterSSHServer(s, h) }

func (h *handles) sockets() (sshforward.SSHServer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams == nil {
		return nil, status.Error(codes.NotFound, "the job has no sockets")
	}
	return h.streams, nil
}

// CheckAgent implements sshforward.SSHServer.
func (h *handles) CheckAgent(ctx context.Context, req *sshforward.CheckAgentRequest) (*sshforward.CheckAgentResponse, error) {
	s, err := h.sockets()
	if err != nil {
		return nil, err
	}
	return s.CheckAgent(ctx, req)
}

// ForwardAgent implements sshforward.SSHServer.
func (h *handles) ForwardAgent(stream sshforward.SSH_ForwardAgentServer) error {
	s, err := h.sockets()
	if err != nil {
		return err
	}
	return s.ForwardAgent(stream)
}
