/*
 * requests.svelte.ts: the way to the engine: started when first needed, one request after the other.
 *
 *     act(work) ──> [work][work][work] ──> engine     two fast key presses give two steps
 *                          │ refuses ──> notice       the engine is fine; said once, above the page
 *                          │ dies ─────> failure      a new engine is needed; what was written stays
 */
import { EngineDied, EngineError, type Engine } from '../engine/engine';
import type { LaError, Position } from '../protocol/types';

export interface Failure {
  message: string;
  hint: string;
}

export class Requests {
  phase = $state<'empty' | 'loading' | 'ready' | 'dead'>('empty');
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  notice = $state.raw<LaError | null>(null);
  engine = $state.raw<Engine | null>(null);

  readonly #start: () => Promise<Engine>;
  #line: Promise<unknown> = Promise.resolve();
  #stopListening: () => void = () => {};

  constructor(start: () => Promise<Engine>) {
    this.#start = start;
  }

  /** Queue @work after everything asked for before. Resolves undefined when it was refused or the engine died. */
  act<T>(work: (engine: Engine) => Promise<T>): Promise<T | undefined> {
    const turn = this.#line.then(() => this.#run(work));
    this.#line = turn;
    return turn;
  }

  async #run<T>(work: (engine: Engine) => Promise<T>): Promise<T | undefined> {
    this.busy = true;
    try {
      this.engine ??= await this.#connect();
      return await work(this.engine);
    } catch (error) {
      if (error instanceof EngineError) this.notice = error.detail;
      else this.#fail(error);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  async #connect(): Promise<Engine> {
    const engine = await this.#start();
    this.#stopListening = engine.onMoved((position) => this.moved(position));
    return engine;
  }

  #fail(error: unknown): void {
    const died = error instanceof EngineDied;
    this.failure = {
      message: error instanceof Error ? error.message : String(error),
      hint: died ? error.hint : 'This is a mistake of the page. Restart; your text is kept.',
    };
    this.phase = 'dead';
    this.disconnect();
  }

  /** Give the engine back. The next request starts another, which knows nothing of the lesson. */
  disconnect(): void {
    this.#stopListening();
    this.#stopListening = () => {};
    this.engine?.close();
    this.engine = null;
  }

  /** Somebody else moved the machine to @position. */
  protected moved(_position: Position): void {}
}
