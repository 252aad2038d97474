package lsp

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/lsp/internal/editor"
	"github.com/dagger/dagger-lsp/runtime"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata/markers")

// TestMarkers plays every archive below testdata/markers to a server over the
// wire, with the real evaluator.
//
// The comment of an archive says what it shows. Its files become a workspace;
// every .cue file is opened, except those below disk/, which stay on disk.
// Inside a CUE file, a comment
//
//	//@diag("text", "code", "regular expression"), and after them, if wanted, "severity"
//
// expects a diagnostic at that text of its line; "before|text" finds the text
// behind another. Every diagnostic needs a
// marker and every marker a diagnostic. What the syntax tier says must hold in
// the end too. //@mute at the top of a file takes its diagnostics as they are.
//
// Golden sections, rewritten by -update: symbols, symbols.flat, lenses, actions
// (at every //@action("text")) and hovers (at every //@hover("text")).
// A file called editor holds flags: utf8, old (an editor of LSP 3.0).
func TestMarkers(t *testing.T) {
	archives, err := filepath.Glob("../testdata/markers/*/*.txtar")
	check(t, err)
	if len(archives) == 0 {
		t.Fatal("no archives")
	}
	for _, path := range archives {
		name, err := filepath.Rel("../testdata/markers", path)
		check(t, err)
		t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
			t.Parallel()
			playMarkers(t, path)
		})
	}
}

// caseRun is one archive being played.
type caseRun struct {
	t       *testing.T
	dir     string
	archive *txtar.Archive
	e       *editor.Editor
	flags   []string
	opened  []string // names, in order
}

func playMarkers(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	check(t, err)
	if len(bytes.TrimSpace(a.Comment)) == 0 {
		t.Error("the archive has no comment that says what it shows")
	}
	before := txtar.Format(a)
	r := &caseRun{t: t, dir: t.TempDir(), archive: a}
	r.setUp()
	r.checkDiagnostics()
	r.golden("symbols", r.symbols)
	r.golden("symbols.flat", r.flatSymbols)
	r.golden("lenses", r.lenses)
	r.golden("actions", r.actions)
	r.golden("hovers", r.hovers)
	check(t, r.e.Leave())
	if after := txtar.Format(a); *update && !bytes.Equal(before, after) {
		check(t, os.WriteFile(path, after, 0o644))
	}
}

func (r *caseRun) setUp() {
	for _, f := range r.archive.Files {
		switch {
		case f.Name == "editor":
			r.flags = strings.Fields(string(f.Data))
		case strings.HasSuffix(f.Name, ".cue"):
			write(r.t, r.dir, strings.TrimPrefix(f.Name, "disk/"), string(f.Data))
			if !strings.HasPrefix(f.Name, "disk/") {
				r.opened = append(r.opened, f.Name)
			}
		}
	}
	r.e = serve(r.t, Options{Evaluator: realEvaluator(r.t)})
	caps := editor.Modern("utf-16")
	if slices.Contains(r.flags, "utf8") {
		caps = editor.Modern("utf-8", "utf-16")
	}
	if slices.Contains(r.flags, "old") {
		caps = map[string]any{}
	}
	_, err := r.e.Initialize(caps, nil, r.dir)
	check(r.t, err)
	for _, name := range r.opened {
		check(r.t, r.e.Open(r.uri(name), 1, r.text(name)))
	}
	for _, name := range r.opened {
		_, err := r.e.Settled(r.uri(name))
		check(r.t, err)
	}
}

func (r *caseRun) uri(name string) string { return editor.FileURI(filepath.Join(r.dir, name)) }

func (r *caseRun) text(name string) string {
	for _, f := range r.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	r.t.Fatalf("no file %s", name)
	return ""
}

// marker is one //@name(args) in a file.
type marker struct {
	name string
	line int
	args []string
}

var (
	markerPattern = regexp.MustCompile(`//@(\w+)(?:\((.*)\))?\s*$`)
	stringPattern = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")
)

// markers reads the markers of a text. Several on a line are written one after
// the other, each with its own //@.
func markers(t *testing.T, text string) []marker {
	var out []marker
	for n, line := range strings.Split(text, "\n") {
		for {
			at := strings.LastIndex(line, "//@")
			if at < 0 {
				break
			}
			m := markerPattern.FindStringSubmatch(line[at:])
			if m == nil {
				t.Fatalf("line %d: bad marker %s", n+1, line[at:])
			}
			mk := marker{name: m[1], line: n}
			for _, q := range stringPattern.FindAllString(m[2], -1) {
				s, err := strconv.Unquote(q)
				check(t, err)
				mk.args = append(mk.args, s)
			}
			out, line = append(out, mk), line[:at]
		}
	}
	return out
}

