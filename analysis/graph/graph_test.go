package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dagger/dagger-lsp/analysis/graph"
	"github.com/dagger/dagger-lsp/runtime"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// script adds a component whose operations are "do detail" lines.
func script(g *runtime.Graph, component string, ops ...string) {
	for i, label := range ops {
		do, _, _ := strings.Cut(label, " ")
		id := runtime.OpID{Component: component, Index: i}
		g.Nodes = append(g.Nodes, runtime.GraphNode{ID: id.String(), Op: id, Component: component, Do: do, Label: label})
		if i > 0 {
			prev := runtime.OpID{Component: component, Index: i - 1}
			g.Edges = append(g.Edges, runtime.GraphEdge{From: prev.String(), To: id.String()})
		}
	}
}

func sample() *runtime.Graph {
	g := &runtime.Graph{}
	script(g, "base", "fetch-container dagger-lsp/base:latest", "exec apk add make")
	script(g, "source", "local ./src")
	script(g, "build", "load base", "copy source → /src", "exec make -C /src all")
	script(g, "test", "load build", "exec make -C /src test")
	script(g, "version", "load build", "export /src/VERSION")
	script(g, "image", "load base", "copy build:/src/out → /usr/bin", "copy test:/report → /report")
	for _, e := range [][3]string{
		{"base[1]", "build[0]", "from"},
		{"source[0]", "build[1]", "from"},
		{"build[2]", "test[0]", "from"},
		{"build[2]", "version[0]", "from"},
		{"base[1]", "image[0]", "from"},
		{"build[2]", "image[1]", "from"},
		{"test[1]", "image[2]", "from"},
	} {
		g.Edges = append(g.Edges, runtime.GraphEdge{From: e[0], To: e[1], Field: e[2]})
	}
	return g
}

func TestGolden(t *testing.T) {
	for _, f := range graph.Formats() {
		t.Run(string(f), func(t *testing.T) {
			got := render(t, sample(), f)
			path := filepath.Join("testdata", "sample."+string(f))
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
			}
			if again := render(t, sample(), f); !bytes.Equal(got, again) {
				t.Error("the same graph gave other bytes the second time")
			}
		})
	}
}

// hostile tries to leave a string, an attribute, an element, a line, a Mermaid
// label and the reading direction.
const hostile = "a\"]; x [label=\"y\\\n</title><script>alert(1)</script>'&amp;`#|}\u202e\x00\xff"

func hostileGraph() *runtime.Graph {
	g := &runtime.Graph{}
	script(g, hostile, "exec "+hostile, hostile)
	script(g, "b", "load "+hostile)
	g.Edges = append(g.Edges, runtime.GraphEdge{From: g.Nodes[1].ID, To: "b[0]", Field: hostile})
	return g
}

func TestHostileNamesStayText(t *testing.T) {
	t.Run("svg", func(t *testing.T) {
		elements(t, render(t, hostileGraph(), graph.SVG))
	})
	t.Run("dot", func(t *testing.T) {
		for line := range strings.Lines(string(render(t, hostileGraph(), graph.DOT))) {
			bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
			if strings.Count(bare, `"`)%2 != 0 {
				t.Errorf("a string is left open: %q", line)
			}
		}
	})
	t.Run("mermaid", func(t *testing.T) {
		for line := range strings.Lines(string(render(t, hostileGraph(), graph.Mermaid))) {
			if n := strings.Count(line, `"`); n != 0 && n != 2 {
				t.Errorf("a label is left open: %q", line)
			}
			if strings.ContainsAny(line, "<`") && !strings.Contains(line, "-->") {
				t.Errorf("markup passed: %q", line)
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		if !json.Valid(render(t, hostileGraph(), graph.JSON)) {
			t.Error("not JSON")
		}
	})
}

// elements fails unless svg is well-formed XML made of drawing elements only.
func elements(t *testing.T, svg []byte) {
	t.Helper()
	allowed := map[string]bool{"svg": true, "style": true, "defs": true, "marker": true, "path": true, "circle": true, "rect": true, "g": true, "title": true, "text": true}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		start, ok := tok.(xml.StartElement)
		if ok && !allowed[start.Name.Local] {
			t.Errorf("element %s", start.Name.Local)
		}
	}
}

func TestEmptyGraph(t *testing.T) {
	for _, f := range graph.Formats() {
		if len(render(t, &runtime.Graph{}, f)) == 0 {
			t.Errorf("%s: nothing", f)
		}
	}
}

func TestDanglingEdgesAreLeftOut(t *testing.T) {
	g := sample()
	g.Edges = append(g.Edges, runtime.GraphEdge{From: "gone[0]", To: "build[0]", Field: "from"})
	if bytes.Contains(render(t, g, graph.SVG), []byte("gone")) {
		t.Error("drew an arrow from nowhere")
	}
}

func TestCancel(t *testing.T) {
	cause := errors.New("closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := graph.Render(ctx, sample(), graph.SVG); err == nil {
		t.Error("a cancelled rendering went on")
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := graph.Render(t.Context(), sample(), "png"); err == nil {
		t.Error("png was accepted")
	}
}

func render(t *testing.T, g *runtime.Graph, f graph.Format) []byte {
	t.Helper()
	out, err := graph.Render(t.Context(), g, f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
