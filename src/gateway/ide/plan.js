// Shows a plan: `extensions.queryPlan`, whose `object` is a tree of fetches and whose `text` is for reading.
"use strict";

const plan = (() => {
  const at = (id) => document.getElementById(id);

  // The fetches of a plan, each once. A request that fills several places is in the tree once for each of them.
  function fetches(root) {
    const found = new Map();
    const walk = (node, path) => {
      if (!node) return;
      if (node.kind === "Fetch") {
        const known = found.get(node.id) ?? { ...node, places: [] };
        if (path) known.places.push(path);
        found.set(node.id, known);
      }
      walk(node.node, node.kind === "Flatten" ? node.path.join(".") : path);
      for (const child of node.nodes ?? []) walk(child, path);
    };
    walk(root, "");
    return [...found.values()];
  }

  // The fetches by how many others come before each of them.
  function steps(all) {
    const step = new Map();
    for (const fetch of all) {
      step.set(fetch.id, Math.max(-1, ...fetch.after.map((id) => step.get(id) ?? -1)) + 1);
    }
    const steps = [];
    for (const fetch of all) (steps[step.get(fetch.id)] ??= []).push(fetch);
    return steps;
  }

  // A document that stands on one line, with a line for each field. Braces inside strings are left alone.
  function laidOut(text) {
    let out = "";
    let depth = 0;
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\([^()]*\)|[{}]|[^\s{}()"]+/g)) {
      const line = "\n" + "  ".repeat(token === "}" ? Math.max(0, --depth) : depth);
      const joins = token[0] === "(" || token === "{" || /(\.\.\.|\bon|:|\.\.\. on)$/.test(out);
      if (token === "}" || (!joins && out)) out += line;
      else if (out && token[0] !== "(") out += " ";
      out += token;
      if (token === "{") depth += 1;
    }
    return out;
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function card(fetch) {
    const card = element("section", "fetch");
    const title = element("h3", "", `${fetch.id}: ${fetch.serviceName}`);
    if (fetch.after.length > 0) title.append(element("small", "", `after ${fetch.after.join(", ")}`));
    card.append(title);
    for (const place of fetch.places) card.append(element("p", "place", place));
    const details = element("details");
    details.append(element("summary", "", fetch.operationKind));
    details.append(element("pre", "", laidOut(fetch.operation)));
    card.append(details);
    return card;
  }

  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : /h$/.test(noun) ? "es" : "s"}`;

  at("as-text").addEventListener("change", (event) => {
    at("text").hidden = !event.target.checked;
    at("steps").hidden = event.target.checked;
  });

  return {
    // Whether only the plan is wanted.
    only: () => at("dry-run").checked,

    // Shows a plan, and how long its answer took.
    show(shown, milliseconds) {
      at("steps").replaceChildren();
      at("text").textContent = shown?.text ?? "";
      if (!shown) {
        at("summary").textContent = "There is no plan: the request was refused.";
        return;
      }
      const all = fetches(shown.object.node);
      const levels = steps(all);
      for (const level of levels) {
        const item = element("li");
        item.append(...level.map(card));
        at("steps").append(item);
      }
      const took = plan.only() ? "not run" : `${Math.round(milliseconds)} ms`;
      at("summary").textContent =
        all.length === 0
          ? `No fetches: answered by the router itself, ${took}`
          : `${count(all.length, "fetch")} in ${count(levels.length, "step")}, ${took}`;
    },
  };
})();
