import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateEvents, generateTypes } from '../scripts/gen-types.mjs';
import { built, handle } from './engine';

const committed = (name: string) => readFileSync(new URL(`../src/protocol/${name}`, import.meta.url), 'utf8');

test('types.gen.ts is what the schema gives; if not: npm run gen', async () => {
  expect(committed('types.gen.ts')).toBe(await generateTypes());
});

test('events.gen.ts is what the event table gives; if not: npm run gen', () => {
  expect(committed('events.gen.ts')).toBe(generateEvents());
});

test.runIf(built)('the engine has the same events with the same fields', async () => {
  const reply = JSON.parse((await handle()).request('{"id":1,"op":"tables"}')) as {
    result: { events: { e: string; severity: string; fields: { name: string }[] }[] };
  };
  for (const { e, severity, fields } of reply.result.events) {
    const row = new RegExp(`^  ${e}: (.*)$`, 'm').exec(committed('events.gen.ts'))?.[1] ?? '';
    expect(row).toContain(`severity: '${severity}'`);
    for (const { name } of fields) expect(row).toContain(` ${name}: `);
  }
  expect(reply.result.events.length).toBe(committed('events.gen.ts').match(/severity: '/g)?.length);
});