// at is the range of text's first occurrence in the marker's line.
func (r *caseRun) at(name string, m marker) editor.Range {
	line := strings.Split(r.text(name), "\n")[m.line]
	before, text, behind := strings.Cut(m.args[0], "|")
	if !behind {
		before, text = "", before
	}
	i := strings.Index(line, before+text)
	if i < 0 {
		r.t.Fatalf("%s:%d: no %q in the line", name, m.line+1, m.args[0])
	}
	i += len(before)
	start := editor.Position{Line: m.line, Character: r.width(line[:i])}
	end := editor.Position{Line: m.line, Character: r.width(line[:i+len(text)])}
	return editor.Range{Start: start, End: end}
}

func (r *caseRun) width(s string) int {
	if slices.Contains(r.flags, "utf8") {
		return len(s)
	}
	n := 0
	for _, c := range s {
		n++
		if c > 0xFFFF {
			n++
		}
	}
	return n
}

func (r *caseRun) checkDiagnostics() {
	for _, name := range r.opened {
		published, ok := r.e.Diagnostics(r.uri(name))
		if !ok {
			r.t.Errorf("%s: nothing was published", name)
		}
		ms := markers(r.t, r.text(name))
		if slices.ContainsFunc(ms, func(m marker) bool { return m.name == "mute" }) {
			continue
		}
		got := published.Diagnostics
		for _, m := range ms {
			if m.name == "diag" {
				got = r.match(name, m, got)
			}
		}
		for _, d := range got {
			r.t.Errorf("%s: unexpected %s", name, describe(d))
		}
	}
	r.checkSyntaxTier()
}

// match takes the diagnostic that m expects out of got.
func (r *caseRun) match(name string, m marker, got []editor.Diagnostic) []editor.Diagnostic {
	rng := r.at(name, m)
	re := regexp.MustCompile(m.args[2])
	for i, d := range got {
		if d.Range.Start == rng.Start && d.Code == m.args[1] && re.MatchString(d.Message) {
			if d.Range.End != rng.End {
				r.t.Errorf("%s:%d: %s ends elsewhere than %q", name, m.line+1, describe(d), m.args[0])
			}
			if severity := runtime.Severity(d.Severity).String(); len(m.args) > 3 && severity != m.args[3] {
				r.t.Errorf("%s:%d: %s is told as %s, not as %s", name, m.line+1, describe(d), severity, m.args[3])
			}
			return slices.Delete(slices.Clone(got), i, i+1)
		}
	}
	r.t.Errorf("%s:%d: no diagnostic %q %q at %v", name, m.line+1, m.args[1], m.args[2], rng)
	return got
}

func describe(d editor.Diagnostic) string {
	return fmt.Sprintf("%d:%d-%d:%d %s %q", d.Range.Start.Line+1, d.Range.Start.Character,
		d.Range.End.Line+1, d.Range.End.Character, d.Code, d.Message)
}

// checkSyntaxTier opens the files at a server that does not evaluate: what it
// says the full one must say too.
func (r *caseRun) checkSyntaxTier() {
	e := serve(r.t, Options{})
	greet(r.t, e, nil, r.dir)
	for _, name := range r.opened {
		check(r.t, e.Open(r.uri(name), 1, r.text(name)))
	}
	for _, name := range r.opened {
		_, err := e.Settled(r.uri(name))
		check(r.t, err)
		full, _ := r.e.Diagnostics(r.uri(name))
		early, _ := e.Diagnostics(r.uri(name))
		for _, d := range early.Diagnostics {
			same := func(f editor.Diagnostic) bool { return f.Code == d.Code && f.Range.Start.Line == d.Range.Start.Line }
			if !slices.ContainsFunc(full.Diagnostics, same) {
				r.t.Errorf("%s: only the syntax tier says %s", name, describe(d))
			}
		}
	}
	check(r.t, e.Leave())
}

// golden compares a section with what produce gives, or rewrites it.
func (r *caseRun) golden(section string, produce func(name string) string) {
	i := slices.IndexFunc(r.archive.Files, func(f txtar.File) bool { return f.Name == section })
	if i < 0 {
		return
	}
	var b strings.Builder
	for _, name := range r.opened {
		b.WriteString(produce(name))
	}
	if *update {
		r.archive.Files[i].Data = []byte(b.String())
		return
	}
	if want := string(r.archive.Files[i].Data); want != b.String() {
		r.t.Errorf("section %s:\ngot:\n%s\nwant:\n%s", section, b.String(), want)
	}
}

