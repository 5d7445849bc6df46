// A text widget: the Markdown tree as elements. Text reaches the document only as text.
import type { ComponentChildren } from "preact";
import { type Block, type Inline, markdown } from "../markdown";

export function Text({ source }: { source: string }) {
  return <div class="markdown">{markdown(source).map(block)}</div>;
}

function block(node: Block): ComponentChildren {
  switch (node.kind) {
    case "heading": {
      // The page has its own h1 and h2 above: a widget's headings begin below them.
      const Tag = `h${Math.min(node.level + 2, 6)}` as "h3";
      return <Tag class={`md-h${node.level}`}>{node.children.map(inline)}</Tag>;
    }
    case "paragraph": return <p>{node.children.map(inline)}</p>;
    case "code": return <pre>{node.text}</pre>;
    case "quote": return <blockquote>{node.children.map(block)}</blockquote>;
    case "rule": return <hr />;
    case "list": {
      const items = node.items.map((item) => <li>{item.map((each) => (each.kind === "paragraph" ? each.children.map(inline) : block(each)))}</li>);
      return node.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <table class="rows">
          <thead><tr>{node.head.map((cell) => <th scope="col">{cell.map(inline)}</th>)}</tr></thead>
          <tbody>{node.rows.map((row) => <tr>{row.map((cell) => <td>{cell.map(inline)}</td>)}</tr>)}</tbody>
        </table>
      );
  }
}

function inline(node: Inline): ComponentChildren {
  switch (node.kind) {
    case "text": return node.text;
    case "code": return <code>{node.text}</code>;
    case "strong": return <strong>{node.children.map(inline)}</strong>;
    case "em": return <em>{node.children.map(inline)}</em>;
    case "strike": return <s>{node.children.map(inline)}</s>;
    case "break": return <br />;
    case "link":
      return <a href={node.href} class={node.button ? "button" : undefined} target="_blank" rel="noopener noreferrer">{node.children.map(inline)}</a>;
  }
}
