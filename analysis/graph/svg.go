package graph

import (
	"bytes"
	"context"
	_ "embed" // the picture's template
	"fmt"
	"html/template"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/dagger/dagger-lsp/runtime"
)

// The template escapes by context, so a hostile name cannot leave its place.
//
//go:embed graph.svg.tmpl
var pictureSource string

// Measures of a card, in pixels. Text is monospaced, so its width is known
// without a font: charWidth at the sizes the style sheet sets.
const (
	margin      = 24
	headHeight  = 34
	rowHeight   = 28
	footHeight  = 8
	cardPadding = 14
	pillPadding = 8
	pillGap     = 10
	headChar    = 8.0
	rowChar     = 7.25
	pillChar    = 6.7
	minWidth    = 150
	maxDetail   = 40
	maxName     = 40
)

type picture struct {
	Width, Height int
	Cards         []pictureCard
	Arrows        []pictureArrow
}

type pictureCard struct {
	X, Y, W, H, HeadHeight float64
	Name, Title            string
	Rows                   []pictureRow
}

type pictureRow struct {
	ID, Kind, Do, Detail, Title string
	// The row's band, its pill and the text's baseline, inside the card.
	Y, H, PillY, PillW, PillH, TextX, TextY float64
}

type pictureArrow struct{ Path, Title string }

// renderSVG draws the cards, then the arrows between their rows.
func renderSVG(ctx context.Context, g *runtime.Graph) ([]byte, error) {
	groups := cards(g)
	p := picture{Width: 2 * margin, Height: 2 * margin}
	boxes := make([]size, len(groups))
	for i, c := range groups {
		p.Cards = append(p.Cards, drawCard(c))
		boxes[i] = size{p.Cards[i].W, p.Cards[i].H}
	}
	edges, links := arrows(g, groups)
	at, err := place(ctx, boxes, links)
	if err != nil {
		return nil, err
	}
	for i := range p.Cards {
		p.Cards[i].moveTo(at.Boxes[i])
		p.Width = max(p.Width, int(p.Cards[i].X+p.Cards[i].W)+margin)
		p.Height = max(p.Height, int(p.Cards[i].Y+p.Cards[i].H)+margin)
	}
	rows := rowsByID(p.Cards)
	for i, e := range edges {
		from, to := rows[e.From], rows[e.To]
		p.Arrows = append(p.Arrows, pictureArrow{
			Path:  curve(from, to, at.Links[i]),
			Title: clean(e.From + " → " + e.To + " (" + e.Field + ")"),
		})
	}
	return p.execute()
}

func (p picture) execute() ([]byte, error) {
	t, err := template.New("graph").Funcs(template.FuncMap{"px": px}).Parse(pictureSource)
	if err != nil {
		return nil, fmt.Errorf("render graph as SVG: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("render graph as SVG: %w", err)
	}
	return b.Bytes(), nil
}

// drawCard measures a card and its rows, with the card's corner at zero.
func drawCard(c card) pictureCard {
	name := clean(c.component)
	out := pictureCard{Name: shorten(name, maxName), Title: name, HeadHeight: headHeight}
	out.W = math.Max(minWidth, textWidth(out.Name, headChar)+2*cardPadding)
	for i, n := range c.nodes {
		row := drawRow(n, headHeight+float64(i)*rowHeight)
		out.Rows = append(out.Rows, row)
		out.W = math.Max(out.W, row.TextX+textWidth(row.Detail, rowChar)+cardPadding)
	}
	out.W = math.Ceil(out.W)
	out.H = headHeight + float64(len(c.nodes))*rowHeight + footHeight
	return out
}

func drawRow(n runtime.GraphNode, y float64) pictureRow {
	do := n.Do
	if do == "" {
		do = "?"
	}
	r := pictureRow{
		ID: clean(n.ID), Kind: kind(n.Do), Do: clean(do),
		Detail: shorten(detail(n), maxDetail), Title: clean(n.ID + ": " + strings.TrimSpace(do+" "+detail(n))),
		Y: y, H: rowHeight, PillY: y + 5, PillH: rowHeight - 10, TextY: y + rowHeight/2 + 4,
	}
	r.PillW = math.Ceil(textWidth(r.Do, pillChar) + 2*pillPadding)
	r.TextX = cardPadding + r.PillW + pillGap
	return r
}

func textWidth(s string, char float64) float64 {
	return float64(utf8.RuneCountInString(s)) * char
}

// kind groups operations by what they do to the state; it picks the colour.
func kind(do string) string {
	switch do {
	case "fetch-container", "fetch-git", "fetch-http", "local", "docker-build":
		return "source"
	case "load":
		return "load"
	case "exec":
		return "exec"
	case "export", "push-container", "save-image":
		return "result"
	case "copy", "subdir", "workdir", "mkdir", "write-file":
		return "files"
	}
	return "other"
}

// HeadRight is where the head's right corner starts to bend.
func (c pictureCard) HeadRight() float64 { return c.W - 9 }

// BandWidth leaves the card's border free.
func (c pictureCard) BandWidth() float64 { return c.W - 2 }

// PillMiddle centres the operation's name.
func (r pictureRow) PillMiddle() float64 { return cardPadding + r.PillW/2 }

func (c *pictureCard) moveTo(centre point) {
	c.X = math.Round(centre.X-c.W/2) + margin
	c.Y = math.Round(centre.Y-c.H/2) + margin
}

// arrows are the edges between components that both exist, with the same as
// links between cards. Edges inside a script are the order of the rows.
func arrows(g *runtime.Graph, groups []card) ([]runtime.GraphEdge, []link) {
	in := map[string]int{}
	for i, c := range groups {
		for _, n := range c.nodes {
			in[n.ID] = i
		}
	}
	var edges []runtime.GraphEdge
	var links []link
	for _, e := range g.Edges {
		from, ok := in[e.From]
		to, ok2 := in[e.To]
		if !ok || !ok2 || from == to {
			continue
		}
		edges = append(edges, e)
		links = append(links, link{from, to})
	}
	return edges, links
}

// anchor is where a row's arrows leave and arrive.
type anchor struct{ in, out point }

func rowsByID(cs []pictureCard) map[string]anchor {
	out := map[string]anchor{}
	for _, c := range cs {
		for _, r := range c.Rows {
			y := c.Y + r.Y + r.H/2
			out[r.ID] = anchor{in: point{c.X, y}, out: point{c.X + c.W, y}}
		}
	}
	return out
}

// curve leads from a row to a row. A link over several layers bends at the
// places that the layout kept free for it; one between neighbours needs none.
func curve(from, to anchor, bends []point) string {
	const arrowHead = 5
	stops := []point{from.out}
	if len(bends) > 3 {
		for _, b := range bends[1 : len(bends)-1] {
			stops = append(stops, point{b.X + margin, b.Y + margin})
		}
	}
	stops = append(stops, point{to.in.X - arrowHead, to.in.Y})
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %s", px(stops[0].X), px(stops[0].Y))
	for i, s := range stops[1:] {
		mid := (stops[i].X + s.X) / 2
		fmt.Fprintf(&b, " C%s %s %s %s %s %s", px(mid), px(stops[i].Y), px(mid), px(s.Y), px(s.X), px(s.Y))
	}
	return b.String()
}

// px writes a length with at most one decimal.
func px(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