func place(name string, r editor.Range) string {
	return fmt.Sprintf("%s:%d:%d-%d:%d", name, r.Start.Line+1, r.Start.Character, r.End.Line+1, r.End.Character)
}

func (r *caseRun) symbols(name string) string {
	var list []editor.Symbol
	check(r.t, r.e.Call("textDocument/documentSymbol", editor.Document(r.uri(name)), &list))
	var b strings.Builder
	var print func([]editor.Symbol, string)
	print = func(list []editor.Symbol, indent string) {
		for _, s := range list {
			fmt.Fprintf(&b, "%s%s\n", indent, strings.TrimSpace(fmt.Sprintf("%s (%d) %s %s", s.Name, s.Kind, place(name, s.Range), s.Detail)))
			print(s.Children, indent+"  ")
		}
	}
	print(list, "")
	return b.String()
}

func (r *caseRun) flatSymbols(name string) string {
	e := serve(r.t, Options{})
	_, err := e.Initialize(map[string]any{}, nil)
	check(r.t, err)
	check(r.t, e.Open(r.uri(name), 1, r.text(name)))
	var list []struct {
		Name, ContainerName string
		Kind                int
		Location            editor.Location
	}
	check(r.t, e.Call("textDocument/documentSymbol", editor.Document(r.uri(name)), &list))
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s (%d) in %q %s\n", s.Name, s.Kind, s.ContainerName, place(name, s.Location.Range))
	}
	check(r.t, e.Leave())
	return b.String()
}

func (r *caseRun) lenses(name string) string {
	var list []editor.Lens
	check(r.t, r.e.Call("textDocument/codeLens", editor.Document(r.uri(name)), &list))
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "%s %s %s\n", place(name, l.Range), l.Command.Title, r.command(l.Command))
	}
	return b.String()
}

func (r *caseRun) command(c editor.Command) string {
	var args []string
	for _, a := range c.Arguments {
		args = append(args, strings.ReplaceAll(string(a), editor.FileURI(r.dir), ""))
	}
	return c.Command + " " + strings.Join(args, " ")
}

func (r *caseRun) actions(name string) string {
	var b strings.Builder
	for _, m := range markers(r.t, r.text(name)) {
		if m.name != "action" {
			continue
		}
		params := editor.Document(r.uri(name))
		params["range"] = r.at(name, m)
		params["context"] = map[string]any{"diagnostics": []any{}}
		var list []editor.Action
		check(r.t, r.e.Call("textDocument/codeAction", params, &list))
		for _, a := range list {
			fmt.Fprintf(&b, "%s:%d %q: %s %s\n", name, m.line+1, m.args[0], a.Title, r.effect(name, a))
		}
	}
	return b.String()
}

// effect is an action's command, or the lines its edit writes.
func (r *caseRun) effect(name string, a editor.Action) string {
	if a.Edit != nil {
		var out []string
		for _, edits := range a.Edit.Changes {
			for _, ed := range edits {
				out = append(out, fmt.Sprintf("%s=%q", place(name, ed.Range), ed.NewText))
			}
		}
		slices.Sort(out) // files come in any order
		return strings.Join(out, " ")
	}
	var c editor.Command
	if json.Unmarshal(a.Command, &c) == nil && c.Command != "" {
		return r.command(c)
	}
	return string(a.Command)
}

func (r *caseRun) hovers(name string) string {
	var b strings.Builder
	for _, m := range markers(r.t, r.text(name)) {
		if m.name != "hover" {
			continue
		}
		params := editor.Document(r.uri(name))
		params["position"] = r.at(name, m).Start
		var h *struct {
			Contents json.RawMessage
			Range    editor.Range
		}
		check(r.t, r.e.Call("textDocument/hover", params, &h))
		if h == nil {
			fmt.Fprintf(&b, "## %s:%d %q: nothing\n", name, m.line+1, m.args[0])
			continue
		}
		text, err := hoverText(h.Contents)
		check(r.t, err)
		fmt.Fprintf(&b, "## %s:%d %q: %s\n%s\n", name, m.line+1, m.args[0], place(name, h.Range), text)
	}
	return b.String()
}

func hoverText(raw json.RawMessage) (string, error) {
	var markup struct{ Kind, Value string }
	if json.Unmarshal(raw, &markup) == nil && markup.Kind != "" {
		return markup.Value, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil && len(list) == 1 {
		return list[0], nil
	}
	return "", errors.New("hover is neither markup nor marked strings: " + string(raw))
}
