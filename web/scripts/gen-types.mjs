/*
 * gen-types.mjs: TypeScript types out of the one definition of the protocol.
 *
 *   core/protocol/protocol.schema.json ──> src/protocol/types.gen.ts    requests, replies, snapshots
 *   core/trace/event.def               ──> src/protocol/events.gen.ts   the fields of every event
 *
 * `npm run gen` writes both; a unit test calls generate() and fails when a committed file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const BANNER = (from) => `/* Made by \`npm run gen\` from ${from}. Do not edit. */\n`;

const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** "$ref": "#/$defs/X" -> "#/definitions/X", all the way down. */
function rewriteRefs(node) {
  if (Array.isArray(node)) return node.map(rewriteRefs);
  if (!node || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' ? value.replace('#/$defs/', '#/definitions/') : rewriteRefs(value),
    ]),
  );
}

/** The schema's `requests` table turned into two named types per operation. */
function operations(requests) {
  const types = {};
  const names = Object.keys(requests).filter((op) => typeof requests[op] === 'object');
  for (const op of names) {
    const { request, result, description } = requests[op];
    types[`${capital(op)}Request`] = { type: 'object', properties: request, additionalProperties: false, description };
    types[`${capital(op)}Result`] = result;
  }
  return { types, names };
}

export async function generateTypes() {
  const schema = JSON.parse(readFileSync(at('../../core/protocol/protocol.schema.json'), 'utf8'));
  const { requests, ...defs } = schema.$defs;
  const { types, names } = operations(requests);
  const all = rewriteRefs({ ...defs, ...types });
  const root = {
    type: 'object',
    properties: Object.fromEntries(Object.keys(all).map((name) => [name, { $ref: `#/definitions/${name}` }])),
    additionalProperties: false,
    definitions: all,
  };
  const text = await compile(root, 'ProtocolTypes', { bannerComment: '', unreachableDefinitions: false, format: true });
  const map = names.map((op) => `  ${op}: { request: ${capital(op)}Request; result: ${capital(op)}Result };`);
  return `${BANNER('core/protocol/protocol.schema.json')}\n${text}\n/** Every operation: what it takes and what it gives. */\nexport interface Operations {\n${map.join('\n')}\n}\n`;
}

const FIELD_TYPES = { STR: 'string', MT: 'string', WMARK: 'string', GFP: 'string', ADDR: 'string', BOOL: 'boolean' };

export function generateEvents() {
  const table = readFileSync(at('../../core/trace/event.def'), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const rows = [...table.matchAll(/LA_EVENT\((\w+),\s*(\w+),\s*"((?:[^"\\]|\\.)*)",\s*((?:LA_F\(\w+,\s*\w+\)\s*)*)\)/g)];
  const members = rows.map(([, symbol, severity, , fields]) => {
    const list = [...fields.matchAll(/LA_F\((\w+),\s*(\w+)\)/g)].map(([, type, name]) => `${name}: ${FIELD_TYPES[type] ?? 'number'};`);
    return `  ${symbol.toLowerCase()}: { e: '${symbol.toLowerCase()}'; severity: '${severity.toLowerCase()}'; say: string; ${list.join(' ')} };`;
  });
  return `${BANNER('core/trace/event.def')}\n/** Every event by name, with its fields. */\nexport interface Events {\n${members.join('\n')}\n}\n\nexport type EventName = keyof Events;\nexport type AnyEvent = Events[EventName];\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(at('../src/protocol/types.gen.ts'), await generateTypes());
  writeFileSync(at('../src/protocol/events.gen.ts'), generateEvents());
}
