/* highlight.ts: C in five colours, by line. It looks at words only; the engine has the parser. */
export interface Token {
  text: string;
  kind: 'type' | 'call' | 'flag' | 'comment' | 'text' | 'number' | '';
}

const TYPES =
  'auto|bool|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|gfp_t|goto|if|inline|int|long|return|' +
  's8|s16|s32|s64|short|signed|sizeof|size_t|ssize_t|static|struct|switch|typedef|u8|u16|u32|u64|union|unsigned|void|volatile|while';

const PATTERN = new RegExp(
  [
    /(?<comment>\/\/.*|\/\*.*?(?:\*\/|$))/.source,
    /(?<text>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|^\s*#\w+.*)/.source,
    `(?<type>\\b(?:${TYPES})\\b(?:\\s+page\\b)?)`,
    /(?<flag>\b_*[A-Z][A-Z0-9_]{2,}\b)/.source,
    /(?<call>\b[a-z_]\w*(?=\s*\())/.source,
    /(?<number>\b(?:0x[0-9a-fA-F]+|\d+)[uUlL]*\b)/.source,
  ].join('|'),
  'g',
);

/** @line cut into tokens. @inComment: a comment from an earlier line is still open. */
export function tokens(line: string, inComment = false): Token[] {
  const list: Token[] = [];
  let at = 0;
  if (inComment) {
    const end = line.indexOf('*/');
    at = end < 0 ? line.length : end + 2;
    if (at > 0) list.push({ text: line.slice(0, at), kind: 'comment' });
  }
  PATTERN.lastIndex = at;
  for (let match = PATTERN.exec(line); match; match = PATTERN.exec(line)) {
    if (match.index > at) list.push({ text: line.slice(at, match.index), kind: '' });
    const kind = Object.entries(match.groups!).find(([, value]) => value !== undefined)![0];
    list.push({ text: match[0], kind: kind as Token['kind'] });
    at = match.index + match[0].length;
  }
  if (at < line.length) list.push({ text: line.slice(at), kind: '' });
  return list;
}

/** @text by line, with comments that run over several lines. */
export function highlight(text: string): Token[][] {
  let open = false;
  return text.split('\n').map((line) => {
    const list = tokens(line, open);
    const closed = open ? line.indexOf('*/') + 2 : 0;
    if (!open || closed > 1) {
      const rest = line.slice(closed).replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/\/\/.*/, '');
      open = rest.lastIndexOf('/*') > rest.lastIndexOf('*/');
    }
    return list;
  });
}

export interface Piece {
  text: string;
  kind: 'code' | 'number' | '';
}

const SENTENCE =
  /(?<quoted>`[^`]+`)|(?<code>\b(?:_*GFP_\w+(?:\|_*\w+)*|ZONE_\w+|PF_\w+|WMARK_\w+|kswapd\d*|[a-z_]\w*\(\))|\b0x[0-9a-f]+\b)|(?<number>(?<![\w.-])-?\d+(?:,\d{3})*(?![\w.]*\w))/g;

/** An engine's sentence cut so that names and numbers can be set apart. */
export function sentencePieces(sentence: string): Piece[] {
  const list: Piece[] = [];
  let at = 0;
  for (const match of sentence.matchAll(SENTENCE)) {
    if (match.index > at) list.push({ text: sentence.slice(at, match.index), kind: '' });
    const { quoted, code } = match.groups!;
    list.push({ text: quoted ? quoted.slice(1, -1) : match[0], kind: quoted ?? code ? 'code' : 'number' });
    at = match.index + match[0].length;
  }
  if (at < sentence.length) list.push({ text: sentence.slice(at), kind: '' });
  return list;
}
