//go:build linux

package enginetest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSHHost is where a daemon's jobs find the site's git repositories over ssh,
// as git@SSHHost/NAME.
const SSHHost = "127.0.0.1:2222"

// SSH is a user of that server, and the server's own key.
type SSH struct {
	// Key is the user's, for an agent.
	Key agent.AddedKey
	// KnownHosts is a file with the server's key.
	KnownHosts string

	setting sshSetting
}

// sshSetting crosses into the daemon's process.
type sshSetting struct {
	// HostKey is PEM, Authorized a line of an authorized_keys file.
	HostKey, Authorized string
}

// NewSSH makes the keys of a server and its user.
func NewSSH(tb testing.TB) *SSH {
	tb.Helper()
	_, host, err := ed25519.GenerateKey(rand.Reader)
	check(tb, err)
	_, user, err := ed25519.GenerateKey(rand.Reader)
	check(tb, err)
	block, err := ssh.MarshalPrivateKey(host, "")
	check(tb, err)
	hostKey, err := ssh.NewPublicKey(host.Public())
	check(tb, err)
	userKey, err := ssh.NewPublicKey(user.Public())
	check(tb, err)
	s := &SSH{
		Key:        agent.AddedKey{PrivateKey: user, Comment: "test"},
		KnownHosts: filepath.Join(tb.TempDir(), "known_hosts"),
		setting:    sshSetting{string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(userKey))},
	}
	// As ssh writes them that hides names.
	line := knownhosts.Line([]string{knownhosts.HashHostname(knownhosts.Normalize(SSHHost))}, hostKey)
	write(tb, s.KnownHosts, "# the test's\n"+line+"\n", 0o600)
	return s
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// listenSSH serves the repositories of dir to the user.
func listenSSH(set sshSetting, dir string) error {
	host, err := ssh.ParsePrivateKey([]byte(set.HostKey))
	if err != nil {
		return fmt.Errorf("read the ssh server's key: %w", err)
	}
	user, _, _, _, err := ssh.ParseAuthorizedKey([]byte(set.Authorized))
	if err != nil {
		return fmt.Errorf("read the ssh user's key: %w", err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), user.Marshal()) {
			return nil, errors.New("not for you")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	_, port, err := net.SplitHostPort(SSHHost)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", ":"+port) // the loopback is not up yet
	if err != nil {
		return fmt.Errorf("listen for ssh: %w", err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveSSH(conn, config, dir)
		}
	}()
	return nil
}

// serveSSH lives as long as the connection.
func serveSSH(conn net.Conn, config *ssh.ServerConfig, dir string) {
	defer conn.Close()
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return // nobody that we know
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go serveSession(channel, requests, dir)
	}
}

// serveSession runs git-upload-pack for those who ask for it.
func serveSession(channel ssh.Channel, requests <-chan *ssh.Request, dir string) {
	defer channel.Close()
	for r := range requests {
		if r.Type != "exec" {
			_ = r.Reply(r.Type == "env", nil) // git asks for a protocol version
			continue
		}
		var command struct{ Text string }
		name, ok := "", false
		if ssh.Unmarshal(r.Payload, &command) == nil {
			name, ok = strings.CutPrefix(command.Text, "git-upload-pack ")
		}
		_ = r.Reply(ok, nil)
		if !ok {
			return
		}
		git := exec.Command("git", "upload-pack", filepath.Join(dir, path.Base(strings.Trim(name, "'"))))
		git.Stdin, git.Stdout, git.Stderr = channel, channel, channel.Stderr()
		status := struct{ Code uint32 }{}
		if git.Run() != nil {
			status.Code = 1
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
		return
	}
}
