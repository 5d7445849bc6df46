// Markdown becomes a tree of known nodes; whatever else is written stays text.
import assert from "node:assert/strict";
import test from "node:test";
import { type Block, type Inline, inline, markdown, safeHref } from "../src/markdown";

/** A tree in one line: `p(text, strong(...))`. */
function show(blocks: Block[]): string {
  return blocks.map(block).join(" ");
}

function block(node: Block): string {
  switch (node.kind) {
    case "heading": return `h${node.level}(${spans(node.children)})`;
    case "paragraph": return `p(${spans(node.children)})`;
    case "code": return `pre(${node.text})`;
    case "quote": return `quote(${show(node.children)})`;
    case "list": return `${node.ordered ? "ol" : "ul"}(${node.items.map((item) => show(item)).join("; ")})`;
    case "table": return `table(${node.head.map(spans).join("|")} / ${node.rows.map((row) => row.map(spans).join("|")).join(" / ")})`;
    case "rule": return "rule";
  }
}

function spans(nodes: Inline[]): string {
  return nodes.map((node) => {
    if (node.kind === "text") return node.text;
    if (node.kind === "break") return "<br>";
    if (node.kind === "code") return `code[${node.text}]`;
    if (node.kind === "link") return `${node.button ? "button" : "a"}[${node.href} ${spans(node.children)}]`;
    return `${node.kind}[${spans(node.children)}]`;
  }).join("");
}

function check(cases: [string, string][]): void {
  for (const [source, tree] of cases) assert.equal(show(markdown(source)), tree, source);
}

test("blocks are told apart", () => {
  check([
    ["# One\ntext\nmore", "h1(One) p(text\nmore)"],
    ["### Three ###", "h3(Three)"],
    ["#no heading", "p(#no heading)"],
    ["- a\n- b\n  - c", "ul(p(a); p(b) ul(p(c)))"],
    ["1. a\n2. b", "ol(p(a); p(b))"],
    ["- a\n1. b", "ul(p(a)) ol(p(b))"],
    ["> said\n> so", "quote(p(said\nso))"],
    ["```\n# raw <b>\n```\nafter", "pre(# raw <b>) p(after)"],
    ["```\nnever closed", "pre(never closed)"],
    ["a | b\n--|--\n1 | 2", "table(a|b / 1|2)"],
    ["| a | b |\n|---|:-:|\n| **1** | 2 |\n\nend", "table(a|b / strong[1]|2) p(end)"],
    ["---", "rule"],
    ["", ""],
  ]);
});

test("spans are told apart", () => {
  check([
    ["a **b** _c_ *d* ~~e~~ `f`", "p(a strong[b] em[c] em[d] strike[e] code[f])"],
    ["**a _b_**", "p(strong[a em[b]])"],
    ["snake_case_name and 2 * 3 * 4", "p(snake_case_name and 2 * 3 * 4)"],
    ["\\*not em\\*", "p(*not em*)"],
    ["`**raw**`", "p(code[**raw**])"],
    ["[x](https://example.com/a?b=c)", "p(a[https://example.com/a?b=c x])"],
    ["[button:primary:Open](https://example.com)", "p(button[https://example.com Open])"],
    ["one  \ntwo", "p(one<br>two)"],
  ]);
});

test("markup and unsafe links stay text", () => {
  check([
    ["<script>alert(1)</script>", "p(<script>alert(1)</script>)"],
    ['<img src=x onerror="alert(1)">', 'p(<img src=x onerror="alert(1)">)'],
    ["[x](javascript:alert(1))", "p([x](javascript:alert(1)))"],
    ["[x](data:text/html,hi)", "p([x](data:text/html,hi))"],
    ["![pic](https://example.com/p.png)", "p(!a[https://example.com/p.png pic])"],
  ]);
  for (const href of ["JaVaScRiPt:x", "//evil", "/path", "vbscript:x", "https://a\"b", " https://a", "file:///etc"]) {
    assert.equal(safeHref(href), undefined, href);
  }
  assert.equal(safeHref("#/logs"), "#/logs");
});

test("hostile nesting and length end soon", () => {
  markdown("> ".repeat(5000));
  markdown("- ".repeat(5000));
  inline("*".repeat(20_000));
  inline("[".repeat(20_000));
  inline("`".repeat(20_000));
  inline("**a".repeat(3000));
  markdown(`${"_a".repeat(5000)} ${"~~a".repeat(3000)}`);
});
