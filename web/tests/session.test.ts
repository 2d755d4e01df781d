import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { built, LESSON, NodeEngine, PERCPU } from './engine';
import { Motion } from '../src/motion/motion.svelte';
import { Session } from '../src/state/session.svelte';
import { SnapshotStore } from '../src/state/snapshot.svelte';

let snapshot: SnapshotStore;
let session: Session;
let engines: NodeEngine[];

beforeEach(() => {
  snapshot = new SnapshotStore();
  engines = [];
  session = new Session(snapshot, new Motion(), async () => {
    engines.push(await NodeEngine.open());
    return engines.at(-1)!;
  });
});

afterEach(() => vi.restoreAllMocks());

const picture = () => ({
  kind: [...snapshot.frames.kind],
  order: [...snapshot.frames.order],
  zones: snapshot.zones,
  areas: snapshot.areas,
  variables: snapshot.variables,
  console: snapshot.console,
});

describe.runIf(built)('Session on the real engine', () => {
  test('opens at the start, with the picture and the marks', async () => {
    await session.open(LESSON);
    expect(session.phase).toBe('ready');
    expect(session.step).toBe(0);
    expect(session.lesson?.title).toBe('A lesson for tests');
    expect(snapshot.frames.order[0]).toBe(6);
    expect(session.end).toBe(6);
    expect(session.marks.map((mark) => mark.kind)).toContain('oops');
  });

  test('an endless program is surveyed in portions, until one is slow', async () => {
    const endless = '```c\nint i;\nwhile (1) {\n    i++;\n}\n```\n';
    const surveyed = async () => {
      const request = vi.spyOn(NodeEngine.prototype, 'request');
      await session.edit(endless);
      return request.mock.calls.filter(([op]) => op === 'survey').map(([, params]) => params);
    };

    expect(await surveyed()).toEqual([1_000, 5_000, 25_000, 100_000].map((limit) => ({ limit })));
    expect(session.end).toBe(-1);
    vi.restoreAllMocks();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
    expect(await surveyed()).toEqual([{ limit: 1_000 }]);
    expect(session.step).toBe(0);
  });

  test.each(['over', 'out', 'block'] as const)('runs %s what is next, in one move', async (mode) => {
    await session.open('```c\nint one(void)\n{\n    int i = 0;\n    i++;\n    return i;\n}\nint x = one();\nx = 2;\n```\n```c\nx = 3;\n```\n');
    if (mode === 'out') await session.forward();
    await session.forward(mode);
    expect(session.failure).toBeNull();
    expect(session.position?.next?.line).toBe(mode === 'block' ? 12 : 9);
  });

  test('deltas on the way give the same picture as a fresh look', async () => {
    await session.open(LESSON);
    for (let step = 1; step <= 6; step++) {
      await session.forward();
      const walked = picture();
      snapshot.reset();
      await session.act(async (engine) => snapshot.apply((await engine.request('snapshot', { since: {} })).snapshot));
      expect(picture()).toEqual(walked);
    }
    expect(session.finished).toBe(true);
  });

  test('back is what was', async () => {
    await session.open(LESSON);
    const seen = [picture()];
    const hashes = [session.position!.hash];
    for (let i = 0; i < 5; i++) {
      await session.forward();
      seen.push(picture());
      hashes.push(session.position!.hash);
    }
    for (const step of [4, 1, 3, 0, 5, 2]) {
      await session.seek(step);
      expect(session.position!.hash).toBe(hashes[step]);
      expect(picture()).toEqual(seen[step]);
    }
  });

  test('copies are compared with the step before, also on the way back', async () => {
    await session.open(PERCPU);
    const copy = () => snapshot.percpu!.variables.find((v) => v.name === 'sockets_in_use')!.copies[0]!.value;
    const before = () => snapshot.percpuBefore && { step: snapshot.percpuBefore.step, value: snapshot.percpuBefore.value?.variables.find((v) => v.name === 'sockets_in_use')?.copies[0]?.value };
    expect(before()).toBeNull();
    await session.forward(); // per_cpu(sockets_in_use, 0) = 5
    expect([copy(), before()]).toEqual(['5', { step: 0, value: '0' }]);
    await session.forward();
    expect([copy(), before()]).toEqual(['5', { step: 1, value: '5' }]);
    await session.seek(9);
    expect(before()!.step).toBe(2);
    await session.seek(1);
    expect([copy(), before()]).toEqual(['5', { step: 0, value: '0' }]);
  });

  test('fast key presses are steps, fast seeks are one', async () => {
    await session.open(LESSON);
    await Promise.all([session.forward(), session.forward(), session.forward()]);
    expect(session.step).toBe(3);
    const before = engines[0]!.requests.length;
    await Promise.all([session.seek(1), session.seek(2), session.seek(0)]);
    expect(session.step).toBe(0);
    expect(engines[0]!.requests.length - before).toBe(1);
  });

  test('the trail knows what each line gave, and forgets a future that was left', async () => {
    await session.open(LESSON);
    await session.seek(4);
    const line = LESSON.split('\n').findIndex((text) => text.startsWith('struct page *one')) + 1;
    expect(session.trail.lastOn(line, 4)?.result).toContain('pfn 0x0');
    expect(session.trail.lastOn(line, 0)).toBeUndefined();
    await session.seek(2);
    await session.type('alloc_page(GFP_KERNEL);');
    expect(session.step).toBe(3);
    expect(session.trail.get(4)).toBeUndefined();
  });

  test('an edit keeps the place, a mistake keeps the picture', async () => {
    await session.open(LESSON);
    await session.seek(2);
    const good = picture();
    await session.edit(LESSON.replace('alloc_page(', 'alloc_pgae('));
    expect(session.runnable).toBe(false);
    expect(session.diagnostics[0]).toMatchObject({ severity: 'error', column: 20 });
    expect(picture()).toEqual(good);
    await session.edit(LESSON.replace('GFP_KERNEL, 2', 'GFP_KERNEL, 3'));
    expect(session.runnable).toBe(true);
    expect(session.step).toBe(2);
    expect(snapshot.frames.order[8]).toBe(3);
  });

  test('typed statements survive an edit and come back from a link', async () => {
    await session.open(LESSON);
    await session.seek(1);
    await session.type('struct page *extra = alloc_pages(GFP_KERNEL, 4);');
    const { hash } = session.position!;
    const choices = (await session.act((engine) => engine.request('log')))!.choices;
    expect(choices).toHaveLength(1);
    expect(session.choices).toEqual(choices);
    expect(await session.openAt(LESSON, '', choices, 2)).toBe(hash);
    await session.edit(`${LESSON}\nMore prose.\n`);
    expect(session.step).toBe(2);
    expect(session.position!.hash).toBe(hash);
  });

  test('reading /proc changes nothing but the console', async () => {
    await session.open(LESSON);
    await session.seek(2);
    const { hash } = session.position!;
    const reply = await session.type('cat /proc/buddyinfo');
    expect(reply?.output).toContain('zone');
    expect(session.step).toBe(2);
    expect(session.position!.hash).toBe(hash);
    expect(snapshot.console.some((line) => line.text.includes('Node 0'))).toBe(true);
  });

  test('a statement that does not compile is explained and changes nothing', async () => {
    await session.open(LESSON);
    await session.seek(1);
    const before = picture();
    const reply = await session.type('alloc_pgae(GFP_KERNEL);');
    const words = reply?.diagnostics[0]?.message ?? session.notice?.message;
    expect(words).toContain('alloc_pgae');
    expect(picture()).toEqual(before);
    await session.forward();
    expect(session.step).toBe(2);
  });

  test('a dead engine loses nothing', async () => {
    await session.open(LESSON);
    await session.seek(3);
    const good = picture();
    const { hash } = session.position!;
    engines[0]!.dead = true;
    await session.forward();
    expect(session.phase).toBe('dead');
    expect(session.failure?.hint).toContain('kept');
    expect(session.source).toBe(LESSON);
    expect(picture()).toEqual(good);
    expect(await session.openAt(session.source, '', session.choices, 3)).toBe(hash);
    expect(session.failure).toBeNull();
    expect(engines).toHaveLength(2);
  });
});
