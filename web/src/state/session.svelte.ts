/*
 * session.svelte.ts: one lesson on one engine: where it stands, and every way to move it.
 *
 *     open(source) ──> lesson, diagnostics ──> step / seek / type ──> position + delta ──> SnapshotStore
 *
 * How requests take turns and what becomes of an engine that dies is in requests.svelte.ts.
 */
import type { Engine } from '../engine/engine';
import type { Choice, Diagnostic, LaEvent, Lesson, Mark, Params, Position, Step } from '../protocol/types';
import type { Motion } from '../motion/motion.svelte';
import type { SnapshotStore } from './snapshot.svelte';
import type { Epoch } from './past';
import { Requests } from './requests.svelte';
import { Trail } from './trail';
import { NO_TURNS, type Turns } from './turns';

/** A gap this long is still run step by step when going forward, so that results appear beside the code. */
const TRAIL_GAP = 400;
/** So far the survey runs ahead. It goes in portions, and stops after a slow one: an endless loop may have heavy statements. */
const SURVEY_STEPS = [1_000, 5_000, 25_000, 100_000];
const SURVEY_SLOW_MS = 200;

export class Session extends Requests {
  source = $state('');
  lesson = $state.raw<Lesson | null>(null);
  diagnostics = $state.raw<Diagnostic[]>([]);
  runnable = $state(false);
  position = $state.raw<Position | null>(null);
  marks = $state.raw<Mark[]>([]);
  /** Who runs when, as far as it was looked ahead. */
  turns = $state.raw<Turns>(NO_TURNS);
  /** Last step of the program once the survey knows it, else -1. */
  end = $state(-1);
  /** Counts changes of `trail`, which is filled in place. */
  trailed = $state(0);
  trail = new Trail();
  /** Statements typed here, so that a new engine can be brought to the same place. */
  choices: Choice[] = [];

  readonly #snapshot: SnapshotStore;
  readonly #motion: Motion;
  #wanted: number | null = null;
  /** Hashes of places we have been to lately: news about them is our own. */
  #seen: string[] = [];

  constructor(snapshot: SnapshotStore, motion: Motion, start: () => Promise<Engine>) {
    super(start);
    this.#snapshot = snapshot;
    this.#motion = motion;
  }

  get step(): number {
    return this.position?.step ?? 0;
  }

  /** What decides which moment a step is. */
  get epoch(): Epoch {
    return { program: this.source, choices: this.choices };
  }

  /** Nothing more can run: the program ended or cannot go on. */
  get finished(): boolean {
    return this.position !== null && this.position.next === null;
  }

  /** Read @source and stand at its start. */
  open(source: string, name = ''): Promise<void | undefined> {
    this.phase = 'loading';
    return this.act(async (engine) => {
      await this.#open(engine, source, name);
    });
  }

