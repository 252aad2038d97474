//go:build linux

package engine_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/dagger/dagger-lsp/engine/job"
)

// The clock in the state is one that every run has another of.
const saved = `
image: #up: [
	{do: "docker-build", dockerfile: """
		FROM busybox
		RUN date +%N > /dev/null; echo text > /file
		ENTRYPOINT ["/bin/cat", "/file"]
		"""},
	{do: "save-image", tag: "team/app:1", dest: "/out/app.tar"},
]
main: {
	string
	#up: [
		{do: "load", from: image},
		{do: "exec", always: true, args: ["sh", "-c", "base64 /out/app.tar > /b64; cat /dagger/image_id > /id; stat -c %a /out/app.tar >> /id"]},
		{do: "export", source: "/b64"},
	]
}
id: {
	string
	#up: [{do: "load", from: image}, {do: "export", source: "/dagger/image_id"}]
}
`

// An archive is what docker load reads, has the id that the op says, and is the
// same, byte for byte, on a daemon that has never seen the image.
func TestSaveImage(t *testing.T) {
	var archives [][]byte
	for range 2 {
		b := newBench(t)
		s := b.run(saved, "main")
		b.wantStatus(s, job.StatusDone)
		archive, err := base64.StdEncoding.DecodeString(string(bytes.ReplaceAll([]byte(s.Exports[0].Value.(string)), []byte("\n"), nil)))
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, archive)
		path := filepath.Join(t.TempDir(), "app.tar")
		if err := os.WriteFile(path, archive, 0o600); err != nil {
			t.Fatal(err)
		}
		tag, err := name.NewTag("team/app:1")
		if err != nil {
			t.Fatal(err)
		}
		img, err := tarball.ImageFromPath(path, &tag)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil || len(config.Config.Entrypoint) != 2 {
			t.Errorf("config: %+v (%v)", config, err)
		}
		id, err := img.ConfigName()
		if got := b.run(saved, "id"); err != nil || len(got.Exports) != 1 || got.Exports[0].Value != id.String() {
			t.Errorf("image_id is %+v, the archive's %s (%v)", got.Exports, id, err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two daemons make different archives of the same image")
	}
}
