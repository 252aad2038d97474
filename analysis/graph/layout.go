package graph

import (
	"context"
	_ "embed" // the layout engine's source
	"encoding/json"
	"fmt"

	"github.com/dop251/goja"
)

// The layout is dagre's, the engine that the editor's graph view uses too, so
// that both show the same picture. `make dagre` fetches the pinned release.
var (
	//go:embed dagre.min.js
	dagreSource string
	//go:embed layout.js
	layoutSource string
)

// Distances between cards, in pixels: enough for an arrow to bend.
const (
	nodeGap = 26
	rankGap = 54
)

type point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

type size struct {
	W float64 `json:"w"`
	H float64 `json:"h"`
}

// link is an arrow between two boxes, by index.
type link struct {
	From int `json:"from"`
	To   int `json:"to"`
}

type layoutInput struct {
	NodeGap int    `json:"nodeGap"`
	RankGap int    `json:"rankGap"`
	Boxes   []size `json:"boxes"`
	Links   []link `json:"links"`
}

// placed is a layout: the centre of each box, the bends of each link from
// border to border.
type placed struct {
	Boxes []point   `json:"boxes"`
	Links [][]point `json:"links"`
}

// place lays the boxes out in layers from left to right.
func place(ctx context.Context, boxes []size, links []link) (placed, error) {
	if len(boxes) == 0 {
		return placed{}, nil
	}
	input, err := json.Marshal(layoutInput{nodeGap, rankGap, boxes, links})
	if err != nil {
		return placed{}, fmt.Errorf("lay out graph: %w", err)
	}
	vm := goja.New()
	stop := context.AfterFunc(ctx, func() { vm.Interrupt(context.Cause(ctx)) })
	defer stop()
	for _, src := range []string{dagreSource, layoutSource} {
		if _, err := vm.RunString(src); err != nil {
			return placed{}, fmt.Errorf("load layout engine: %w", err)
		}
	}
	call, ok := goja.AssertFunction(vm.Get("layout"))
	if !ok {
		return placed{}, fmt.Errorf("load layout engine: layout is not a function")
	}
	answer, err := call(goja.Undefined(), vm.ToValue(string(input)))
	if err != nil {
		return placed{}, fmt.Errorf("lay out graph: %w", err)
	}
	var out placed
	if err := json.Unmarshal([]byte(answer.String()), &out); err != nil {
		return placed{}, fmt.Errorf("lay out graph: read answer: %w", err)
	}
	return out, nil
}
