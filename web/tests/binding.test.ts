import { describe, expect, test } from 'vitest';
import { built, handle, LESSON, lessons, NodeEngine } from './engine';
import { EngineError } from '../src/engine/engine';

describe.runIf(built)('lookaside.wasm behind the binding', () => {
  test('two engines live side by side', async () => {
    const [a, b] = [await NodeEngine.open(), await NodeEngine.open()];
    await a.request('open', { name: 'a', source: LESSON });
    const { position } = await a.request('step', { n: 2 });
    const other = await b.request('open', { name: 'b', source: LESSON });
    expect(position.step).toBe(2);
    expect(other.position.step).toBe(0);
  });

  test('a refusal is an EngineError with words, and the engine goes on', async () => {
    const engine = await NodeEngine.open();
    const refused = await engine.request('no-such-op' as 'hello').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EngineError);
    expect((refused as EngineError).message).not.toBe('');
    expect((await engine.request('hello')).name).toBe('lookaside');
  });

  test('text beyond ASCII arrives as it was', async () => {
    const engine = await NodeEngine.open();
    const { lesson } = await engine.request('open', { name: 'x', source: '# Größe „∞“ 😀\n\nText.\n' });
    expect(lesson.title).toBe('Größe „∞“ 😀');
  });

  test('memory may grow inside a request', async () => {
    const engine = await handle();
    const big = `# Big\n\n\`\`\`json machine\n{"profile": "i386", "memory": "1G"}\n\`\`\`\n\n${'word '.repeat(200_000)}\n`;
    const reply = JSON.parse(engine.request(JSON.stringify({ id: 1, op: 'open', name: 'big', source: big, since: {} }))) as { ok: boolean };
    expect(reply.ok).toBe(true);
  });

  test.each(lessons())('lesson $path can be run and has no mistake', async ({ path, text }) => {
    const engine = await NodeEngine.open();
    const { diagnostics, runnable } = await engine.request('open', { name: path, source: text });
    expect(diagnostics).toEqual([]);
    expect(runnable).toBe(true);
    const { end } = await engine.request('survey', {});
    expect(end).toBeGreaterThan(0);
  });
});
