// Calls dagre on a graph given as JSON and answers with JSON. Runs in an
// embedded engine that lacks structuredClone; dagre clones plain data only.
globalThis.structuredClone ??= (v) => JSON.parse(JSON.stringify(v));

globalThis.layout = (text) => {
  const input = JSON.parse(text);
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "LR", nodesep: input.nodeGap, ranksep: input.rankGap, ranker: "tight-tree" });
  input.boxes.forEach((b, i) => g.setNode(String(i), { width: b.w, height: b.h }));
  input.links.forEach((l, i) => g.setEdge(String(l.from), String(l.to), {}, String(i)));
  dagre.layout(g);
  return JSON.stringify({
    boxes: input.boxes.map((_, i) => ({ x: g.node(String(i)).x, y: g.node(String(i)).y })),
    links: input.links.map((l, i) => g.edge(String(l.from), String(l.to), String(i)).points),
  });
};
