// The part of Markdown that text widgets use, read into a tree. The tree is drawn as
// elements and text nodes: no text of a dashboard is ever parsed as HTML, so there is
// nothing to sanitise. What is not understood stays as the characters that were written.

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "strike"; children: Inline[] }
  | { kind: "link"; href: string; button: boolean; children: Inline[] }
  | { kind: "break" };

export type Block =
  | { kind: "heading"; level: number; children: Inline[] }
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "quote"; children: Block[] }
  | { kind: "list"; ordered: boolean; items: Block[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" };

const LIST = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const DEEPEST = 8;

/** Reads a document; deeper nesting than eight levels stays plain text. */
export function markdown(source: string, depth = 0): Block[] {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = readBlock(lines, at, depth);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(lines: string[], at: number, depth: number): [Block, number] {
  const line = lines[at] ?? "";
  const heading = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading) {
    return [{ kind: "heading", level: heading[1]?.length ?? 1, children: inline(heading[2] ?? "") }, at + 1];
  }
  if (/^\s*```/.test(line)) return readFence(lines, at);
  if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth < DEEPEST && /^\s{0,3}>/.test(line)) return readQuote(lines, at, depth);
  if (depth < DEEPEST && LIST.test(line)) return readList(lines, at, depth);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "")) return readTable(lines, at);
  return readParagraph(lines, at);
}

function readFence(lines: string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && !/^\s*```\s*$/.test(lines[end] ?? "")) end += 1;
  return [{ kind: "code", text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readQuote(lines: string[], at: number, depth: number): [Block, number] {
  const inner: string[] = [];
  let end = at;
  for (; end < lines.length && /^\s{0,3}>/.test(lines[end] ?? ""); end += 1) {
    inner.push((lines[end] ?? "").replace(/^\s{0,3}> ?/, ""));
  }
  return [{ kind: "quote", children: markdown(inner.join("\n"), depth + 1) }, end];
}

function readList(lines: string[], at: number, depth: number): [Block, number] {
  const first = LIST.exec(lines[at] ?? "");
  const indent = first?.[1]?.length ?? 0;
  const ordered = /\d/.test(first?.[2] ?? "");
  const items: string[][] = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    const item = LIST.exec(line);
    const deeper = line.search(/\S/) > indent;
    if (item && item[1]?.length === indent) {
      if (/\d/.test(item[2] ?? "") !== ordered) break;
      items.push([item[3] ?? ""]);
    } else if (deeper) {
      items.at(-1)?.push(line.slice(indent + 2));
    } else {
      break;
    }
  }
  const children = items.map((item) => markdown(item.join("\n"), depth + 1));
  return [{ kind: "list", ordered, items: children }, end];
}

function readTable(lines: string[], at: number): [Block, number] {
  const rows: Inline[][][] = [];
  let end = at + 2;
  for (; end < lines.length && (lines[end] ?? "").includes("|"); end += 1) rows.push(cells(lines[end] ?? ""));
  return [{ kind: "table", head: cells(lines[at] ?? ""), rows }, end];
}

function cells(line: string): Inline[][] {
  const text = line.trim().replace(/^\||\|$/g, "");
  return text.split("|").map((cell) => inline(cell.trim()));
}

function readParagraph(lines: string[], at: number): [Block, number] {
  const text: string[] = [lines[at] ?? ""];
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    if (line.trim() === "" || /^\s{0,3}(#{1,6}\s|>)/.test(line) || /^\s*```/.test(line) || LIST.test(line)) break;
    text.push(line);
  }
  return [{ kind: "paragraph", children: inline(text.join("\n")) }, end];
}

const INLINE =
  /(\\[\\`*_{}[\]()#+\-.!|~>])|(`+)([\s\S]+?)\2(?!`)|\[([^\]\n]{1,300})\]\(\s*(\S{1,2000}?)\s*\)|\*\*(?=\S)([\s\S]+?)\*\*|~~(?=\S)([\s\S]+?)~~|\*(?=\S)([^*]+?)\*|(?<![A-Za-z0-9_])_(?=\S)([^_]+?)_(?![A-Za-z0-9_])|( {2,}\n|\\\n)/g;

/** Reads bold, italic, struck, code, links and breaks of one run of text. */
export function inline(source: string, depth = 0): Inline[] {
  if (depth > DEEPEST) return [{ kind: "text", text: source }];
  const out: Inline[] = [];
  const push = (text: string) => {
    const last = out.at(-1);
    if (text === "") return;
    if (last?.kind === "text") last.text += text;
    else out.push({ kind: "text", text });
  };
  let from = 0;
  for (const match of source.matchAll(INLINE)) {
    push(source.slice(from, match.index));
    from = match.index + match[0].length;
    const found = token(match, depth);
    if (typeof found === "string") push(found);
    else out.push(found);
  }
  push(source.slice(from));
  return out;
}

function token(match: RegExpMatchArray, depth: number): Inline | string {
  const [whole, escaped, , code, label, href, strong, strike, star, underscore, lineBreak] = match;
  if (escaped) return escaped.slice(1);
  if (code !== undefined) return { kind: "code", text: code.trim() };
  if (label !== undefined && href !== undefined) {
    const target = safeHref(href);
    if (target === undefined) return whole;
    // CloudWatch's own extension: [button:primary:Text](url).
    const button = /^button:(?:(?:primary|normal):)?(.*)$/.exec(label);
    return { kind: "link", href: target, button: button !== null, children: inline(button?.[1] ?? label, depth + 1) };
  }
  if (strong !== undefined) return { kind: "strong", children: inline(strong, depth + 1) };
  if (strike !== undefined) return { kind: "strike", children: inline(strike, depth + 1) };
  const em = star ?? underscore;
  if (em !== undefined) return { kind: "em", children: inline(em, depth + 1) };
  return lineBreak === undefined ? whole : { kind: "break" };
}

/** Only web links and links within the page; never `javascript:`, `data:` or a bare path. */
export function safeHref(href: string): string | undefined {
  if (href.startsWith("#")) return href;
  return /^(https?:\/\/|mailto:)[^\s"'<>]+$/i.test(href) ? href : undefined;
}