  async #open(engine: Engine, source: string, name: string): Promise<void> {
    const opened = await engine.request('open', { name, source, since: {} });
    this.source = source;
    this.lesson = opened.lesson;
    this.diagnostics = opened.diagnostics;
    this.runnable = opened.runnable;
    this.notice = null;
    this.failure = null;
    // With a mistake in the text the last good picture stays on the stage, and nothing runs.
    if (opened.runnable || !this.position) {
      this.#snapshot.reset();
      this.#forget();
      this.#arrive(opened.position, []);
    }
    this.phase = 'ready';
    if (opened.runnable) await this.#survey(engine);
  }

  #forget(): void {
    this.trail = new Trail();
    this.choices = [];
    this.trailed++;
    this.marks = [];
    this.turns = NO_TURNS;
    this.end = -1;
  }

  /** The text was edited: read it, and go as far as before. Choices typed at the console are made again. */
  edit(source: string, name = ''): Promise<void | undefined> {
    return this.act(async (engine) => {
      const step = this.step;
      const { choices } = this.runnable ? await engine.request('log') : { choices: [] };
      await this.#open(engine, source, name);
      if (!this.runnable) return;
      if (choices.length > 0) await this.#replay(engine, choices);
      await this.#goTo(engine, step);
    });
  }

  /** Open a lesson with @choices made and stand at @step. Resolves with the hash there. */
  openAt(source: string, name: string, choices: Choice[], step: number): Promise<string | undefined> {
    this.phase = 'loading';
    return this.act(async (engine) => {
      await this.#open(engine, source, name);
      if (!this.runnable) return this.position?.hash ?? '';
      if (choices.length > 0) await this.#replay(engine, choices);
      await this.#goTo(engine, step);
      return this.position?.hash ?? '';
    });
  }

  async #replay(engine: Engine, choices: Choice[]): Promise<void> {
    const { position } = await engine.request('replay', { choices, since: this.#snapshot.since() });
    this.choices = choices;
    this.#arrive(position, []);
    await this.#survey(engine);
  }

  async #survey(engine: Engine): Promise<void> {
    for (const limit of SURVEY_STEPS) {
      const start = performance.now();
      const survey = await engine.request('survey', { limit });
      this.marks = survey.marks;
      this.turns = { list: survey.turns, known: survey.turned };
      this.end = survey.end;
      if (survey.end >= 0 || performance.now() - start > SURVEY_SLOW_MS) return;
    }
  }

  /** Run the next statement; @speed > 0 tells its events in motion. Resolves with the new position. */
  async forward(mode: NonNullable<Params<'step'>['mode']> = 'into', speed = 0): Promise<Position | undefined> {
    this.#wanted = null;
    this.#motion.skip();
    return this.act(async (engine) => {
      if (this.finished || !this.runnable) return this.position ?? undefined;
      const reply = await engine.request('step', { n: 1, mode, all: true, since: this.#snapshot.since() });
      this.#arrive(reply.position, reply.steps, speed);
      return reply.position;
    });
  }

  /** Go to @step, in either direction. When asked again before it got there, only the last wish counts. */
  async seek(step: number): Promise<void> {
    this.#wanted = step;
    this.#motion.skip();
    await this.act(async (engine) => {
      if (this.#wanted !== step || !this.runnable) return;
      this.#wanted = null;
      await this.#goTo(engine, step);
    });
  }

  async #goTo(engine: Engine, step: number): Promise<void> {
    // Running stops at questions and mistakes; it goes on from there until nothing moves any more.
    for (let from = -1; step > this.step && step - this.step <= TRAIL_GAP && this.step > from && !this.trail.has(step); ) {
      from = this.step;
      const reply = await engine.request('step', { n: step - from, all: true, since: this.#snapshot.since() });
      this.#arrive(reply.position, reply.steps);
    }
    if (step === this.step || (this.finished && step > this.step)) return;
    const { position } = await engine.request('seek', { step, since: this.#snapshot.since() });
    this.#arrive(position, []);
  }

  /** Run a statement typed at the console, here and now. */
  type(text: string, speed = 0): Promise<{ output: string; diagnostics: Diagnostic[] } | undefined> {
    this.#motion.skip();
    return this.act(async (engine) => {
      const before = this.step;
      const reply = await engine.request('eval', { text, since: this.#snapshot.since() });
      if (reply.position.step !== before) {
        this.trail.cut(before);
        this.choices = [...this.choices.filter((choice) => choice.step <= before), { step: before, text }];
        this.#arrive(reply.position, reply.position.last ? [reply.position.last] : [], speed);
        await this.#survey(engine);
      } else {
        this.#arrive(reply.position, []);
      }
      return { output: reply.output, diagnostics: reply.diagnostics };
    });
  }

  /** Decide who runs: what came after this step is forgotten, as with a typed statement. */
  choose(choice: Choose, speed = 0): Promise<void | undefined> {
    this.#wanted = null;
    this.#motion.skip();
    return this.act(async (engine) => {
      const before = this.step;
      const reply = await engine.request('choose', { ...choice, since: this.#snapshot.since() });
      this.trail.cut(before);
      this.choices = [...this.choices.filter((each) => each.step < before), { step: before, text: choiceText(choice) }];
      this.#arrive(reply.position, reply.steps, speed);
      await this.#survey(engine);
    });
  }

  #arrive(position: Position, steps: Step[], speed = 0): void {
    if (position.delta) this.#snapshot.apply(position.delta);
    this.#snapshot.stands(this.epoch, position.step);
    for (const step of steps) this.trail.add(step);
    if (position.last) this.trail.add(position.last);
    if (position.end >= 0) this.end = position.end;
    this.position = position;
    this.#seen = [...this.#seen.slice(-63), position.hash];
    this.trailed++;
    const events = toldEvents(position, steps, speed);
    if (speed > 0) void this.#motion.tell(events, speed);
    else this.#motion.rest(events);
  }

  /** Another tab moved this machine; ours is out of date unless we were the one. */
  protected override moved(position: Position): void {
    if (this.busy || this.#seen.includes(position.hash)) return;
    void this.act(async (engine) => {
      if (position.hash === this.position?.hash) return;
      const { step, hash, snapshot } = await engine.request('snapshot', { since: this.#snapshot.since() });
      if (hash === this.position?.hash) return;
      this.#snapshot.apply(snapshot);
      this.#arrive({ ...position, step, hash, delta: undefined }, []);
    });
  }
}

export type Choose = { do: 'run' | 'preempt'; cpu: number } | { do: 'migrate'; thread: number; cpu: number } | { do: 'interrupt'; cpu: number; irq: number };

/** A choice as the log has it. */
export function choiceText(choice: Choose): string {
  if (choice.do === 'migrate') return `@migrate ${choice.thread} ${choice.cpu}`;
  return choice.do === 'interrupt' ? `@interrupt ${choice.cpu} ${choice.irq}` : `@${choice.do} ${choice.cpu}`;
}

/** Running over a call tells everything that happened inside; otherwise the last statement's events. */
function toldEvents(position: Position, steps: Step[], speed: number): LaEvent[] {
  if (speed > 0 && steps.length > 1) return steps.flatMap((step) => step.events);
  return position.last?.events ?? [];
}
